//! Every task by name. To add one: implement [`Task`](crate::task::Task) beside the work, and add its line here.

use crate::error::{Error, Result};
use crate::task::TaskEntry;

static TASKS: &[TaskEntry] = &[
    TaskEntry::of::<crate::clv::SpendIndependence>(),
    TaskEntry::of::<crate::inference::ConfidenceIntervals>(),
    TaskEntry::of::<crate::inference::LikelihoodRatioTest>(),
    TaskEntry::of::<crate::inference::PredictionIntervals>(),
    TaskEntry::of::<crate::clv::LifetimeValueVariance>(),
    TaskEntry::of::<crate::clv::NewCustomerValue>(),
    TaskEntry::of::<crate::inference::SimulateLifetimeValue>(),
    TaskEntry::of::<crate::validate::Compare>(),
    TaskEntry::of::<crate::clv::CohortTableOfLog>(),
    TaskEntry::of::<crate::validate::Track>(),
    TaskEntry::of::<crate::clv::hierarchical::ParetoNbdHb>(),
    TaskEntry::of::<crate::clv::hierarchical::ParetoGgg>(),
    TaskEntry::of::<crate::clv::hierarchical::PosteriorPredict>(),
    TaskEntry::of::<crate::clv::hierarchical::PosteriorSummary>(),
    TaskEntry::of::<crate::clv::hierarchical::PosteriorScore>(),
    TaskEntry::of::<crate::clv::hierarchical::PosteriorNewCustomer>(),
    TaskEntry::of::<crate::clv::hierarchical::PosteriorCustomerDraws>(),
    TaskEntry::of::<crate::clv::hierarchical::PosteriorSimulate>(),
    TaskEntry::of::<crate::clv::time_varying::FitTimeVarying>(),
    TaskEntry::of::<crate::clv::time_varying::ScoreTimeVarying>(),
    TaskEntry::of::<crate::clv::time_varying::SimulateTimeVarying>(),
];

/// All tasks.
pub fn tasks() -> &'static [TaskEntry] {
    TASKS
}

/// The task of that name.
///
/// ```
/// use cam_core::{Control, Table, task::Models};
/// let (x, z) = ([1.0, 2.0, 3.0, 4.0, 0.0], [9.0, 11.0, 12.0, 16.0, 0.0]);
/// let table = Table::new().with("frequency", &x)?.with("monetary_value", &z)?;
/// let found = cam_core::task("spend_independence")?.run(&table, Models::NONE, "{}", &Control::new())?;
/// assert!(found.output.starts_with(r#"{"customers":4.0,"pearson":0.9"#));
/// # Ok::<(), cam_core::Error>(())
/// ```
///
/// # Errors
/// [`UnknownName`](crate::ErrorKind::UnknownName), with the names that there are.
pub fn task(id: &str) -> Result<&'static TaskEntry> {
    TASKS
        .iter()
        .find(|entry| entry.spec().id == id)
        .ok_or_else(|| Error::unknown("task", id, TASKS.iter().map(|entry| entry.spec().id)))
}
