//! A posterior without an end is called so where covariates change over time, too, and soon.

use cam_core::clv::time_varying::{Walks, fit_time_varying};
use cam_core::fit::Sampling;
use cam_core::math::random::Stream;
use cam_core::model::Covariates;
use cam_core::{Control, ErrorKind, FitOptions, Table};

/// Nobody leaves: then s/β falls to 0 and beyond, and with flat priors there is no end to that.
#[test]
fn flat_priors_where_nobody_leaves_are_refused_for_covariates_that_change() {
    let (customers, weeks) = (150, 30);
    let names = ["customer", "start", "T", "season", "purchases", "recency"];
    let mut columns = vec![Vec::new(); names.len()];
    for i in 0..customers {
        let mut stream = Stream::new(5, i as u64);
        let rate = stream.gamma(0.9) / 6.0;
        let bought: Vec<f64> = (0..weeks).map(|_| f64::from(u8::from(stream.poisson(rate) > 0.0))).collect();
        let last = bought.iter().rposition(|n| *n > 0.0).map_or(0.0, |week| week as f64 + 0.5);
        for (week, bought) in bought.iter().enumerate() {
            let season = (std::f64::consts::TAU * (week + i % 9) as f64 / 52.0).sin();
            let row = [i as f64, week as f64, weeks as f64, season, *bought, last];
            columns.iter_mut().zip(row).for_each(|(column, v)| column.push(v));
        }
    }
    let table = names
        .iter()
        .zip(&columns)
        .fold(Table::new(), |table, (name, column)| table.with(name, column).unwrap());
    let walks = Walks::new(&table, &Covariates::new().on("purchase", ["season"])).unwrap();
    let options = FitOptions::new().sampling(Sampling::default());
    let error = fit_time_varying(&walks, &options, &Control::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Numerical);
    let said = error.to_string();
    assert!(said.contains("improper") && said.contains("beta"), "{said}");
}
