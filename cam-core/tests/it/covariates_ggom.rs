//! Covariates of GGom/NBD: log-likelihood, gradient and Hessian against rigorous quadrature.

use crate::covariates::on_all;
use cam_core::clv::GgomNbd;
use cam_core::fit::{Likelihood, Scale, covariate_likelihood};
use cam_core::model::{Family, WithCovariates};
use cam_core::{Control, Table};

#[test]
fn derivatives_agree_with_rigorous_quadrature() {
    let cases: [(&[f64], [f64; 4]); 2] = [
        (&[0.55, 10.6, 0.05, 0.61, 0.9], [0.4, -0.3, -0.25, 0.5]),
        (&[1.8, 4.0, 0.002, 2.4, 0.1], [-0.7, 0.2, 0.9, -0.35]),
    ];
    let columns: [(&str, [f64; 7]); 5] = [
        ("frequency", [0.0, 2.0, 1.0, 7.0, 26.0, 0.0, 3.0]),
        ("recency", [0.0, 30.43, 1.71, 29.43, 30.86, 0.0, 12.0]),
        ("T", [38.86, 38.86, 38.86, 38.86, 31.0, 3.5, 52.0]),
        ("web", [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0]),
        ("age", [0.0, 0.25, -1.5, 2.0, 0.75, -0.5, 1.25]),
    ];
    let table = columns.iter().fold(Table::new(), |table, (name, column)| table.with(name, column).unwrap());
    let mut seen = 0;
    for line in crate::testdata("covariates_ggom.csv").lines().skip(2) {
        let fields: Vec<&str> = line.split(',').collect();
        let [case, i, j] = [0, 2, 3].map(|k| fields[k].parse::<usize>().unwrap());
        let want: f64 = fields[4].parse().unwrap();
        let (theta, gamma) = &cases[case];
        let base = GgomNbd::from_parameters(theta).unwrap();
        let model = WithCovariates::new(base, &on_all::<GgomNbd>(), gamma).unwrap();
        let likelihood = covariate_likelihood(&table, &model, &Control::new()).unwrap();
        let point = likelihood.evaluate(&[0.0; 9], &Control::new()).unwrap();
        // A step of a coordinate is one of ln θ, or so much of γ.
        let step = |i: usize| match likelihood.coordinates()[i].scale {
            Scale::Line(step) => step,
            _ => 1.0,
        };
        let got = -7.0
            * match fields[1] {
                "value" => point.value,
                "gradient" => point.gradient[i] / step(i),
                _ => point.hessian[[i, j]] / (step(i) * step(j)),
            };
        // Sums cancel: relative to what they are sums of, which is no smaller than 1.
        assert!((got - want).abs() <= 1e-10 * want.abs().max(0.1), "{line}: {got}");
        seen += 1;
    }
    assert_eq!(seen, 110);
}
