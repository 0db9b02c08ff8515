//! Whatever the order of rows, the batches, the merges and the threads: the same bits.

use cam_core::Control;
use cam_core::summary::{
    Keys, Log, Moment, Period, Split, Summary, SummaryBuilder, SummaryOptions, TimeResolution, Times,
    split_many, summarize,
};
use proptest::prelude::*;

/// A row: key, second, amount.
type Row = (i64, i64, f64);

fn amount() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (0..100_000_i32).prop_map(|cents| f64::from(cents) / 100.0),
        2 => (-50_000..0_i32).prop_map(|cents| f64::from(cents) / 100.0),
        1 => prop::num::f64::NORMAL.prop_filter("allowed size", |x| x.abs() <= 1e290),
        1 => prop_oneof![Just(1e290), Just(-1e290), Just(1e-300), Just(0.0), Just(-0.0), Just(0.1)],
    ]
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let day = 86_400_i64;
    let with =
        move |key: BoxedStrategy<i64>| prop::collection::vec((key, -20 * day..400 * day, amount()), 1..120);
    // Dense keys go another way than keys from anywhere; both must agree with the builder.
    prop_oneof![
        2 => with((-3..4_i64).boxed()),
        1 => with((i64::MIN..i64::MIN + 900).boxed()),
        1 => with(prop_oneof![0..6_i64, any::<i64>()].boxed()),
    ]
}

fn periods() -> impl Strategy<Value = Period> {
    prop_oneof![
        Just(Period::DAY),
        Just(Period::WEEK),
        Just(Period::Month),
        Just(Period::Instant),
        Just(Period::Days(0.5)),
    ]
}

struct Columns {
    keys: Vec<i64>,
    texts: Keys,
    seconds: Vec<i64>,
    amounts: Vec<f64>,
}

fn columns(rows: &[Row]) -> Columns {
    Columns {
        keys: rows.iter().map(|r| r.0).collect(),
        texts: Keys::from_texts(rows.iter().map(|r| format!("customer {}", r.0))),
        seconds: rows.iter().map(|r| r.1).collect(),
        amounts: rows.iter().map(|r| r.2).collect(),
    }
}

impl Columns {
    fn log(&self, text: bool) -> Log<'_> {
        let keys = if text { self.texts.as_ref() } else { (&self.keys[..]).into() };
        Log::new(keys, Times::Timestamps(&self.seconds, TimeResolution::Second)).amounts(&self.amounts[..])
    }
}

/// Bits of all columns, so that 0 and −0 differ.
fn bits(summary: &Summary) -> Vec<Vec<u64>> {
    let table = summary.table();
    table.names().map(|name| table.column(name).unwrap().iter().map(|v| v.to_bits()).collect()).collect()
}

fn same(a: &Summary, b: &Summary) -> Result<(), TestCaseError> {
    prop_assert_eq!(a, b);
    prop_assert_eq!(bits(a), bits(b));
    Ok(())
}

