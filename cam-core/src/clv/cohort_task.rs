//! A cohort table by name, for callers who reach the library by its tasks.

use crate::control::Control;
use crate::error::{Error, ErrorKind, Result, brief};
use crate::summary::{Log, Moment, Period, Refunds, SummaryOptions, Times, cohort_table, parse_date};
use crate::table::{Dimension, Domain, Table, Variable};
use crate::task::{Answer, Models, Setting, Task, TaskSpec};
use crate::unit::Unit;
use serde::{Deserialize, Serialize};

/// The task `cohort_table`: the log comes as columns of numbers, and the entries of the [table](crate::summary::CohortTable) go as columns.
pub enum CohortTableOfLog {}

/// Its options.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CohortOptions {
    #[serde(default = "month")]
    step: String,
    #[serde(default = "day")]
    period: String,
    #[serde(default)]
    observation_end: Option<When>,
    #[serde(default = "day")]
    numbers_in: String,
    #[serde(default = "net")]
    refunds: String,
    #[serde(default)]
    drop_zero_amounts: bool,
    #[serde(default)]
    amount: Option<String>,
}

/// A date, or a number as in the column of times.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "a date or a number")]
enum When {
    Number(f64),
    Date(String),
}

fn month() -> String {
    "M".into()
}

fn day() -> String {
    "D".into()
}

fn net() -> String {
    "net".into()
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cohorts {
    /// Cohorts with a customer.
    pub cohorts: usize,
    /// Customers of all of them.
    pub customers: u64,
}

/// The largest whole number up to which each is a double of its own.
const MOST_KEY: f64 = 9007199254740992.0;

impl Task for CohortTableOfLog {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "cohort_table",
        title: "Cohort table of a log",
        source: "elementary",
        columns: &[
            Variable::new(
                "customer",
                Domain::Real,
                Dimension::None,
                "the customer of each row: a whole number",
            ),
            Variable::new(
                "time",
                Domain::Real,
                Dimension::Time,
                "when it was: days since 1970-01-01, or as numbers_in says",
            ),
        ],
        models: "none",
        options: &[
            Setting {
                name: "step",
                default: "\"M\"",
                meaning: "the period of cohorts and columns: D, W, M, Y or a length such as \"10 days\"",
            },
            Setting {
                name: "period",
                default: "\"D\"",
                meaning: "rows of a customer within one such period are one purchase",
            },
            Setting {
                name: "observation_end",
                default: "null",
                meaning: "a date, or a number like the times; null is the last row",
            },
            Setting { name: "numbers_in", default: "\"D\"", meaning: "the unit of the times" },
            Setting {
                name: "refunds",
                default: "\"net\"",
                meaning: "what a negative amount means: net, drop or error",
            },
            Setting {
                name: "drop_zero_amounts",
                default: "false",
                meaning: "whether a row with the amount 0 is no purchase",
            },
            Setting {
                name: "amount",
                default: "null",
                meaning: "the column of what was spent; null where there is none",
            },
        ],
        answers: &[
            "cohort: start of the cohort's period of acquisition, in days since 1970-01-01",
            "period: periods since then, from 0 to the end of the observation",
            "customers: of the cohort",
            "active: those of them who bought in the period",
            "purchases: in the period",
            "retention: active, as a share of the cohort",
            "repeat_rate: share of the cohort that has bought a second time by the end of the period",
            "complete: 1 where the whole period lies within the observation, else 0",
            "revenue: in the period, refunds taken off; only with amounts",
        ],
    };
    type Options = CohortOptions;
    type Output = Cohorts;

    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &CohortOptions,
        control: &Control<'_>,
    ) -> Result<Answer<Cohorts>> {
        models.exactly::<0>()?;
        let named = |field: &'static str| move |e: Error| e.with_field(field);
        let numbers_in: Unit = options.numbers_in.parse().map_err(named("numbers_in"))?;
        let end = match &options.observation_end {
            None => None,
            Some(When::Number(number)) => Some(Moment::Number(*number)),
            Some(When::Date(date)) => {
                let day = parse_date(date).map_err(named("observation_end"))?;
                Some(Moment::Number(f64::from(day) / numbers_in.days()))
            }
        };
        let summary = SummaryOptions::new()
            .numbers_in(numbers_in)
            .period(options.period.parse().map_err(named("period"))?)
            .refunds(options.refunds.parse::<Refunds>().map_err(named("refunds"))?)
            .drop_zero_amounts(options.drop_zero_amounts)
            .observation_end(end);
        let step: Period = options.step.parse().map_err(named("step"))?;
        let keys = keys(table)?;
        let times = table.column("time")?.to_vec();
        let amounts = options.amount.as_ref().map(|name| table.column(name)).transpose()?.map(|a| a.to_vec());
        let mut log = Log::new(&keys[..], Times::Numbers(&times));
        if let Some(amounts) = &amounts {
            log = log.amounts(&amounts[..]);
        }
        let found = cohort_table(&log, step, &summary, control)?;
        let started = found.period.iter().zip(&found.customers).filter(|(period, _)| **period == 0.0);
        let (cohorts, customers) = started.fold((0, 0), |(n, all), (_, size)| (n + 1, all + *size as u64));
        let complete = found.complete.iter().map(|complete| f64::from(u8::from(*complete))).collect();
        let mut answer = Answer::new(Cohorts { cohorts, customers })
            .with("cohort", found.cohort)
            .with("period", found.period)
            .with("customers", found.customers)
            .with("active", found.active)
            .with("purchases", found.purchases)
            .with("retention", found.retention)
            .with("repeat_rate", found.repeat_rate)
            .with("complete", complete);
        if let Some(revenue) = found.revenue {
            answer = answer.with("revenue", revenue);
        }
        Ok(answer)
    }
}

/// The customers of the rows.
fn keys(table: &Table<'_>) -> Result<Vec<i64>> {
    let column = table.column("customer")?;
    let whole = |(row, &key): (usize, &f64)| match key.fract() == 0.0 && key.abs() <= MOST_KEY {
        true => Ok(key as i64),
        false => {
            let message = format!("customer must be a whole number of at most 2^53, got {}", brief(key));
            Err(Error::new(ErrorKind::InvalidData, message).with_field("customer").with_row(row))
        }
    };
    column.iter().enumerate().map(whole).collect()
}
