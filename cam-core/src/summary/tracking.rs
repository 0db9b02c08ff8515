//! Repeat purchases of the whole base over time: what tracking plots show.

use super::builder::SummaryBuilder;
use super::log::Log;
use super::options::SummaryOptions;
use crate::control::{CHUNK, Control};
use crate::error::{Error, Result};
use crate::unit::Unit;

/// Repeat purchases of all customers in steps of equal length since the first purchase of anyone.
///
/// Step j ends `ends[j]` time units after the start of the first period of the log, and takes in the periods that begin before that end.
/// A purchase here is a distinct period with a purchase; each customer's first is no repeat purchase and is counted in `new_customers`.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracking {
    /// Start of the first period with a purchase, in days since 1970-01-01 (for times that are numbers: in days).
    pub origin: f64,
    /// The length of a step.
    pub step: Unit,
    /// The unit of `ends`.
    pub unit: Unit,
    /// End of each step, in `unit` since `origin`. The last step may reach beyond the end of the observation.
    pub ends: Vec<f64>,
    /// Repeat purchases in each step.
    pub incremental: Vec<f64>,
    /// Repeat purchases until the end of each step.
    pub cumulative: Vec<f64>,
    /// Customers with their first purchase in each step.
    pub new_customers: Vec<f64>,
    /// How many of the steps lie wholly within the observation: all of them, or all but the last.
    pub complete: usize,
}

/// Steps beyond this number are refused: nobody can plot them, and a wrong unit would fill the memory.
const MOST_STEPS: f64 = 1e7;

/// Repeat purchases over time, in steps of `step`; times in the unit of the options.
///
/// ```
/// use cam_core::{Control, Unit, summary::{Log, SummaryOptions, Times, tracking}};
/// let log = Log::new(&[1_i64, 1, 2, 2, 1][..], Times::Days(&[0, 3, 8, 9, 20]));
/// let t = tracking(&log, Unit::WEEK, &SummaryOptions::new().unit(Unit::WEEK), &Control::new())?;
/// assert_eq!(t.ends, [1.0, 2.0, 3.0]);
/// assert_eq!(t.incremental, [1.0, 1.0, 1.0]);
/// assert_eq!(t.new_customers, [1.0, 1.0, 0.0]);
/// # Ok::<(), cam_core::Error>(())
/// ```
///
/// # Errors
/// Those of [`summarize`](super::summarize()), and [`ErrorKind::InvalidParameter`](crate::ErrorKind::InvalidParameter) for a step so short that there
/// would be more than 10⁷ of them.
pub fn tracking(
    log: &Log<'_>,
    step: Unit,
    options: &SummaryOptions,
    control: &Control<'_>,
) -> Result<Tracking> {
    let mut builder = SummaryBuilder::new(*options)?;
    builder.push(log, control)?;
    builder.tracking(step, control)
}

impl SummaryBuilder {
    /// Repeat purchases over time of all rows seen; see [`tracking`].
    ///
    /// # Errors
    /// Those of [`finish`](SummaryBuilder::finish), and those of [`tracking`] for the step.
    pub fn tracking(&self, step: Unit, control: &Control<'_>) -> Result<Tracking> {
        let frame = self.frame()?;
        let customers = || self.shards.iter().flat_map(|s| &s.periods);
        let origin = customers().filter_map(|p| p.first()).min().ok_or_else(super::emit::no_purchase)?;
        let days = |code| frame.clock.days_between(origin, code, frame.numbers);
        let place = |code: i64| {
            // Days and steps that are not whole numbers of days may meet within rounding: then the purchase begins the next step.
            let steps = days(code) / step.days();
            (if (steps - steps.round()).abs() < 1e-9 { steps.round() } else { steps.floor() }) as usize
        };
        let length = days(frame.end) / step.days();
        if length >= MOST_STEPS {
            return Err(Error::parameter("step", "long enough for at most 1e7 steps", step));
        }
        let steps = place(frame.end) + 1;
        let (mut repeat, mut new) = (vec![0_u64; steps], vec![0_u64; steps]);
        for (i, periods) in customers().enumerate() {
            if i % CHUNK == 0 {
                control.check()?;
            }
            for (k, code) in periods.iter().enumerate() {
                let count = if k == 0 { &mut new } else { &mut repeat };
                count[place(code)] += 1;
            }
        }
        let mut total = 0;
        let mut running = |n: &u64| {
            total += n;
            total as f64
        };
        // The observation ends with the end of its last period.
        let observed = days(frame.end.saturating_add(i64::from(frame.clock.mixes()))) / step.days();
        Ok(Tracking {
            origin: frame.clock.days(origin, frame.numbers),
            step,
            unit: self.options.unit,
            ends: (1..=steps).map(|j| j as f64 * step.days() / self.options.unit.days()).collect(),
            cumulative: repeat.iter().map(&mut running).collect(),
            incremental: repeat.iter().map(|&n| n as f64).collect(),
            new_customers: new.iter().map(|&n| n as f64).collect(),
            complete: if observed + 1e-9 >= steps as f64 { steps } else { steps - 1 },
        })
    }
}
