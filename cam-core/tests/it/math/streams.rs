//! Random streams: the published vectors of the generator, and each distribution against its own cumulative distribution.

use cam_core::math::beta::inc_beta;
use cam_core::math::gamma::ln_gamma_1p;
use cam_core::math::incomplete_gamma::{gamma_p, gamma_q};
use cam_core::math::normal::normal_cdf;
use cam_core::math::random::{Stream, philox4x64};

/// Known-answer vectors of Random123 (Salmon et al. 2011), file kat_vectors, philox4x64 10.
#[test]
fn philox_gives_the_published_numbers() {
    assert_eq!(
        philox4x64([0; 4], [0; 2]),
        [0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b]
    );
    assert_eq!(
        philox4x64([u64::MAX; 4], [u64::MAX; 2]),
        [0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0]
    );
    assert_eq!(
        philox4x64(
            [0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89],
            [0x452821e638d01377, 0xbe5466cf34e90c6c]
        ),
        [0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6]
    );
}

#[test]
fn a_stream_depends_on_seed_and_number_only() {
    let first: Vec<u64> = (0..10).map(|i| Stream::new(7, i).next_u64()).collect();
    let mut distinct = first.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 10);
    assert_ne!(Stream::new(7, 0).next_u64(), Stream::new(8, 0).next_u64());
    let mut stream = Stream::new(7, 3);
    assert_eq!(stream.next_u64(), first[3]);
    let block: Vec<u64> = (0..3).map(|_| stream.next_u64()).collect();
    assert_eq!(block, philox4x64([0, 0, 3, 0], [7, 0])[1..]);
    assert_eq!(stream.next_u64(), philox4x64([1, 0, 3, 0], [7, 0])[0]);
}

const DRAWS: usize = 100_000;

/// The Kolmogorov–Smirnov distance times √n; above 1.95 with probability 1e-3 (Smirnov 1948). Seeds are fixed, so a pass
/// is a pass for ever.
fn kolmogorov(mut draws: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    let n = draws.len() as f64;
    draws.sort_by(f64::total_cmp);
    let distance = draws.iter().enumerate().fold(0.0f64, |d, (i, &x)| {
        let c = cdf(x);
        d.max((i as f64 + 1.0) / n - c).max(c - i as f64 / n)
    });
    distance * n.sqrt()
}

fn assert_follows(name: &str, draw: impl Fn(&mut Stream) -> f64, cdf: impl Fn(f64) -> f64) {
    let mut stream = Stream::new(20_11, 1);
    let draws: Vec<f64> = (0..DRAWS).map(|_| draw(&mut stream)).collect();
    assert!(draws.iter().all(|x| x.is_finite()), "{name}");
    let distance = kolmogorov(draws, cdf);
    assert!(distance < 1.95, "{name}: {distance}");
}

#[test]
fn continuous_variates_follow_their_distribution() {
    assert_follows("uniform", Stream::uniform, |x| x);
    assert_follows("exponential", Stream::exponential, |x| -(-x).exp_m1());
    assert_follows("normal", Stream::normal, normal_cdf);
    for shape in [0.01, 0.3, 0.9, 1.0, 1.7, 20.0, 1e6] {
        assert_follows("gamma", |s| s.gamma(shape), |x| gamma_p(shape, x));
    }
    // −a ln X for shapes whose X underflows: P(X > x) = 1 − x^a/Γ(1+a) for tiny x.
    for a in [1e-8, 1e-3] {
        let upper_tail = |y: f64| {
            if y / a > 50.0 { -(-y - ln_gamma_1p(a)).exp_m1() } else { gamma_q(a, (-y / a).exp()) }
        };
        assert_follows("ln gamma", |s| -a * s.ln_gamma_variate(a), upper_tail);
    }
    for (a, b) in [(0.3, 0.2), (0.79, 2.4), (3.0, 5.0), (400.0, 30.0), (1.0, 1.0)] {
        assert_follows("beta", |s| s.beta(a, b), |x| inc_beta(a, b, x));
    }
}

/// χ² of counts against probabilities, cells with an expectation below 10 pooled; then its upper tail probability.
fn chi_square(draws: &[f64], cdf: impl Fn(f64) -> f64) -> f64 {
    let n = draws.len() as f64;
    let top = draws.iter().fold(0.0f64, |m, v| m.max(*v)) as usize;
    let mut counts = vec![0.0; top + 2];
    for &x in draws {
        assert!(x >= 0.0 && x.fract() == 0.0);
        counts[x as usize] += 1.0;
    }
    let (mut statistic, mut cells, mut seen, mut expected, mut before) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (k, count) in counts.iter().enumerate() {
        let c = if k <= top { cdf(k as f64) } else { 1.0 };
        expected += n * (c - before);
        seen += count;
        before = c;
        if expected >= 10.0 && (n * (1.0 - c) >= 10.0 || k > top) {
            statistic += (seen - expected) * (seen - expected) / expected;
            cells += 1.0;
            (seen, expected) = (0.0, 0.0);
        }
    }
    gamma_q(0.5 * (cells - 1.0), 0.5 * statistic)
}

#[test]
fn counts_follow_their_distribution() {
    let draw = |f: &dyn Fn(&mut Stream) -> f64| -> Vec<f64> {
        let mut stream = Stream::new(20_11, 2);
        (0..DRAWS).map(|_| f(&mut stream)).collect()
    };
    for mean in [0.1, 3.0, 9.9, 10.1, 37.0, 300.0] {
        let tail = chi_square(&draw(&|s| s.poisson(mean)), |k| gamma_q(k + 1.0, mean));
        assert!(tail > 1e-3, "poisson {mean}: {tail}");
    }
    for p in [0.9f64, 0.3, 0.02] {
        let tail = chi_square(&draw(&|s| s.geometric(p)), |k| -((k + 1.0) * (-p).ln_1p()).exp_m1());
        assert!(tail > 1e-3, "geometric {p}: {tail}");
    }
}

#[test]
fn extreme_parameters_give_numbers_or_nan_and_end() {
    let mut s = Stream::new(1, 1);
    for _ in 0..1000 {
        assert_eq!(s.poisson(0.0), 0.0);
        assert_eq!(s.geometric(1.0), 0.0);
        assert!(s.geometric(1e-300) > 1e290);
        // Mean ± 10 standard deviations.
        assert!((s.poisson(1e15) - 1e15).abs() < 10.0 * 1e15f64.sqrt());
        assert!((s.gamma(1e15) - 1e15).abs() < 10.0 * 1e15f64.sqrt());
        assert!(s.ln_gamma_variate(1e-300) < -1e290);
        let b = s.beta(1e-8, 1e-8);
        assert!((0.0..=1.0).contains(&b));
        let u = s.uniform();
        assert!(u > 0.0 && u < 1.0);
    }
    for bad in [0.0, -1.0, f64::NAN] {
        assert!(s.gamma(bad).is_nan());
        assert!(s.beta(bad, 1.0).is_nan());
        assert!(s.geometric(bad).is_nan());
    }
    assert!(s.poisson(-1.0).is_nan() && s.poisson(f64::NAN).is_nan() && s.poisson(f64::INFINITY).is_nan());
    assert!(s.geometric(1.5).is_nan());
}
