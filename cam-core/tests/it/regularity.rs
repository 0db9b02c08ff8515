//! Regularity of purchases: what is known of gamma intervals, and the closed cases.

use cam_core::clv::{RegularityMethod, regularity};
use cam_core::math::gamma::{digamma, ln_gamma};
use cam_core::math::random::Stream;
use cam_core::summary::{Log, Moment, SummaryOptions, Times, intervals, parse_date};
use cam_core::{Control, ErrorKind};

const ALL: [RegularityMethod; 5] = [
    RegularityMethod::Wheat,
    RegularityMethod::Common,
    RegularityMethod::MaximumLikelihood,
    RegularityMethod::Thinned,
    RegularityMethod::CoefficientOfVariation,
];

/// Customers with n gamma intervals each, of different rates.
fn simulated(k: f64, n: usize, customers: usize, per: f64) -> (Vec<f64>, Vec<usize>) {
    let mut lengths = Vec::new();
    for i in 0..customers {
        let mut stream = Stream::new(7, i as u64);
        let rate = stream.gamma(0.8);
        lengths.extend((0..n).map(|_| per * stream.gamma(k) / rate));
    }
    (lengths, vec![n; customers])
}

#[test]
fn every_method_finds_the_shape_that_was_drawn() {
    for k in [0.7, 1.0, 3.0] {
        let (lengths, counts) = simulated(k, 400, 500, 1.0);
        for method in ALL {
            let found = regularity(&lengths, &counts, method).unwrap();
            let error = found.standard_error.unwrap();
            // Estimates from one customer's 400 intervals (200 pairs) are too high by about 3/400 (3/200).
            let bias = if matches!(method, RegularityMethod::Wheat | RegularityMethod::Common) {
                0.0
            } else {
                0.015 * k
            };
            assert!((found.k - k).abs() < 4.0 * error + bias, "{method:?} {k}: {found:?}");
            assert_eq!(found.customers, 500);
        }
    }
}

#[test]
fn one_shape_for_all_is_not_biased_by_short_histories() {
    let (lengths, counts) = simulated(2.0, 3, 20_000, 1.0);
    let found = regularity(&lengths, &counts, RegularityMethod::Common).unwrap();
    assert!((found.k - 2.0).abs() < 4.0 * found.standard_error.unwrap(), "{found:?}");
}

#[test]
fn the_unit_of_time_makes_no_difference() {
    let (weeks, counts) = simulated(1.5, 30, 200, 1.0);
    let (days, _) = simulated(1.5, 30, 200, 7.0);
    for method in ALL {
        let [a, b] = [&weeks, &days].map(|lengths| regularity(lengths, &counts, method).unwrap().k);
        assert!((a / b - 1.0).abs() < 1e-12, "{method:?}: {a} and {b}");
    }
}

#[test]
fn the_maximum_of_one_customer_is_where_its_derivative_vanishes() {
    let own = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.5];
    let k = regularity(&own, &[10], RegularityMethod::MaximumLikelihood).unwrap().k;
    let n = own.len() as f64;
    let s = (own.iter().sum::<f64>() / n).ln() - own.iter().map(|v| f64::ln(*v)).sum::<f64>() / n;
    assert!((k.ln() - digamma(k) - s).abs() < 1e-14);
    // Shares of one total: no point beside has a higher likelihood.
    let common = regularity(&own, &[10], RegularityMethod::Common).unwrap().k;
    let total: f64 = own.iter().sum();
    let log = |k: f64| {
        ln_gamma(n * k) - n * ln_gamma(k) + (k - 1.0) * own.iter().map(|v| (v / total).ln()).sum::<f64>()
    };
    assert!(log(common) > log(common * 1.001) && log(common) > log(common / 1.001));
}

#[test]
fn purchases_on_cdnow_are_random_or_come_in_bursts() {
    let (keys, days, amounts) = crate::cdnow_log();
    let log = Log::new(&keys[..], Times::Days(&days)).amounts(&amounts[..]);
    let end = Moment::Day(parse_date("1997-09-30").unwrap());
    let found = intervals(&log, &SummaryOptions::new().observation_end(end), &Control::new()).unwrap();
    let calibration = crate::cdnow().calibration;
    let counts: Vec<f64> = found.per_customer.iter().map(|n| *n as f64).collect();
    assert_eq!(counts, calibration.frequency());
    // In days, where the summary is in weeks.
    assert!(
        (found.lengths.iter().sum::<f64>() / 7.0 - calibration.recency().iter().sum::<f64>()).abs() < 1e-9
    );
    for method in [RegularityMethod::Wheat, RegularityMethod::Common] {
        let found = regularity(&found.lengths, &found.per_customer, method).unwrap();
        println!("{method:?} {found:?}");
        assert!(found.k > 0.5 && found.k < 1.5, "{method:?} {found:?}");
    }
}

#[test]
fn what_cannot_be_estimated_is_refused() {
    let error = regularity(&[1.0, 0.0], &[2], RegularityMethod::Wheat).unwrap_err();
    assert_eq!((error.kind(), error.row()), (ErrorKind::InvalidData, Some(1)), "{error}");
    let error = regularity(&[1.0, 2.0], &[1], RegularityMethod::Wheat).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidShape, "{error}");
    let error = regularity(&[1.0, 2.0], &[1, 1], RegularityMethod::Wheat).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotEnoughData, "{error}");
    for method in ALL {
        // Clockwork.
        let error = regularity(&[2.0; 40], &[40], method).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotEnoughData, "{method:?} {error}");
    }
}
