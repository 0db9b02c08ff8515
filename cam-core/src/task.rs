//! What a task is: work that is not a model, reached by its name.
//!
//! A [`Family`](crate::model::Family) is something with a likelihood. Much else is not: a test, a comparison of models, a sampler, an optimisation. Such work is a plain
//! typed function, and a [`Task`] puts it into the [list](fn@crate::tasks) so that Python, C and Java reach it, too: a table and options as JSON go in, perhaps
//! models; out comes an [`Answer`], a JSON object and named columns of numbers. No door knows a task; one that is added is there in all of them.
//!
//! # To add one
//!
//! A type without a value, usually next to the function that does the work, and its line in `tasks.rs`:
//!
//! ```
//! use cam_core::task::{Answer, Models, Setting, Task, TaskSpec};
//! use cam_core::{Control, Error, Result, Table};
//!
//! /// Every value of a column, times a factor.
//! enum Scale {}
//!
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Options {
//!     #[serde(default = "one")]
//!     factor: f64,
//! }
//!
//! fn one() -> f64 {
//!     1.0
//! }
//!
//! #[derive(serde::Serialize)]
//! struct Scaled {
//!     largest: f64,
//! }
//!
//! impl Task for Scale {
//!     const SPEC: &'static TaskSpec = &TaskSpec {
//!         id: "scale",
//!         title: "Scaling",
//!         source: "elementary",
//!         columns: &[],
//!         models: "none",
//!         options: &[Setting { name: "factor", default: "1.0", meaning: "what each value is multiplied by" }],
//!         answers: &["scaled: one value per row"],
//!     };
//!     type Options = Options;
//!     type Output = Scaled;
//!
//!     fn run(
//!         table: &Table<'_>,
//!         models: Models<'_>,
//!         options: &Options,
//!         control: &Control<'_>,
//!     ) -> Result<Answer<Scaled>> {
//!         models.exactly::<0>()?;
//!         control.check()?;
//!         if !options.factor.is_finite() {
//!             return Err(Error::parameter("factor", "finite", options.factor));
//!         }
//!         let scaled: Vec<f64> = table.column("value")?.iter().map(|v| v * options.factor).collect();
//!         let largest = scaled.iter().copied().fold(f64::MIN, f64::max);
//!         Ok(Answer::new(Scaled { largest }).with("scaled", scaled))
//!     }
//! }
//! ```

use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::fit::Fitted;
use crate::model::Model;
use crate::table::{Table, Variable};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Who a task is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TaskSpec {
    /// The stable name, as at every door: `spend_independence`.
    pub id: &'static str,
    /// What it does, in a few words.
    pub title: &'static str,
    /// Author, year, journal of the method.
    pub source: &'static str,
    /// The columns that it needs of the table. Options may name more.
    pub columns: &'static [Variable],
    /// Which models it takes, in words, in their order: `none`, `a model of purchases, then one of spend`.
    pub models: &'static str,
    /// The options: all that its [`Options`](Task::Options) reads.
    pub options: &'static [Setting],
    /// The columns of its answer: name and how many values, in words.
    pub answers: &'static [&'static str],
}

/// An option of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What it is where it is not given, as JSON; empty where it must be given.
    pub default: &'static str,
    /// One line on what it says.
    pub meaning: &'static str,
}

/// The models that a task is given, in the order that it asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Models<'a>(&'a [&'a Fitted<Box<dyn Model>>]);

impl<'a> Models<'a> {
    /// No models.
    pub const NONE: Models<'static> = Models(&[]);

    /// These models.
    pub fn new(models: &'a [&'a Fitted<Box<dyn Model>>]) -> Self {
        Models(models)
    }

    /// All of them.
    pub fn all(&self) -> &'a [&'a Fitted<Box<dyn Model>>] {
        self.0
    }

    /// The models, if they are as many as the task takes.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidShape`] where they are not.
    pub fn exactly<const N: usize>(&self) -> Result<[&'a Fitted<Box<dyn Model>>; N]> {
        self.0
            .try_into()
            .map_err(|_| Error::shape(format!("need {N} models, got {}", self.0.len())).with_field("models"))
    }
}

/// What a task gives: an object, and columns of numbers by name, in order. A column has one value per row of the table, or a length of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<O = String> {
    /// The object; as JSON where the task was reached by its name.
    pub output: O,
    /// The columns.
    pub columns: Vec<(String, Vec<f64>)>,
}

impl<O> Answer<O> {
    /// An answer without columns.
    pub fn new(output: O) -> Self {
        Answer { output, columns: Vec::new() }
    }

