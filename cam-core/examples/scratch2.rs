//! scratch
use cam_core::clv::*;
use cam_core::*;
struct Instant(f64);
impl Instant {
    fn now() -> Self {
        let s = std::fs::read_to_string("/proc/self/schedstat").unwrap();
        Instant(s.split(' ').next().unwrap().parse::<f64>().unwrap())
    }
    fn ms(&self) -> f64 {
        (Instant::now().0 - self.0) / 1e6
    }
}
fn main() -> Result<()> {
    let n = 1_000_000;
    let ages: Vec<f64> = (0..n).map(|i| (27.0 * 7.0 + (i % 85) as f64) / 7.0).collect();
    let sim = |m: &dyn Model| -> Result<Vec<Vec<f64>>> {
        let mut c = m.simulate(&Table::new().with("T", &ages)?, 1, &Control::new())?;
        for i in 0..n {
            c[1][i] = (c[1][i] * 7.0).ceil() / 7.0;
        }
        Ok(c)
    };
    let threads: usize = std::env::args().nth(1).map_or(1, |s| s.parse().unwrap());
    let control = Control::new().threads(threads);
    let show = |name: &str, t: Instant| println!("{name:30} {:8.1} ms", t.ms());
    for (id, theta) in
        [("bg_nbd", [0.243, 4.414, 0.793, 2.426]), ("pareto_nbd", [0.553, 10.58, 0.606, 11.67])]
    {
        let e = model(id)?;
        let m = e.with_parameters(&theta, None)?;
        let c = sim(&m.model)?;
        let table = Table::new().with("frequency", &c[0])?.with("recency", &c[1])?.with("T", &c[2])?;
        for _ in 0..2 {
            let t = Instant::now();
            let rows = rows::Rows::new(&table, e.spec().columns, rows::OnNan::Reject, |_| Ok(()), &control)?;
            show("rows", t);
            println!("{}", rows.len());
            let t = Instant::now();
            let f = e.fit(&table, &FitOptions::new(), &control)?;
            show(&format!("fit {id}"), t);
            println!("{:?} {:?}", f.model, f.report()?.evaluations);
            for q in [
                Quantity::ProbabilityAlive { after: 0.0 },
                Quantity::ExpectedPurchases { horizon: 52.0 },
                Quantity::discounted(Discount::PerPeriod(0.002), 52.0),
                Quantity::discounted(Discount::Continuous(0.0027), None),
            ] {
                let t = Instant::now();
                let s = m.model.score(&q, &table, &control)?;
                show(q.name(), t);
                if let Some(i) = s.iter().position(|v| !v.is_finite()) {
                    println!("NaN {} {i} {} {} {}", s[i], c[0][i], c[1][i], c[2][i]);
                }
            }
        }
        if id == "bg_nbd" {
            let g = GammaGamma::new(6.25, 3.74, 15.44)?;
            let d = g.simulate_table(&c[0])?;
            let table = Table::new().with("frequency", &d[0])?.with("monetary_value", &d[1])?;
            let t = Instant::now();
            let f = GammaGamma::fit_with(table, &FitOptions::new(), &control)?;
            show("fit gg", t);
            println!("{:?} {:?}", f.model, f.report()?);
        }
    }
    Ok(())
}
trait S {
    fn simulate_table(&self, x: &[f64]) -> Result<Vec<Vec<f64>>>;
}
impl S for GammaGamma {
    fn simulate_table(&self, x: &[f64]) -> Result<Vec<Vec<f64>>> {
        Model::simulate(self, &Table::new().with("frequency", x)?, 2, &Control::new())
    }
}
