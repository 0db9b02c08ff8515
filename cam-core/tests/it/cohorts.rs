//! Cohort tables.

use crate::{cdnow_log, cdnow_until};
use cam_core::summary::{Log, Moment, Period, SummaryOptions, Times, cohort_table, parse_date};
use cam_core::task::Models;
use cam_core::{Control, Table};

#[test]
fn the_cohorts_of_cdnow_are_its_first_three_months() {
    let (keys, days, amounts) = cdnow_log();
    let log = Log::new(&keys[..], Times::Days(&days)).amounts(&amounts[..]);
    let table = cohort_table(&log, Period::Month, &SummaryOptions::new(), &Control::new()).unwrap();
    let starts: Vec<usize> = (0..table.period.len()).filter(|&i| table.period[i] == 0.0).collect();
    assert_eq!(starts.len(), 3);
    let summary = cdnow_until("1998-06-30");
    assert_eq!(starts.iter().map(|&i| table.customers[i]).sum::<f64>(), summary.len() as f64);
    // Every purchase is in one entry: the first of each customer, and the repeated ones.
    let all = summary.len() as f64 + summary.frequency().iter().sum::<f64>();
    assert_eq!(table.purchases.iter().sum::<f64>(), all);
    let spent: f64 = table.revenue.as_ref().unwrap().iter().sum();
    assert!((spent - amounts.iter().sum::<f64>()).abs() < 1e-6);
    // Everybody is there in the month of acquisition; the share of repeaters grows.
    assert!(starts.iter().all(|&i| table.retention[i] == 1.0));
    for i in 1..table.period.len() {
        assert!(table.period[i] == 0.0 || table.repeat_rate[i] >= table.repeat_rate[i - 1]);
    }
    // The log ends with a month.
    assert!(table.complete.iter().all(|complete| *complete));
}

#[test]
fn the_order_of_rows_and_the_kind_of_times_change_nothing() {
    let (mut keys, mut days, mut amounts) = cdnow_log();
    let end = SummaryOptions::new().observation_end(Moment::Day(parse_date("1998-06-20").unwrap()));
    let of = |keys: &[i64], days: &[i32], amounts: &[f64], step| {
        cohort_table(&Log::new(keys, Times::Days(days)).amounts(amounts), step, &end, &Control::new())
            .unwrap()
    };
    let (month, week) = (of(&keys, &days, &amounts, Period::Month), of(&keys, &days, &amounts, Period::WEEK));
    assert!(month.complete.iter().filter(|complete| !**complete).count() == 3);
    keys.reverse();
    days.reverse();
    amounts.reverse();
    assert_eq!(of(&keys, &days, &amounts, Period::Month), month);
    let numbers: Vec<f64> = days.iter().map(|&day| f64::from(day)).collect();
    let log = Log::new(&keys[..], Times::Numbers(&numbers)).amounts(&amounts[..]);
    let end =
        SummaryOptions::new().observation_end(Moment::Number(f64::from(parse_date("1998-06-20").unwrap())));
    assert_eq!(cohort_table(&log, Period::WEEK, &end, &Control::new()).unwrap(), week);
}

#[test]
fn refunds_are_taken_off_where_they_come_and_are_no_purchases() {
    let (keys, days) = ([1_i64, 1, 1, 2, 2], [0, 40, 41, -20, 3]);
    let log = Log::new(&keys[..], Times::Days(&days)).amounts(&[50.0, -20.0, 30.0, -5.0, 8.0]);
    let table = cohort_table(&log, Period::Month, &SummaryOptions::new(), &Control::new()).unwrap();
    // Customer 2 has no purchase before the refund, which belongs to none.
    assert_eq!(table.customers, [2.0, 2.0]);
    assert_eq!(table.active, [2.0, 1.0]);
    assert_eq!(table.purchases, [2.0, 1.0]);
    assert_eq!(table.revenue.unwrap(), [58.0, 10.0]);
    assert_eq!(table.repeat_rate, [0.0, 0.5]);
    assert_eq!(table.complete, [true, false]);
}

#[test]
fn an_empty_log_and_a_step_without_length_are_refused() {
    let log = Log::new(&[] as &[i64], Times::Days(&[]));
    let of = |step| cohort_table(&log, step, &SummaryOptions::new(), &Control::new()).unwrap_err();
    assert_eq!(of(Period::Month).kind(), cam_core::ErrorKind::NotEnoughData);
    assert_eq!(of(Period::Instant).field(), Some("step"));
}

/// The task takes columns of numbers and gives columns of numbers: the same table.
#[test]
fn by_name_a_cohort_table_is_the_same() {
    let (keys, days, amounts) = cdnow_log();
    let log = Log::new(&keys[..], Times::Days(&days)).amounts(&amounts[..]);
    let end = SummaryOptions::new().observation_end(Moment::Day(parse_date("1998-06-20").unwrap()));
    let typed = cohort_table(&log, Period::Month, &end, &Control::new()).unwrap();
    let keys: Vec<f64> = keys.iter().map(|&key| key as f64).collect();
    let days: Vec<f64> = days.iter().map(|&day| f64::from(day)).collect();
    let table = Table::new().with("customer", &keys).unwrap().with("time", &days).unwrap();
    let table = table.with("amount", &amounts).unwrap();
    let run = |options: &str| {
        cam_core::task("cohort_table").unwrap().run(&table, Models::NONE, options, &Control::new())
    };
    let found = run(r#"{"amount": "amount", "observation_end": "1998-06-20"}"#).unwrap();
    assert_eq!(found.output, r#"{"cohorts":3,"customers":2357}"#);
    for (name, want) in [
        ("period", &typed.period),
        ("customers", &typed.customers),
        ("active", &typed.active),
        ("purchases", &typed.purchases),
        ("retention", &typed.retention),
        ("repeat_rate", &typed.repeat_rate),
        ("cohort", &typed.cohort),
        ("revenue", typed.revenue.as_ref().unwrap()),
    ] {
        assert_eq!(found.column(name).unwrap(), want, "{name}");
    }
    let complete: Vec<bool> = found.column("complete").unwrap().iter().map(|v| *v == 1.0).collect();
    assert_eq!(complete, typed.complete);
    assert!(run("{}").unwrap().column("revenue").is_err());
    for (options, field) in [
        (r#"{"step": "none"}"#, "step"),
        (r#"{"step": "fortnight"}"#, "step"),
        (r#"{"refunds": "all"}"#, "refunds"),
        (r#"{"observation_end": "1998-13-01"}"#, "observation_end"),
        (r#"{"amount": "amounts"}"#, "amounts"),
    ] {
        assert_eq!(run(options).unwrap_err().field(), Some(field), "{options}");
    }
    let bad = [1.0, 2.5];
    let table = Table::new().with("customer", &bad).unwrap().with("time", &bad).unwrap();
    let error =
        cam_core::task("cohort_table").unwrap().run(&table, Models::NONE, "{}", &Control::new()).unwrap_err();
    assert_eq!((error.field(), error.row()), (Some("customer"), Some(1)), "{error}");
}
