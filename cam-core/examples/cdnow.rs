//! The program of the README; from the clone: `cargo run --release -p cam-core --example cdnow`.

use cam_core::clv::{BgNbd, GammaGamma, ValueOptions, customer_lifetime_value};
use cam_core::summary::{Log, Moment, SummaryOptions, Times, parse_date, split};
use cam_core::{Control, Fit, Model, Quantity, Unit};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut ids, mut days, mut amounts) = (Vec::new(), Vec::new(), Vec::new());
    // As seen from the clone, as everything on this page.
    for line in std::fs::read_to_string("cam-core/testdata/CDNOW_sample.txt")?.lines() {
        let field: Vec<&str> = line.split_whitespace().collect();
        let [_, id, date, _, amount] = field[..] else { continue };
        ids.push(id.parse::<i64>()?);
        days.push(parse_date(date)?);
        amounts.push(amount.parse::<f64>()?);
    }
    let log = Log::new(&ids[..], Times::Days(&days)).amounts(&amounts[..]);
    let options = SummaryOptions::new().unit(Unit::WEEK);
    let control = Control::new();
    let split = split(&log, "1997-09-30".parse::<Moment>()?, &options, &control)?;
    let customers = split.calibration.table();

    let purchases = BgNbd::fit(&split.calibration)?;
    let spend = GammaGamma::fit(&split.calibration)?;
    println!("{:?}\n{:?}", purchases.model, purchases.report()?.standard_errors()?);

    let ahead = Quantity::ExpectedPurchases { horizon: split.duration_holdout };
    let expected: f64 = purchases.model.score(&ahead, &customers, &control)?.iter().sum();
    println!("expected {expected:.0}, there were {}", split.frequency_holdout.iter().sum::<f64>());

    let year = ValueOptions::new(52.0, 1.15_f64.powf(1.0 / 52.0) - 1.0);
    let value = customer_lifetime_value(&purchases.model, &spend.model, &customers, &year, &control)?;
    println!("value of the base: {:.0}", value.iter().sum::<f64>());
    Ok(())
}
