//! Bad input at the door of Rust: what each case gives, printed as the page `docs/reference/bad-input.md` has it. What is asserted is the kind, and the
//! row or the field that is named; the tests beside this one go further into each corner.

use cam_core::ErrorKind::{
    Interrupted, InvalidData, InvalidDocument, InvalidParameter, InvalidShape, NotEnoughData, Unsupported,
};
use cam_core::clv::{BgNbd, GammaGamma, History, ParetoNbd, ValueOptions, customer_lifetime_value};
use cam_core::fit::Prior;
use cam_core::model::{Covariates, WithCovariates};
use cam_core::summary::{
    Log, Moment, Refunds, Summary, SummaryBuilder, SummaryOptions, Times, split, summarize,
};
use cam_core::task::Models;
use cam_core::{
    Control, Discount, Error, ErrorKind, Fit, FitOptions, Fitted, Model, Quantity, Table, Unit, model, task,
};
use std::sync::atomic::AtomicBool;

/// What is wrong, the error, its kind, and what it names: a row or a field, where there is one.
type Case = (&'static str, Error, ErrorKind, Names);

#[derive(Debug, PartialEq)]
enum Names {
    Nothing,
    Row(usize),
    Field(&'static str),
}
use Names::{Field, Nothing, Row};

fn told(cases: Vec<Case>) {
    let mut wrong = Vec::new();
    // Away from the name of the test.
    println!();
    for (case, error, kind, names) in cases {
        println!("  {case:<44} {:2} {:<18} {error}", error.kind().code(), error.kind().name());
        let named = match names {
            Nothing => error.row().is_none(),
            Row(row) => error.row() == Some(row),
            Field(field) => error.field() == Some(field),
        };
        if error.kind() != kind || !named {
            wrong.push(format!(
                "{case}: {error:?}, of field {:?}; wanted {kind:?} and {names:?}",
                error.field()
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn table<'a>(x: &'a [f64], t_x: &'a [f64], age: &'a [f64]) -> Table<'a> {
    Table::new().with("frequency", x).unwrap().with("recency", t_x).unwrap().with("T", age).unwrap()
}

/// Three good customers.
fn good() -> Table<'static> {
    table(&[2.0, 0.0, 1.0], &[30.0, 0.0, 5.0], &[38.0, 38.0, 20.0])
}

fn bg() -> BgNbd {
    BgNbd::new(0.243, 4.414, 0.793, 2.426).unwrap()
}

#[test]
fn bad_parameters_and_columns() {
    let fit = |table: Table<'_>| BgNbd::fit(table).unwrap_err();
    told(vec![
        (
            "a negative parameter",
            BgNbd::new(0.2, -4.4, 0.8, 2.4).unwrap_err(),
            InvalidParameter,
            Field("alpha"),
        ),
        (
            "a parameter that is NaN",
            GammaGamma::new(f64::NAN, 3.7, 15.4).unwrap_err(),
            InvalidParameter,
            Field("p"),
        ),
        ("no such model", model("bgnbd").unwrap_err(), ErrorKind::UnknownName, Nothing),
        ("no such unit", "fortnight".parse::<Unit>().unwrap_err(), ErrorKind::UnknownName, Field("unit")),
        ("columns of unequal length", good().with("z", &[1.0]).unwrap_err(), InvalidShape, Field("z")),
        ("a column twice", good().with("T", &[1.0, 2.0, 3.0]).unwrap_err(), InvalidShape, Field("T")),
        ("a column is missing", GammaGamma::fit(good()).unwrap_err(), InvalidShape, Field("monetary_value")),
        ("no rows", fit(table(&[], &[], &[])), NotEnoughData, Nothing),
        ("nobody has bought again", fit(table(&[0.0; 9], &[0.0; 9], &[5.0; 9])), NotEnoughData, Nothing),
        ("a NaN in a fit", fit(table(&[2.0, 1.0], &[3.0, f64::NAN], &[9.0, 9.0])), InvalidData, Row(1)),
        ("half a purchase", fit(table(&[2.5, 1.0], &[3.0, 1.0], &[9.0, 9.0])), InvalidData, Row(0)),
        (
            "the last purchase after the end",
            fit(table(&[2.0, 1.0], &[3.0, 10.0], &[9.0, 9.0])),
            InvalidData,
            Row(1),
        ),
        ("purchases, but none after the first", fit(table(&[2.0], &[0.0], &[9.0])), InvalidData, Row(0)),
        ("a negative weight", fit(good().with("weight", &[1.0, 1.0, -1.0]).unwrap()), InvalidData, Row(2)),
        ("a history that cannot be", History::new(2.0, 12.0, 10.0).unwrap_err(), InvalidData, Nothing),
    ]);
}

#[test]
fn bad_fits() {
    let fit = |options: &FitOptions| BgNbd::fit_with(good(), options, &Control::new()).unwrap_err();
    let cancelled = AtomicBool::new(true);
    let control = Control::new().cancel(&cancelled);
    let no_process = Covariates::new().on("spend", ["age"]);
    told(vec![
        ("a start of two numbers", fit(&FitOptions::new().start([1.0, 2.0])), InvalidShape, Nothing),
        (
            "a start that is negative",
            fit(&FitOptions::new().start([1.0, -1.0, 1.0, 1.0])),
            InvalidParameter,
            Field("alpha"),
        ),
        (
            "no evaluations",
            fit(&FitOptions::new().max_evaluations(0)),
            InvalidParameter,
            Field("max_evaluations"),
        ),
        (
            "a tolerance of 0",
            fit(&FitOptions::new().gradient_tolerance(0.0)),
            InvalidParameter,
            Field("gradient_tolerance"),
        ),
        (
            "nothing of that name to be fixed",
            fit(&FitOptions::new().fixed("k", 2.0)),
            ErrorKind::UnknownName,
            Field("k"),
        ),
        (
            "a prior of no parameter",
            fit(&FitOptions::new().prior("q", Prior::Gamma { alpha: 1.0, beta: 1.0 })),
            ErrorKind::UnknownName,
            Nothing,
        ),
        (
            "a prior of negative shape",
            fit(&FitOptions::new().prior("r", Prior::Gamma { alpha: -1.0, beta: 1.0 })),
            InvalidParameter,
            Nothing,
        ),
        (
            "the caller asks to stop",
            BgNbd::fit_with(good(), &FitOptions::new(), &control).unwrap_err(),
            Interrupted,
            Nothing,
        ),
        (
            "a process that the model has not",
            WithCovariates::new(bg(), &no_process, &[0.1]).unwrap_err(),
            ErrorKind::UnknownName,
            Nothing,
        ),
        (
            "too many coefficients",
            WithCovariates::new(bg(), &Covariates::new().on("purchase", ["age"]), &[0.1, 0.2]).unwrap_err(),
            InvalidShape,
            Nothing,
        ),
    ]);
}

#[test]
fn bad_questions() {
    let score = |quantity: Quantity| bg().score(&quantity, &good(), &Control::new()).unwrap_err();
    let spend = GammaGamma::new(6.25, 3.74, 15.44).unwrap();
    let paid = good().with("monetary_value", &[22.0, 0.0, 9.0]).unwrap();
    let value = |options: ValueOptions| {
        customer_lifetime_value(&bg(), &spend, &paid, &options, &Control::new()).unwrap_err()
    };
    let forever = |rate| Quantity::discounted(Discount::PerPeriod(rate), None);
    let whole = model("bg_bb").unwrap().with_parameters(&[1.2, 0.75, 0.66, 2.78], None).unwrap().model;
    let both = r#"{"quantity": "discounted_expected_purchases", "discount_rate": 0.1, "continuous_discount_rate": 0.1}"#;
    let weeks = Fitted { model: bg(), unit: Some(Unit::WEEK), fit: None };
    told(vec![
        (
            "a negative horizon",
            score(Quantity::ExpectedPurchases { horizon: -1.0 }),
            InvalidParameter,
            Field("horizon"),
        ),
        (
            "a horizon of NaN",
            score(Quantity::ExpectedPurchases { horizon: f64::NAN }),
            InvalidParameter,
            Field("horizon"),
        ),
        ("for ever without a rate", score(forever(0.0)), InvalidParameter, Field("discount_rate")),
        ("a negative rate", score(forever(-0.1)), InvalidParameter, Field("discount_rate")),
        ("not defined by the model", score(Quantity::ExpectedSpend {}), Unsupported, Field("expected_spend")),
        (
            "of a row that breaks a rule",
            bg().score(&Quantity::LogLikelihood {}, &table(&[1.0], &[3.0], &[2.0]), &Control::new())
                .unwrap_err(),
            InvalidData,
            Row(0),
        ),
        (
            "no such quantity",
            Quantity::from_json(r#"{"quantity": "alive"}"#).unwrap_err(),
            ErrorKind::UnknownName,
            Nothing,
        ),
        (
            "no such argument",
            Quantity::from_json(r#"{"quantity": "expected_spend", "horizon": 5}"#).unwrap_err(),
            ErrorKind::UnknownName,
            Nothing,
        ),
        ("two rates at once", Quantity::from_json(both).unwrap_err(), InvalidParameter, Nothing),
        (
            "half an opportunity",
            whole.new_customer(&Quantity::ExpectedPurchases { horizon: 2.5 }).unwrap_err(),
            InvalidParameter,
            Field("horizon"),
        ),
        (
            "data in days for a model in weeks",
            weeks.check_unit(Some(Unit::DAY)).unwrap_err(),
            InvalidParameter,
            Field("unit"),
        ),
        ("standard errors of given parameters", weeks.report().unwrap_err(), Unsupported, Nothing),
        (
            "a margin of NaN",
            value(ValueOptions::new(52.0, 0.002).margin(f64::NAN)),
            InvalidParameter,
            Field("margin"),
        ),
        (
            "value for ever without a rate",
            value(ValueOptions::new(None, 0.0)),
            InvalidParameter,
            Field("discount_rate"),
        ),
        (
            "models in the wrong order",
            customer_lifetime_value(&spend, &bg(), &paid, &ValueOptions::new(52.0, 0.002), &Control::new())
                .unwrap_err(),
            Unsupported,
            Nothing,
        ),
        (
            "a design of negative age",
            bg().simulate(&Table::new().with("T", &[5.0, -1.0]).unwrap(), 1, &Control::new()).unwrap_err(),
            InvalidParameter,
            Row(1),
        ),
    ]);
}

#[test]
fn bad_documents_and_tasks() {
    let good = Fitted { model: bg(), unit: None, fit: None }.to_json().unwrap();
    let open = |text: &str| Fitted::<Box<dyn Model>>::from_json(text).unwrap_err();
    let run = |id: &str, options: &str| {
        task(id).and_then(|t| t.run(&Table::new(), Models::NONE, options, &Control::new())).unwrap_err()
    };
    told(vec![
        ("no document", open(""), InvalidDocument, Nothing),
        ("a document that is cut off", open(&good[..50]), InvalidDocument, Nothing),
        (
            "a document of a later version",
            open(&good.replace("\"schema\":1", "\"schema\":2")),
            InvalidDocument,
            Nothing,
        ),
        (
            "a document of another library",
            open(&good.replace("cam.model", "can.model")),
            InvalidDocument,
            Nothing,
        ),
        (
            "a document with a parameter too many",
            open(&good.replace("\"b\":", "\"c\":1,\"b\":")),
            InvalidDocument,
            Nothing,
        ),
        (
            "a document of another model",
            Fitted::<ParetoNbd>::from_json(&good).unwrap_err(),
            InvalidDocument,
            Nothing,
        ),
        ("no such task", run("segment", ""), ErrorKind::UnknownName, Nothing),
        (
            "no such option of a task",
            run("prediction_intervals", r#"{"horizon": 5}"#),
            ErrorKind::UnknownName,
            Field("horizon"),
        ),
        (
            "no such quantity in the options of a task",
            run("prediction_intervals", r#"{"quantity": {"quantity": "alive"}}"#),
            ErrorKind::UnknownName,
            Field("quantity"),
        ),
        (
            "a level that is a text",
            run("confidence_intervals", r#"{"level": "high"}"#),
            InvalidParameter,
            Field("level"),
        ),
        ("a task without its models", run("likelihood_ratio_test", "{}"), InvalidShape, Field("models")),
    ]);
}

#[test]
fn bad_logs() {
    let keys: &[i64] = &[1, 2, 1];
    let days: &[i32] = &[0, 1, 9];
    let sum = |log: Log<'_>, options: SummaryOptions| summarize(&log, &options, &Control::new()).unwrap_err();
    let log = || Log::new(keys, Times::Days(days));
    let weeks = || SummaryBuilder::new(SummaryOptions::new().unit(Unit::WEEK)).unwrap();
    let columns = |x: f64| Summary::new(vec![x], vec![3.0], vec![9.0], Unit::DAY).unwrap_err();
    told(vec![
        (
            "a log of no rows",
            sum(Log::new(&[][..] as &[i64], Times::Days(&[])), SummaryOptions::new()),
            NotEnoughData,
            Nothing,
        ),
        (
            "a time is missing",
            sum(Log::new(keys, Times::Days(&[0, i32::MIN, 1])), SummaryOptions::new()),
            InvalidData,
            Row(1),
        ),
        (
            "an amount is missing",
            sum(log().amounts(&[1.0, 1.0, f64::NAN]), SummaryOptions::new()),
            InvalidData,
            Row(2),
        ),
        (
            "a refund where none may be",
            sum(log().amounts(&[1.0, -5.0, 1.0]), SummaryOptions::new().refunds(Refunds::Error)),
            InvalidData,
            Row(1),
        ),
        (
            "amounts of another length",
            sum(log().amounts(&[1.0]), SummaryOptions::new()),
            InvalidShape,
            Nothing,
        ),
        (
            "a calibration that ends after the log",
            split(&log(), Moment::Day(90), &SummaryOptions::new(), &Control::new()).unwrap_err(),
            InvalidParameter,
            Field("calibration_end"),
        ),
        ("a date that is none", "1997-02-30".parse::<Moment>().unwrap_err(), InvalidData, Nothing),
        (
            "parts with other options",
            weeks().merge(&SummaryBuilder::new(SummaryOptions::new()).unwrap()).unwrap_err(),
            InvalidParameter,
            Nothing,
        ),
        (
            "bytes that are no part",
            SummaryBuilder::from_bytes(&[0; 100]).unwrap_err(),
            InvalidDocument,
            Nothing,
        ),
        ("half a purchase in a summary", columns(0.5), InvalidData, Row(0)),
    ]);
}
