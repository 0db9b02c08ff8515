//! Random streams that do not depend on threads: a counter-based generator, one stream per customer.
//!
//! Philox4x64-10 of Salmon, Moraes, Dror & Shaw (2011), *Parallel random numbers: as easy as 1, 2, 3*, SC'11. It is a
//! keyed bijection of 256-bit counters: the seed is the key, the stream is part of the counter, so two streams of one
//! seed never overlap, and the numbers of customer 17 are the same whoever draws them, in whatever order.
//!
//! Distributions: normal by Box & Muller (1958), gamma by Marsaglia & Tsang (2000, *ACM TOMS* 26, 363–372), Poisson by
//! multiplication below a mean of 10 and by the transformed rejection PTRS of Hörmann (1993, *Insurance: Mathematics
//! and Economics* 12, 39–45) above. Parameters outside the domain give NaN.

use super::exp_log::log1pmx;
use super::gamma::stirling_remainder;

/// The block function: ten rounds on a 256-bit counter under a 128-bit key.
pub fn philox4x64(mut counter: [u64; 4], mut key: [u64; 2]) -> [u64; 4] {
    const MULTIPLIER: [u64; 2] = [0xD2E7_470E_E14C_6C93, 0xCA5A_8263_9512_1157];
    // The golden ratio and √3 − 1, as fractions of 2⁶⁴: the increments of the key.
    const WEYL: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xBB67_AE85_84CA_A73B];
    for round in 0..10 {
        if round > 0 {
            key[0] = key[0].wrapping_add(WEYL[0]);
            key[1] = key[1].wrapping_add(WEYL[1]);
        }
        let first = u128::from(counter[0]) * u128::from(MULTIPLIER[0]);
        let second = u128::from(counter[2]) * u128::from(MULTIPLIER[1]);
        counter = [
            (second >> 64) as u64 ^ counter[1] ^ key[0],
            second as u64,
            (first >> 64) as u64 ^ counter[3] ^ key[1],
            first as u64,
        ];
    }
    counter
}

/// One of 2⁶⁴ independent streams of random numbers under a seed.
///
/// ```
/// # use cam_core::math::random::Stream;
/// let mut customer_17 = Stream::new(42, 17);
/// let first = customer_17.uniform();
/// assert_eq!(first, Stream::new(42, 17).uniform());
/// assert_ne!(first, Stream::new(42, 18).uniform());
/// ```
#[derive(Debug, Clone)]
pub struct Stream {
    seed: u64,
    stream: u64,
    block: u64,
    buffer: [u64; 4],
    used: usize,
}

impl Stream {
    /// The stream of this number under this seed.
    pub fn new(seed: u64, stream: u64) -> Stream {
        Stream { seed, stream, block: 0, buffer: [0; 4], used: 4 }
    }

