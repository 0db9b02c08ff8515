//! What every task must do, by one walk over the list; and what a bad call is told.

use cam_core::task::{Answer, Models, Setting, Task, TaskEntry, TaskSpec};
use cam_core::{Control, Error, ErrorKind, Fitted, Model, Result, Table, Unit, model, task, tasks};

fn run(entry: &TaskEntry, table: &Table<'_>, options: &str) -> Result<Answer> {
    entry.run(table, Models::NONE, options, &Control::new())
}

#[test]
fn ids_are_apart_and_every_option_has_a_sentence() {
    for (i, entry) in tasks().iter().enumerate() {
        let spec = entry.spec();
        assert!(tasks()[..i].iter().all(|other| other.spec().id != spec.id), "{}", spec.id);
        assert!(task(spec.id).is_ok());
        assert!(!spec.title.is_empty() && !spec.source.is_empty() && !spec.models.is_empty(), "{}", spec.id);
        assert!(spec.options.iter().all(|option| option.meaning.len() > 5), "{}", spec.id);
    }
}

/// The default that is told is one that the options read: a run on an empty table fails for another reason than the option, or not at all.
#[test]
fn the_options_that_are_told_are_those_that_are_read() {
    for entry in tasks() {
        let spec = entry.spec();
        let unreadable = |options: &str| match run(entry, &Table::new(), options) {
            Err(e) => e.to_string().contains("cannot read") || e.to_string().contains("in the options of"),
            Ok(_) => false,
        };
        let given = spec.options.iter().filter(|o| !o.default.is_empty());
        let needed = spec.options.iter().any(|o| o.default.is_empty());
        for option in given {
            let text = format!("{{\"{}\": {}}}", option.name, option.default);
            assert!(needed || !unreadable(&text), "{}: {text}", spec.id);
        }
        let error = run(entry, &Table::new(), r#"{"no_such_option": 1}"#).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownName, "{}: {error}", spec.id);
        assert_eq!(error.field(), Some("no_such_option"));
        assert!(spec.options.iter().all(|option| error.to_string().contains(option.name)), "{error}");
    }
}

#[test]
fn a_name_that_there_is_not_lists_those_that_there_are() {
    let error = task("spend").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownName);
    assert!(error.to_string().contains("no task named \"spend\"; there are: spend_independence"), "{error}");
}

/// A task for the tests: every value of a column times a factor.
enum Scale {}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    column: String,
    #[serde(default = "one")]
    factor: f64,
}

fn one() -> f64 {
    1.0
}

#[derive(serde::Serialize)]
struct Scaled {
    largest: f64,
    of: f64,
}

impl Task for Scale {
    const SPEC: &'static TaskSpec = &TaskSpec {
        id: "scale",
        title: "Scaling",
        source: "elementary",
        columns: &[],
        models: "none",
        options: &[
            Setting { name: "column", default: "", meaning: "the column whose values are scaled" },
            Setting { name: "factor", default: "1.0", meaning: "what each value is multiplied by" },
        ],
        answers: &["scaled: one value per row"],
    };
    type Options = Options;
    type Output = Scaled;

    fn run(table: &Table<'_>, _: Models<'_>, options: &Options, _: &Control<'_>) -> Result<Answer<Scaled>> {
        let scaled: Vec<f64> = table.column(&options.column)?.iter().map(|v| v * options.factor).collect();
        let largest = scaled.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Ok(Answer::new(Scaled { largest, of: scaled.len() as f64 }).with("scaled", scaled))
    }
}

const SCALE: TaskEntry = TaskEntry::of::<Scale>();

#[test]
fn by_name_a_task_gives_json_and_columns() {
    let values = [1.0, 4.0, 2.5];
    let table = Table::new().with("v", &values).unwrap();
    let answer = run(&SCALE, &table, r#"{"column": "v", "factor": 2}"#).unwrap();
    assert_eq!(answer.output, r#"{"largest":8.0,"of":3.0}"#);
    assert_eq!(answer.column("scaled").unwrap(), [2.0, 8.0, 5.0]);
    let error = answer.column("spent").unwrap_err();
    assert!(error.to_string().contains("there are: scaled"), "{error}");
    // What is not finite is null.
    let none = Table::new().with("v", &[] as &[f64]).unwrap();
    assert_eq!(run(&SCALE, &none, r#"{"column": "v"}"#).unwrap().output, r#"{"largest":null,"of":0.0}"#);
}

#[test]
fn a_bad_option_is_told_by_its_name() {
    let values = [1.0];
    let table = Table::new().with("v", &values).unwrap();
    let told = |options: &str| -> Error { run(&SCALE, &table, options).unwrap_err() };
    for (options, kind, field) in [
        ("{}", ErrorKind::InvalidParameter, "column"),
        ("", ErrorKind::InvalidParameter, "column"),
        (r#"{"column": "v", "factor": "two"}"#, ErrorKind::InvalidParameter, "factor"),
        (r#"{"column": 3, "factor": 2}"#, ErrorKind::InvalidParameter, "column"),
        (r#"{"column": "v", "column": "v"}"#, ErrorKind::InvalidParameter, "column"),
        (r#"{"column": "v", "by": 2}"#, ErrorKind::UnknownName, "by"),
        (r#"{"column": "w"}"#, ErrorKind::InvalidShape, "w"),
        ("[]", ErrorKind::InvalidParameter, "options"),
        ("{", ErrorKind::InvalidParameter, "options"),
    ] {
        let error = told(options);
        assert_eq!((error.kind(), error.field()), (kind, Some(field)), "{options}: {error}");
    }
}

#[test]
fn models_are_counted_and_their_units_are_checked() {
    let entry = model("bg_nbd").unwrap();
    let weeks = entry.with_parameters(&[0.24, 4.4, 0.8, 2.4], Some(Unit::WEEK)).unwrap();
    let table = Table::new().in_unit(Unit::DAY);
    let models: [&Fitted<Box<dyn Model>>; 1] = [&weeks];
    let models = Models::new(&models);
    let error = SCALE.run(&table, models, r#"{"column": "v"}"#, &Control::new()).unwrap_err();
    assert_eq!(error.field(), Some("unit"), "{error}");
    assert!(models.exactly::<1>().is_ok());
    assert_eq!(models.exactly::<2>().unwrap_err().to_string(), "need 2 models, got 1");
}

#[test]
fn a_flag_that_is_set_stops_a_task_before_it_begins() {
    let flag = std::sync::atomic::AtomicBool::new(true);
    let table = Table::new();
    for entry in tasks().iter().filter(|entry| entry.spec().options.iter().all(|o| !o.default.is_empty())) {
        let control = Control::new().cancel(&flag);
        let error = entry.run(&table, Models::NONE, "{}", &control).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{}", entry.spec().id);
    }
}
