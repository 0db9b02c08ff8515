//! scratch
use cam_core::clv::*;
use cam_core::*;
fn main() -> Result<()> {
    let m = ParetoNbd::new(0.553, 10.58, 0.606, 11.67)?;
    for (x, t, a) in
        [(11.0, 28.857142857142858, 28.857142857142858), (11.0, 20.0, 28.857142857142858), (0.0, 0.0, 28.0)]
    {
        let c = [[x], [t], [a]];
        let table = Table::new().with("frequency", &c[0])?.with("recency", &c[1])?.with("T", &c[2])?;
        for q in [
            Quantity::ProbabilityAlive { after: 0.0 },
            Quantity::ExpectedPurchases { horizon: 52.0 },
            Quantity::discounted(Discount::PerPeriod(0.002), 52.0),
            Quantity::discounted(Discount::Continuous(0.0027), None),
        ] {
            println!("{x} {t} {} {:?}", q.name(), m.score(&q, &table, &Control::new())?);
        }
    }
    Ok(())
}
