//! Purchases of the whole base over time, against those that were expected: a model with rates that do not change knows no seasons.

use super::points::check;
use crate::control::Control;
use crate::error::Result;
use crate::math::incomplete_gamma::gamma_q;
use crate::table::{Dimension, Domain, Table, Variable};
use crate::task::{Answer, Models, NoOptions, Task, TaskSpec};
use serde::Serialize;

/// How purchases in steps of time differ from what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TrackFit {
    /// Mean of |expected − actual| over the mean of what happened in a step.
    pub relative_error: f64,
    /// Mean of (actual − expected)²/expected over the steps: about 1, if purchases were Poisson about what is expected.
    pub dispersion: f64,
    /// Correlation of a step's deviation (in Poisson's standard deviations) with the next one's.
    pub autocorrelation: f64,
    /// Whether deviations are too large for chance (p < 0.001, a dispersion of twice the steps or more) and hang together (autocorrelation above 0.3): seasons,
    /// campaigns, a trend. A wrong level counts as well as a wrong course.
    pub contradicted: bool,
}

/// Compare purchases in each step with those expected, such as repeat purchases of a cohort week by week.
///
/// # Errors
/// Lengths that differ, or a number that is not finite.
pub fn track(expected: &[f64], actual: &[f64]) -> Result<TrackFit> {
    check(expected, actual)?;
    let steps = actual.len() as f64;
    let off: f64 = expected.iter().zip(actual).map(|(e, a)| (e - a).abs()).sum();
    let deviations: Vec<f64> =
        expected.iter().zip(actual).filter(|(e, _)| **e > 0.0).map(|(e, a)| (a - e) / e.sqrt()).collect();
    let dispersion: f64 = deviations.iter().map(|d| d * d).sum();
    let mean = deviations.iter().sum::<f64>() / deviations.len().max(1) as f64;
    let centred: Vec<f64> = deviations.iter().map(|d| d - mean).collect();
    let squares: f64 = centred.iter().map(|d| d * d).sum();
    let autocorrelation = centred.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / squares;
    let chance = gamma_q(0.5 * deviations.len().max(1) as f64, 0.5 * dispersion);
    Ok(TrackFit {
        relative_error: off / actual.iter().sum::<f64>(),
        dispersion: dispersion / steps,
        autocorrelation,
        contradicted: chance < 1e-3 && dispersion > 2.0 * steps && autocorrelation > 0.3,
    })
}

/// The task `track`.
pub enum Track {}

impl Task for Track {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "track",
        title: "Purchases over time, actual and expected",
        source: "elementary: Pearson's chi-square against Poisson's variance, and the first autocorrelation",
        columns: &[
            Variable::new(
                "expected",
                Domain::NonNegative,
                Dimension::None,
                "purchases expected in each step of time",
            ),
            Variable::new("actual", Domain::NonNegative, Dimension::None, "purchases in each step of time"),
        ],
        models: "none",
        options: &[],
        answers: &[],
    };
    type Options = NoOptions;
    type Output = TrackFit;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        _: &NoOptions,
        _: &Control<'_>,
    ) -> Result<Answer<TrackFit>> {
        models.exactly::<0>()?;
        let (expected, actual) = (table.column("expected")?.to_vec(), table.column("actual")?.to_vec());
        track(&expected, &actual).map(Answer::new)
    }
}