    /// 64 random bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        if self.used == 4 {
            self.buffer = philox4x64([self.block, 0, self.stream, 0], [self.seed, 0]);
            self.block = self.block.wrapping_add(1);
            self.used = 0;
        }
        let value = self.buffer[self.used];
        self.used += 1;
        value
    }

    /// Uniform on the open interval (0, 1): an odd multiple of 2⁻⁵³.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1u64 << 53) as f64;
        ((self.next_u64() >> 12) * 2 + 1) as f64 * STEP
    }

    /// Exponential with mean 1.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }

    /// Standard normal. Two uniforms each, none kept back, so that a stream's position is plain.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        let radius = (2.0 * self.exponential()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Gamma(shape, 1), shape > 0. For small shapes the result may underflow to 0; see
    /// [`ln_gamma_variate`](Stream::ln_gamma_variate).
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape >= 1.0 { self.marsaglia_tsang(shape) } else { self.ln_gamma_variate(shape).exp() }
    }

    /// The logarithm of a Gamma(shape, 1) variate, shape > 0, which is finite where the variate itself underflows.
    ///
    /// Below shape 1, Gamma(a) is Gamma(a+1) · U^(1/a).
    pub fn ln_gamma_variate(&mut self, shape: f64) -> f64 {
        if shape >= 1.0 {
            self.marsaglia_tsang(shape).ln()
        } else if shape > 0.0 {
            self.marsaglia_tsang(shape + 1.0).ln() - self.exponential() / shape
        } else {
            f64::NAN
        }
    }

    /// Marsaglia & Tsang (2000), for shape ≥ 1.
    fn marsaglia_tsang(&mut self, shape: f64) -> f64 {
        if !shape.is_finite() {
            return if shape > 0.0 { shape } else { f64::NAN };
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            // Accepted with probability above 0.95 for every shape, so this ends.
            let x = self.normal();
            let root = 1.0 + c * x;
            if root <= 0.0 {
                continue;
            }
            let v = root * root * root;
            let e = self.exponential();
            // ln U < x²/2 + d − dv + d ln v; d (ln v − (v − 1)) without cancellation for large shapes.
            if -e < 0.5 * x * x + d * log1pmx(v - 1.0) {
                return d * v;
            }
        }
    }

    /// Beta(a, b), a, b > 0, from the logarithms of two gamma variates: sound for the smallest shapes, where all mass
    /// sits at 0 and 1.
    pub fn beta(&mut self, a: f64, b: f64) -> f64 {
        let x = self.ln_gamma_variate(a);
        let y = self.ln_gamma_variate(b);
        super::exp_log::logistic(x - y)
    }

    /// Poisson(mean), mean ≥ 0, as a whole number in an f64.
    pub fn poisson(&mut self, mean: f64) -> f64 {
        if !(mean >= 0.0) || mean == f64::INFINITY {
            return f64::NAN;
        }
        if mean < 10.0 {
            // Arrivals of a unit-rate process before `mean`.
            let floor = (-mean).exp();
            let mut product = self.uniform();
            let mut count = 0.0;
            while product > floor {
                product *= self.uniform();
                count += 1.0;
            }
            return count;
        }
        self.transformed_rejection(mean)
    }

    /// Hörmann's PTRS for mean ≥ 10.
    fn transformed_rejection(&mut self, mean: f64) -> f64 {
        let b = 0.931 + 2.53 * mean.sqrt();
        let a = -0.059 + 0.02483 * b;
        let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
        let squeeze = 0.9277 - 3.6224 / (b - 2.0);
        loop {
            let u = self.uniform() - 0.5;
            let v = self.uniform();
            let us = 0.5 - u.abs();
            let k = ((2.0 * a / us + b) * u + mean + 0.43).floor();
            if us >= 0.07 && v <= squeeze {
                return k;
            }
            if k < 0.0 || (us < 0.013 && v > us) {
                continue;
            }
            if (v * inverse_alpha / (a / (us * us) + b)).ln() <= ln_poisson(k, mean) {
                return k;
            }
        }
    }

    /// The number of successes in `trials` (a whole number, up to 2⁵³) that each succeed with probability p ∈ \[0, 1\]; NaN otherwise.
    ///
    /// Many trials are halved: the middle one of their uniforms, in order, is a beta variate, and says how many lie to its left
    /// (Relles 1972, *Journal of the American Statistical Association* 67, 612–613). Few successes are counted by the waiting times between them.
    pub fn binomial(&mut self, trials: f64, p: f64) -> f64 {
        if !(trials >= 0.0 && trials <= (1u64 << 53) as f64 && (0.0..=1.0).contains(&p)) {
            return f64::NAN;
        }
        let (mut n, mut p, mut successes) = (trials, p, 0.0);
        while n > 0.0 && p > 0.0 {
            if p > 0.5 {
                // 1 − p is exact from here on.
                return successes + n - self.binomial(n, 1.0 - p);
            }
            if n * p < 12.0 {
                let mut at = self.geometric(p);
                while at < n {
                    successes += 1.0;
                    at += 1.0 + self.geometric(p);
                }
                return successes;
            }
            let middle = (0.5 * n).floor() + 1.0;
            let at = self.beta(middle, n - middle + 1.0);
            if at <= p {
                successes += middle;
                (n, p) = (n - middle, (p - at) / (1.0 - at));
            } else {
                (n, p) = (middle - 1.0, p / at);
            }
        }
        successes
    }

    /// The number of failures before the first success, 0, 1, 2, …, of trials that succeed with probability p ∈ (0, 1];
    /// NaN otherwise.
    pub fn geometric(&mut self, p: f64) -> f64 {
        if !(p > 0.0 && p <= 1.0) {
            return f64::NAN;
        }
        let e = self.exponential();
        if p == 1.0 { 0.0 } else { (e / -(-p).ln_1p()).floor() }
    }
}

/// ln of the Poisson probability of k.
fn ln_poisson(k: f64, mean: f64) -> f64 {
    if k < 10.0 {
        return k * mean.ln() - mean - libm::lgamma(k + 1.0);
    }
    // −½ ln 2πk − S(k) + k (ln(1+t) − t), t = (mean − k)/k.
    -0.5 * (std::f64::consts::TAU * k).ln() - stirling_remainder(k) + k * log1pmx((mean - k) / k)
}
