//! Inference: priors, profiles, likelihood ratios, the bootstrap, posteriors and predictions.

mod covariates;
mod guides;
mod intervals;
mod posterior;
mod predictions;
mod priors;
mod runaway;

use cam_core::{Control, FitOptions, Fitted, Model, Table, model};

/// Columns of simulated customers, all of this age.
pub(crate) struct Simulated {
    names: Vec<&'static str>,
    columns: Vec<Vec<f64>>,
}

impl Simulated {
    pub(crate) fn new(id: &str, theta: &[f64], customers: usize, age: f64, seed: u64) -> Simulated {
        let drawn = model(id).unwrap().with_parameters(theta, None).unwrap();
        let ages = vec![age; customers];
        let spec = drawn.model.spec();
        let design = Table::new().with(spec.design[0].name, &ages[..]).unwrap();
        let columns = drawn.model.simulate(&design, seed, &Control::new()).unwrap();
        Simulated { names: spec.columns.iter().map(|c| c.name).collect(), columns }
    }

    pub(crate) fn table(&self) -> Table<'_> {
        let each = self.names.iter().zip(&self.columns);
        each.fold(Table::new(), |table, (name, values)| table.with(name, &values[..]).unwrap())
    }
}

pub(crate) fn fit(id: &str, table: &Table<'_>, options: &FitOptions) -> Fitted<Box<dyn Model>> {
    model(id).unwrap().fit(table, options, &Control::new()).unwrap()
}

/// The log-likelihood of all rows at these parameters, row by row: nothing of what a fit uses.
pub(crate) fn log_likelihood(id: &str, table: &Table<'_>, theta: &[f64]) -> f64 {
    let model = model(id).unwrap().with_parameters(theta, None).unwrap().model;
    let each = model.score(&cam_core::Quantity::LogLikelihood {}, table, &Control::new()).unwrap();
    each.iter().sum()
}

/// The smallest value of a function with one minimum, and where it is.
pub(crate) fn smallest(f: impl Fn(f64) -> f64, mut a: f64, mut b: f64) -> (f64, f64) {
    let golden = 0.5 * (5f64.sqrt() - 1.0);
    for _ in 0..100 {
        let (c, d) = (b - golden * (b - a), a + golden * (b - a));
        if f(c) < f(d) { b = d } else { a = c }
    }
    let x = 0.5 * (a + b);
    (x, f(x))
}
