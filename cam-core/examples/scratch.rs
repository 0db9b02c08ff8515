//! scratch
use cam_core::clv::*;
use cam_core::summary::*;
use cam_core::*;
use std::time::Instant;
fn main() -> Result<()> {
    let text = std::fs::read_to_string("cam-core/testdata/CDNOW_sample.txt").unwrap();
    let mut ids = vec![];
    let mut days = vec![];
    let mut amounts: Vec<f64> = vec![];
    for line in text.lines() {
        let f: Vec<&str> = line.split_whitespace().collect();
        if f.len() < 5 {
            continue;
        }
        ids.push(f[1].parse::<i64>().unwrap());
        days.push(parse_date(f[2])?);
        amounts.push(f[4].parse().unwrap());
    }
    let log = Log::new(&ids[..], Times::Days(&days)).amounts(&amounts[..]);
    let split = split(
        &log,
        Moment::Day(parse_date("1997-09-30")?),
        &SummaryOptions::new().unit(Unit::WEEK),
        &Control::new(),
    )?;
    let s = &split.calibration;
    for _ in 0..2 {
        let t = Instant::now();
        let f = BgNbd::fit(s)?;
        println!("{:?} {:?}", t.elapsed(), f.to_json()?);
        println!("{:?}", f.report()?.standard_errors()?);
        let t = Instant::now();
        let f = ParetoNbd::fit(s)?;
        println!("{:?} {:?}", t.elapsed(), f.to_json()?);
        println!("{:?}", f.report()?.standard_errors());
        let t = Instant::now();
        let f = GammaGamma::fit(s)?;
        println!("{:?} {:?}", t.elapsed(), f.to_json()?);
        println!("{:?}", f.report()?.standard_errors());
    }
    Ok(())
}
