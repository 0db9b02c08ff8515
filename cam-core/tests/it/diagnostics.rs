//! R̂ and effective sample sizes against ArviZ, and at their limits.

use cam_core::math::diagnostics::{diagnose, quantile};

/// The chain of `testdata/generate_diagnostics.py`, bit for bit.
fn chain(number: u32, draws: usize, rho: f64, apart: f64, kind: &str) -> Vec<f64> {
    let mut state = 12345_u32.wrapping_add(number.wrapping_mul(7919));
    let (mut x, mut out) = (0.0, Vec::new());
    for i in 0..draws + 50 {
        state = state.wrapping_mul(1664525).wrapping_add(1013904223);
        x = rho * x + ((f64::from(state) + 0.5) / 4294967296.0 - 0.5);
        if i < 50 {
            continue;
        }
        let value: f64 = x + apart * f64::from(number);
        out.push(match kind {
            "drift" => value + 2.0 * (i - 50) as f64 / draws as f64,
            "heavy" => {
                value * value * value / (0.01 + value * value) * 1.0 / (0.001 + (0.5 - value.abs()).abs())
            }
            "ties" => (4.0 * value).floor(),
            "wide" => value * (1.0 + f64::from(number)),
            _ => value,
        });
    }
    out
}

#[test]
fn they_are_those_of_arviz() {
    let text = crate::testdata("diagnostics.csv");
    let mut rows = 0;
    for line in text.lines().skip(2) {
        let cell: Vec<&str> = line.split(',').collect();
        let number = |i: usize| cell[i].parse::<f64>().unwrap();
        let chains: Vec<Vec<f64>> = (0..number(0) as u32)
            .map(|c| chain(c, number(1) as usize, number(2), number(3), cell[4]))
            .collect();
        let found = diagnose(&chains);
        for (name, got, want) in
            [("r_hat", found.r_hat, 5), ("ess_bulk", found.ess_bulk, 6), ("ess_tail", found.ess_tail, 7)]
        {
            // ArviZ gives no R̂ of one chain, though its halves could be compared as those of any other.
            if number(want).is_nan() {
                assert!(chains.len() == 1 && got > 0.99, "{line}: {name} {got}");
                continue;
            }
            // Sums of thousands of products in another order.
            assert!((got / number(want) - 1.0).abs() < 1e-9, "{line}: {name} {got}");
        }
        rows += 1;
    }
    assert_eq!(rows, 60);
}

#[test]
fn what_cannot_be_compared_is_nan() {
    let draws = chain(0, 100, 0.0, 0.0, "plain");
    let mut hole = draws.clone();
    hole[7] = f64::NAN;
    let unequal = [draws.clone(), draws[1..].to_vec()];
    for chains in [&[][..], &[vec![1.0, 2.0, 3.0]], &[hole], &unequal] {
        let found = diagnose(chains);
        assert!(found.r_hat.is_nan() && found.ess_bulk.is_nan() && found.ess_tail.is_nan());
    }
    let constant = diagnose(&[vec![3.0; 50], vec![3.0; 50]]);
    assert!(constant.r_hat.is_nan() && constant.ess_bulk == 100.0 && constant.ess_tail == 100.0);
}

#[test]
fn a_larger_scale_or_another_place_changes_nothing() {
    let chains: Vec<Vec<f64>> = (0..4).map(|c| chain(c, 300, 0.7, 0.0, "plain")).collect();
    let moved: Vec<Vec<f64>> = chains.iter().map(|c| c.iter().map(|x| (8.0 * x).exp()).collect()).collect();
    let (a, b) = (diagnose(&chains), diagnose(&moved));
    // Ranks are the same; distances from the median, and the interpolated quantiles, are not.
    assert_eq!(a.ess_bulk, b.ess_bulk);
    assert!((a.ess_tail / b.ess_tail - 1.0).abs() < 0.05);
}

#[test]
fn quantiles_interpolate_between_the_values() {
    let mut values = [4.0, 1.0, 3.0, 2.0];
    for (p, want) in [(0.0, 1.0), (1.0, 4.0), (0.5, 2.5), (0.25, 1.75), (1.0 / 3.0, 2.0)] {
        assert!((quantile(&mut values, p) - want).abs() < 1e-15, "{p}");
    }
    assert!(quantile(&mut [], 0.5).is_nan() && quantile(&mut [1.0, f64::NAN], 0.5).is_nan());
    assert!(quantile(&mut values, 1.1).is_nan() && quantile(&mut [7.0], 0.3) == 7.0);
}