    /// This answer with one more column.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, values: Vec<f64>) -> Self {
        self.columns.push((name.into(), values));
        self
    }

    /// The column of that name.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownName`], with the names that there are.
    pub fn column(&self, name: &str) -> Result<&[f64]> {
        let found = self.columns.iter().find(|(n, _)| n == name).map(|(_, values)| values.as_slice());
        found.ok_or_else(|| {
            Error::unknown("column of the answer", name, self.columns.iter().map(|(n, _)| n.as_str()))
        })
    }
}

/// Work that is not a model; see the [module](self) for how to add one.
pub trait Task: 'static {
    /// Who the task is.
    const SPEC: &'static TaskSpec;

    /// What can be chosen. Derive it with `#[serde(deny_unknown_fields)]`, and a default for each field that [`TaskSpec::options`] says one of.
    type Options: DeserializeOwned;

    /// The object of the answer. A number that is not finite becomes `null` in JSON.
    type Output: Serialize;

    /// Do it. `table` has no columns where the caller has no data; the units of time of table and models agree, where they are known.
    ///
    /// # Errors
    /// Options out of their domain, columns missing, rows that break a rule, or what the task says.
    fn run(
        table: &Table<'_>,
        models: Models<'_>,
        options: &Self::Options,
        control: &Control<'_>,
    ) -> Result<Answer<Self::Output>>;
}

/// The options of a task that has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoOptions {}

type RunByName = fn(&Table<'_>, Models<'_>, &str, &Control<'_>) -> Result<Answer>;

/// A task in the list: who it is, and how it is run with options as text.
#[derive(Clone, Copy)]
pub struct TaskEntry {
    spec: &'static TaskSpec,
    run: RunByName,
}

impl TaskEntry {
    /// The entry of a task.
    pub const fn of<T: Task>() -> TaskEntry {
        TaskEntry { spec: T::SPEC, run: run_by_name::<T> }
    }

    /// Who the task is.
    pub fn spec(&self) -> &'static TaskSpec {
        self.spec
    }

    /// Do it. `options` is a JSON object; an empty text is the same as `{}`.
    ///
    /// # Errors
    /// As for [`Task::run`]; [`ErrorKind::UnknownName`] for an option that there is not, with those that there are; and models whose unit of time is not that of
    /// the table.
    pub fn run(
        &self,
        table: &Table<'_>,
        models: Models<'_>,
        options: &str,
        control: &Control<'_>,
    ) -> Result<Answer> {
        (self.run)(table, models, options, control)
    }
}

impl std::fmt::Debug for TaskEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TaskEntry({})", self.spec.id)
    }
}

fn run_by_name<T: Task>(
    table: &Table<'_>,
    models: Models<'_>,
    options: &str,
    control: &Control<'_>,
) -> Result<Answer> {
    let options: T::Options = read_options(T::SPEC, options)?;
    for model in models.all() {
        model.check_unit(table.unit())?;
    }
    control.check()?;
    let answer = T::run(table, models, &options, control)?;
    let output = serde_json::to_string(&answer.output).map_err(|e| {
        Error::new(ErrorKind::Internal, format!("cannot write the answer of {}: {e}", T::SPEC.id))
    })?;
    Ok(Answer { output, columns: answer.columns })
}

/// The options of a task from their text: a name that there is not, and a value of the wrong kind, are told with the name.
fn read_options<T: DeserializeOwned>(spec: &TaskSpec, text: &str) -> Result<T> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let what = format!("the options of {}", spec.id);
    let invalid = |e: serde_json::Error, field: &str| {
        Error::new(ErrorKind::InvalidParameter, format!("cannot read {what}: {e}")).with_field(field)
    };
    let given: Map<String, Value> = serde_json::from_str(text).map_err(|e| invalid(e, "options"))?;
    if let Some(name) = given.keys().find(|name| spec.options.iter().all(|o| o.name != name.as_str())) {
        return Err(Error::unknown(
            &format!("option of {}", spec.id),
            name,
            spec.options.iter().map(|o| o.name),
        ));
    }
    if let Some(missing) = spec.options.iter().find(|o| o.default.is_empty() && !given.contains_key(o.name)) {
        let message = format!("{what} need {}: {}", missing.name, missing.meaning);
        return Err(Error::new(ErrorKind::InvalidParameter, message).with_field(missing.name));
    }
    // From the text once more: a JSON value has forgotten what was there twice.
    serde_json::from_str(text).map_err(|all| {
        // Which one it was: the first without which the rest can be read.
        let at_fault = given.keys().find(|name| {
            let mut rest = given.clone();
            rest.remove(name.as_str());
            let others = T::deserialize(Value::Object(rest));
            others.map_or_else(|e| e.to_string().contains(&format!("missing field `{name}`")), |_| true)
        });
        match at_fault {
            Some(name) => {
                let place = format!("{name} in {what}");
                Error::json_choice(&place, &place, &all).with_field(name)
            }
            None => invalid(all, "options"),
        }
    })
}
