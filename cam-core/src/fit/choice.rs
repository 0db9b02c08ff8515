//! Whole-number parameters: chosen by trying, where others are found by derivatives.

use super::document::Fitted;
use super::mle::FitOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Family, Model, Spec, logs};
use crate::rows::Purpose;
use crate::summary::ExactSum;
use crate::table::{MOST_WHOLE, Table};

/// What is to be tried for the whole-number parameter: nothing in particular, where there is none.
pub(super) fn choices(spec: &'static Spec, options: &FitOptions) -> Result<Vec<Option<f64>>> {
    let whole = &spec.parameters[spec.free_parameters().len()..];
    if let Some(name) = options.fixed.keys().find(|name| whole.iter().all(|p| p.name != name.as_str())) {
        let what = format!("parameter of {} that can be fixed", spec.id);
        return Err(Error::unknown(&what, name, whole.iter().map(|p| p.name)));
    }
    let Some(parameter) = whole.first() else { return Ok(vec![None]) };
    match options.fixed.get(parameter.name) {
        Some(&value) if parameter.domain.contains(value) => Ok(vec![Some(value)]),
        Some(&value) => Err(Error::parameter(parameter.name, parameter.domain.rule(), value)),
        None => Ok((1..=MOST_WHOLE as u32).map(|value| Some(f64::from(value))).collect()),
    }
}

/// The best of the choices by its likelihood, which is tried until it has fallen twice in a row. `fit` is given all parameters where its search starts, and
/// from where in it; it gives the fit, and the point of the search.
pub(super) fn choose<M: Model>(
    spec: &'static Spec,
    mut start: Vec<f64>,
    choices: &[Option<f64>],
    fit: impl Fn(&[f64], Vec<f64>) -> Result<(Fitted<M>, Vec<f64>)>,
) -> Result<Fitted<M>> {
    let free = spec.free_parameters().len();
    let mut from = vec![0.0; free];
    let mut best: Option<Fitted<M>> = None;
    let mut falls = 0;
    for choice in choices {
        if let (Some(whole), Some(place)) = (choice, start.get_mut(free)) {
            *place = *whole;
        }
        let (fitted, at) = fit(&start, from)?;
        let report = fitted.report()?;
        // The next whole number is not far from this one.
        from = if report.converged() { at } else { vec![0.0; free] };
        match &best {
            Some(best) if !(report.log_posterior() > best.report()?.log_posterior()) => falls += 1,
            _ => (best, falls) = (Some(fitted), 0),
        }
        if falls == 2 {
            break;
        }
    }
    best.ok_or_else(|| Error::new(ErrorKind::Internal, "there is nothing to choose from"))
}

/// What a column of logarithms adds to the log-likelihood, whatever the order of the customers.
pub(super) fn sum_of_logs<F: Family>(theta: &[f64], table: &Table<'_>) -> Result<f64> {
    let Some(logs) = logs::<F>(theta, table, Purpose::Fit)? else { return Ok(0.0) };
    let weight = table.get("weight");
    let mut sum = ExactSum::default();
    let mut rest = 0.0;
    for (row, log) in logs.column.iter().enumerate() {
        rest += sum.add(weight.map_or(1.0, |w| w[row]) * log);
    }
    Ok(logs.count * (sum.round() + rest))
}
