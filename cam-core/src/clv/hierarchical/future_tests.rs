//! The future of one customer with known parameters: Pareto/GGG with k = 1 is Pareto/NBD, and any other is what a simulation that knows no formula finds.

use super::asked::{Asked, Sums};
use super::ggg_customer::Timed;
use crate::clv::hierarchical::lognormal_customer::History;
use crate::math::random::Stream;
use crate::model::{Discount, Quantity};

fn quantities() -> Vec<Quantity> {
    let (weekly, monthly) = (Discount::Continuous(0.02), Discount::PerPeriod(0.05));
    vec![
        Quantity::ProbabilityAlive { after: 0.0 },
        Quantity::ProbabilityAlive { after: 5.0 },
        Quantity::PurchaseProbability { n: 0, horizon: 8.0 },
        Quantity::PurchaseProbability { n: 1, horizon: 8.0 },
        Quantity::PurchaseProbability { n: 4, horizon: 8.0 },
        Quantity::ExpectedPurchases { horizon: 8.0 },
        Quantity::discounted(weekly, 8.0),
        Quantity::discounted(weekly, None),
        Quantity::VarianceOfPurchases { horizon: 8.0 },
        Quantity::discounted_variance(weekly, None),
        // From here on something is drawn.
        Quantity::LaterPurchaseProbability { n: 0, after: 4.0, horizon: 8.0 },
        Quantity::LaterPurchaseProbability { n: 2, after: 4.0, horizon: 8.0 },
        Quantity::discounted(monthly, 8.5),
        Quantity::discounted(monthly, None),
        Quantity::discounted_variance(weekly, 8.0),
        Quantity::discounted_variance(monthly, 8.5),
        Quantity::discounted_variance(monthly, None),
    ]
}

const EXACT: usize = 10;

fn customers() -> [Timed; 3] {
    // Just bought, a while ago, and never.
    [(3.0, 10.0, 10.0), (3.0, 8.7, 10.0), (0.0, 0.0, 6.0)].map(|(x, recency, age)| Timed {
        x,
        recency,
        age,
        logs: 0.0,
    })
}

fn answer(quantity: &Quantity, customer: &Timed, at: [f64; 3], draws: usize) -> f64 {
    let asked = Asked::of(quantity).unwrap();
    let mut stream = Stream::new(5, 5);
    let mut sums = Sums::default();
    (0..draws).for_each(|_| sums.add(asked.renewal(customer, &at, &mut stream)));
    sums.answer(&asked)
}

#[test]
fn a_customer_with_k_of_one_is_one_of_pareto_nbd() {
    for customer in customers() {
        for (rate, leaving) in [(0.6_f64, 0.1_f64), (0.05, 0.4), (2.0, 1e-3)] {
            let at = [rate.ln(), leaving.ln()];
            let alive = History::new(&[customer.x, customer.recency, customer.age]).probability_alive(&at);
            for (i, quantity) in quantities().iter().enumerate() {
                let asked = Asked::of(quantity).unwrap();
                let mut sums = Sums::default();
                sums.add(asked.poisson(&at, alive));
                let want = sums.answer(&asked);
                let draws = if i < EXACT { 1 } else { 4_000 };
                let got = answer(quantity, &customer, [0.0, at[0], at[1]], draws);
                let tolerance = if i < EXACT { 1e-7 } else { 0.025 };
                assert!(
                    (got - want).abs() <= tolerance * want.abs() + 1e-9 + 0.2 * tolerance * want.min(1.0),
                    "{quantity:?} {customer:?} {rate}: {got} for {want}"
                );
            }
        }
    }
}

/// What comes after the silence of a customer, from the last purchase on; as often as there is such a silence.
fn futures(customer: &Timed, [k, rate, leaving]: [f64; 3], n: u64) -> Vec<(f64, Vec<f64>)> {
    let w = customer.age - customer.recency;
    let mut all = Vec::new();
    for i in 0..n {
        let mut stream = Stream::new(77, i);
        let lifetime = stream.exponential() / leaving;
        let mut time = stream.gamma(k) / (k * rate);
        if time <= w && time <= lifetime {
            continue;
        }
        let mut times = Vec::new();
        while time <= lifetime && time - w <= 400.0 {
            times.push(time - w);
            time += stream.gamma(k) / (k * rate);
        }
        all.push((lifetime - w, times));
    }
    all
}

fn worth(continuous: Option<f64>, per_period: Option<f64>, horizon: Option<f64>, t: f64) -> f64 {
    match (continuous, per_period) {
        _ if t > horizon.unwrap_or(f64::INFINITY) => 0.0,
        (Some(rate), _) => (-rate * t).exp(),
        (None, rate) => (1.0 + rate.unwrap_or(0.0)).powf(-t.ceil()),
    }
}

/// What happened, of which the quantity is the mean or the variance.
fn happened(quantity: &Quantity, (leaves, times): &(f64, Vec<f64>)) -> f64 {
    let within = |from: f64, to: f64| times.iter().filter(|t| **t > from && **t <= to).count() as f64;
    match *quantity {
        Quantity::ProbabilityAlive { after } => f64::from(u8::from(*leaves > after)),
        Quantity::PurchaseProbability { n, horizon } => {
            f64::from(u8::from(within(0.0, horizon) == f64::from(n)))
        }
        Quantity::LaterPurchaseProbability { n, after, horizon } => {
            f64::from(u8::from(within(after, after + horizon) == f64::from(n)))
        }
        Quantity::ExpectedPurchases { horizon } | Quantity::VarianceOfPurchases { horizon } => {
            within(0.0, horizon)
        }
        Quantity::DiscountedExpectedPurchases { continuous_discount_rate, discount_rate, horizon }
        | Quantity::VarianceOfDiscountedPurchases { continuous_discount_rate, discount_rate, horizon } => {
            times.iter().map(|&t| worth(continuous_discount_rate, discount_rate, horizon, t)).sum()
        }
        _ => unreachable!(),
    }
}

#[test]
fn regular_and_irregular_customers_do_what_a_simulation_finds() {
    for customer in customers() {
        for own in [[0.35_f64, 0.4_f64, 0.08_f64], [3.0, 0.5, 0.05], [20.0, 0.45, 0.1]] {
            let all = futures(&customer, own, 50_000);
            let n = all.len() as f64;
            for quantity in &quantities() {
                let values: Vec<f64> = all.iter().map(|one| happened(quantity, one)).collect();
                let mean = values.iter().sum::<f64>() / n;
                let moment = |p: i32| values.iter().map(|v| (v - mean).powi(p)).sum::<f64>() / n;
                let variance = moment(2);
                let (want, error) = match quantity.name().starts_with("variance") {
                    true => (variance, ((moment(4) - variance * variance) / n).sqrt()),
                    false => (mean, (variance / n).sqrt()),
                };
                let got = answer(quantity, &customer, own.map(f64::ln), 1_000);
                assert!(
                    (got - want).abs() < 5.0 * error + 0.012 * want + 1e-5,
                    "{quantity:?} {customer:?} {own:?}: {got} for {want} ± {error}"
                );
            }
        }
    }
}
