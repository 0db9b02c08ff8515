//! A family of smooth functions of a positive number, interpolated octave by octave to nearly full precision.
//!
//! Many customers share everything but their age T, and an expensive quantity is an analytic function of ln(α + T).
//! On an octave \[2ᵏ, 2ᵏ⁺¹) a polynomial of degree 17 in log₂ through Chebyshev points meets such a function to rounding:
//! with singularities no nearer than π/2 from the real axis the error is below 9⁻¹⁷ ≈ 6e-17.
//!
//! Where a function is steep, such as (α + T)^(r + x), its logarithm is interpolated instead: the error is then relative to each value,
//! not to the largest of the octave.
//!
//! Octaves are fixed, not fitted to the data, so that a customer's value never depends on who else is scored, nor on which thread
//! met the octave first.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Points per octave.
const POINTS: usize = 18;

type Powers = [f64; POINTS];

/// A polynomial in the place within the octave, for the function or for its logarithm.
#[derive(Debug)]
struct Cell {
    powers: Powers,
    of_logarithm: bool,
}

/// A function that changes by more than this factor over an octave is steep.
const STEEP: f64 = 16.0;

/// f(key, x), smooth in ln x for every key; threads share what has been computed.
///
/// ```
/// use cam_core::math::octaves::Octaves;
/// let powers = Octaves::new(|key: f64, x: f64| x.powf(-key));
/// let mut reader = powers.reader();
/// assert!((reader.at(1.5, 7.0) - 7f64.powf(-1.5)).abs() < 1e-15);
/// ```
#[derive(Debug)]
pub struct Octaves<F> {
    f: F,
    cells: RwLock<HashMap<(u64, i32), Arc<Cell>>>,
}

impl<F: Fn(f64, f64) -> f64> Octaves<F> {
    /// An interpolant of `f`, which is called only for keys and octaves that are visited.
    pub fn new(f: F) -> Self {
        Octaves { f, cells: RwLock::default() }
    }

    /// A view for one thread, which remembers the octaves it has met.
    pub fn reader(&self) -> Reader<'_, F> {
        Reader { octaves: self, near: std::array::from_fn(|_| None) }
    }

    fn cell(&self, key: f64, octave: f64) -> Arc<Cell> {
        let place = (key.to_bits(), octave as i32);
        if let Some(cell) = self.cells.read().unwrap_or_else(PoisonError::into_inner).get(&place) {
            return Arc::clone(cell);
        }
        // Two threads may both come here; they compute the same bits.
        let mut values = points().map(|t| (self.f)(key, (octave + 0.5 * (t + 1.0)).exp2()));
        let (low, high) = values.iter().fold((f64::INFINITY, 0.0_f64), |(l, h), v| (v.min(l), v.max(h)));
        let of_logarithm = low > 0.0 && high > STEEP * low;
        if of_logarithm {
            values = values.map(f64::ln);
        }
        let cell = Arc::new(Cell { powers: powers(&values), of_logarithm });
        self.cells.write().unwrap_or_else(PoisonError::into_inner).insert(place, Arc::clone(&cell));
        cell
    }
}

/// Places for octaves met; two that fall into one place take turns.
const NEAR: usize = 128;

/// One thread's view of [`Octaves`].
#[derive(Debug)]
pub struct Reader<'a, F> {
    octaves: &'a Octaves<F>,
    near: [Option<(f64, f64, Arc<Cell>)>; NEAR],
}

impl<F: Fn(f64, f64) -> f64> Reader<'_, F> {
    /// f(key, x), x > 0.
    #[inline]
    pub fn at(&mut self, key: f64, x: f64) -> f64 {
        self.at_log2(key, x.log2())
    }

    /// f(key, 2^log).
    #[inline]
    pub fn at_log2(&mut self, key: f64, log: f64) -> f64 {
        if !log.is_finite() {
            return (self.octaves.f)(key, log.exp2());
        }
        let octave = floor(log);
        let mixed = key.to_bits().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let place = (mixed as usize).wrapping_add(octave as i64 as usize) % NEAR;
        let cell = match &self.near[place] {
            Some((k, o, cell)) if *k == key && *o == octave => cell,
            _ => &self.near[place].insert((key, octave, self.octaves.cell(key, octave))).2,
        };
        let value = polynomial(&cell.powers, 2.0 * (log - octave) - 1.0);
        if cell.of_logarithm { value.exp() } else { value }
    }
}

/// ⌊x⌋ for |x| < 2⁵¹, without a call: adding 1.5 · 2⁵² rounds to the nearest.
#[inline]
fn floor(x: f64) -> f64 {
    const ROUNDER: f64 = 6755399441055744.0;
    let nearest = (x + ROUNDER) - ROUNDER;
    if nearest > x { nearest - 1.0 } else { nearest }
}

/// π (j + 1/2)/n: the Chebyshev points of the first kind are the cosines.
fn angle(j: usize) -> f64 {
    std::f64::consts::PI * (j as f64 + 0.5) / POINTS as f64
}

fn points() -> Powers {
    std::array::from_fn(|j| angle(j).cos())
}

/// The polynomial through values at the Chebyshev points of \[−1, 1\], by powers: with coefficients that fall as 9⁻ᵏ the change from
/// Chebyshev polynomials, whose coefficients grow as 2ᵏ, loses nothing.
fn powers(values: &Powers) -> Powers {
    let mut powers = [0.0; POINTS];
    // T_k and T_{k−1} by powers.
    let (mut current, mut before) = ([0.0; POINTS], [0.0; POINTS]);
    current[0] = 1.0;
    for k in 0..POINTS {
        let sum: f64 = (0..POINTS).map(|j| values[j] * (k as f64 * angle(j)).cos()).sum();
        let c = sum * if k == 0 { 1.0 } else { 2.0 } / POINTS as f64;
        for (power, t) in powers.iter_mut().zip(&current) {
            *power += c * t;
        }
        let mut next = [0.0; POINTS];
        for i in 1..POINTS {
            next[i] = if k == 0 { current[i - 1] } else { 2.0 * current[i - 1] - before[i] };
        }
        if k > 0 {
            next[0] = -before[0];
        }
        (current, before) = (next, current);
    }
    powers
}

/// Σ cₖ tᵏ in four chains, which the processor runs side by side.
#[inline]
fn polynomial(c: &Powers, t: f64) -> f64 {
    let t2 = t * t;
    let t4 = t2 * t2;
    let chain = |first: usize| {
        let mut sum = 0.0;
        let mut k = first + 4 * ((POINTS - 1 - first) / 4);
        loop {
            sum = sum * t4 + c[k];
            if k < 4 {
                return sum;
            }
            k -= 4;
        }
    };
    (chain(0) + t2 * chain(2)) + t * (chain(1) + t2 * chain(3))
}