/// A slow and obvious summary of one customer, in exact rational arithmetic over cents: (frequency, recency in days, T, repeat spend).
fn by_hand(rows: &[Row], key: i64, end: i64) -> Option<(f64, f64, f64, f64)> {
    let mut days: Vec<(i64, i64)> = rows
        .iter()
        .filter(|r| r.0 == key)
        .map(|r| (r.1.div_euclid(86_400), (r.2 * 100.0).round() as i64))
        .collect();
    days.sort_unstable();
    let bought: std::collections::BTreeSet<i64> = days.iter().filter(|d| d.1 >= 0).map(|d| d.0).collect();
    let (first, last) = (*bought.first()?, *bought.last()?);
    let repeat: i64 = days.iter().filter(|d| d.0 > first).map(|d| d.1).sum();
    let x = bought.len() as f64 - 1.0;
    let mean = if x > 0.0 { repeat as f64 / 100.0 / x } else { 0.0 };
    Some((x, (last - first) as f64, (end - first) as f64, mean))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_summary_is_what_one_would_write_down_by_hand(
        rows in prop::collection::vec((0..8_i64, 0..100 * 86_400_i64, (-5_000..20_000_i32).prop_map(|c| f64::from(c) / 100.0)), 1..200),
        threads in 1..3_usize,
    ) {
        let data = columns(&rows);
        let end = rows.iter().map(|r| r.1.div_euclid(86_400)).max().unwrap();
        let expected: Vec<_> = (0..8).filter_map(|key| by_hand(&rows, key, end).map(|row| (key, row))).collect();
        let control = Control::new().threads(threads);
        match summarize(&data.log(false), &SummaryOptions::new(), &control) {
            Err(_) => prop_assert!(expected.is_empty()),
            Ok(s) => {
                prop_assert_eq!(s.len(), expected.len());
                for (i, (key, (x, t_x, t, z))) in expected.into_iter().enumerate() {
                    prop_assert_eq!(s.keys().unwrap().get(i), cam_core::summary::Key::Int(key));
                    prop_assert_eq!((s.frequency()[i], s.recency()[i], s.age()[i]), (x, t_x, t));
                    // The cents are not exact in binary: one rounding per row.
                    prop_assert!((s.monetary_value().unwrap()[i] - z).abs() <= 1e-9);
                }
            }
        }
    }

    #[test]
    fn order_batches_merges_and_threads_do_not_change_a_bit(
        rows in rows(),
        period in periods(),
        first in any::<bool>(),
        text in any::<bool>(),
        cut in 1..60_usize,
        seed in any::<u64>(),
        threads in 1..4_usize,
    ) {
        let options = SummaryOptions::new().period(period).include_first_transaction(first);
        let one = Control::new().threads(1);
        let expected = summarize(&columns(&rows).log(text), &options, &one);

        let mut shuffled = rows.clone();
        let mut state = seed | 1;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(i, (state >> 33) as usize % (i + 1));
        }
        let data = columns(&shuffled);
        let several = Control::new().threads(threads);
        let again = summarize(&data.log(text), &options, &several);

        let mut whole = SummaryBuilder::new(options).unwrap();
        let mut halves = [whole.clone(), whole.clone()];
        for (i, batch) in shuffled.chunks(cut).enumerate() {
            let data = columns(batch);
            whole.push(&data.log(text), &several).unwrap();
            halves[i % 2].push(&data.log(text), &several).unwrap();
        }
        let [mut left, right] = halves;
        left.merge(&right).unwrap();
        match expected {
            Ok(expected) => {
                same(&again.unwrap(), &expected)?;
                same(&whole.finish(&several).unwrap(), &expected)?;
                same(&left.finish(&one).unwrap(), &expected)?;
            }
            Err(expected) => {
                prop_assert_eq!(again.unwrap_err(), expected.clone());
                prop_assert_eq!(whole.finish(&several).unwrap_err(), expected.clone());
                prop_assert_eq!(left.finish(&several).unwrap_err(), expected);
            }
        }
    }

    #[test]
    fn splits_do_not_depend_on_order_or_batches(rows in rows(), cut in 1..60_usize) {
        let ends = [Moment::Day(200), Moment::Day(100), Moment::Day(300)];
        let options = SummaryOptions::new().observation_end(Moment::Day(350));
        let control = Control::new();
        let data = columns(&rows);
        let expected: cam_core::Result<Vec<Split>> = split_many(&data.log(false), &ends, &options, &control);

        let mut left = SummaryBuilder::with_calibration_ends(options, &ends).unwrap();
        let mut right = left.clone();
        for (i, batch) in rows.rchunks(cut).enumerate() {
            let data = columns(batch);
            let side = if i % 3 == 0 { &mut left } else { &mut right };
            side.push(&data.log(false), &control).unwrap();
        }
        left.merge(&right).unwrap();
        prop_assert_eq!(left.finish_splits(&control), expected.clone());
        for (split, end) in expected.iter().flatten().zip(ends) {
            same(&split.calibration, &summarize(&data.log(false), &options.observation_end(end), &control).unwrap())?;
        }
    }
}
