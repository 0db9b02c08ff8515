//! A family of smooth functions of a positive number, interpolated octave by octave to nearly full precision.
//!
//! Many customers share everything but their age T, and an expensive quantity is an analytic function of ln(α + T).
//! On an octave \[2ᵏ, 2ᵏ⁺¹) a polynomial of degree 17 in log₂ through Chebyshev points meets such a function to rounding:
//! with singularities no nearer than π/2 from the real axis the error is below 9⁻¹⁷ ≈ 6e-17.
//!
//! Where a function is steep, such as (α + T)^(r + x), its logarithm is interpolated instead: the error is then relative to each value,
//! not to the largest of the octave. Where it is so steep that it underflows within an octave, it is computed each time.
//!
//! Octaves are fixed, not fitted to the data, so that a customer's value never depends on who else is scored, nor on which thread
//! met the octave first.

use super::vector::{Kernel, Ln, Wide, widest};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};

/// Points per octave.
const POINTS: usize = 18;

type Powers = [f64; POINTS];

/// What is known of a function on an octave.
#[derive(Debug)]
struct Cell {
    /// A polynomial in the place within the octave.
    powers: Powers,
    of: Of,
}

/// What the polynomial gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Function,
    Logarithm,
    /// Nothing: some values underflow, and others do not, so that neither the function nor its logarithm is smooth. It is called each time.
    Nothing,
}

/// A function that changes by more than this factor over an octave is steep.
const STEEP: f64 = 16.0;
/// From here on down numbers have fewer digits, or will soon.
const SOUND: f64 = 1e-290;

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
    /// What readers that are gone remembered: for the next ones.
    memories: Mutex<Vec<Memory>>,
}

impl<F: Fn(f64, f64) -> f64> Octaves<F> {
    /// An interpolant of `f`, which is called only for keys and octaves that are visited.
    pub fn new(f: F) -> Self {
        Octaves { f, cells: RwLock::default(), memories: Mutex::default() }
    }

    /// A view for one thread, which remembers the octaves it has met.
    pub fn reader(&self) -> Reader<'_, F> {
        let memory = self.memories.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Reader { octaves: self, memory: Some(memory.unwrap_or_default()) }
    }

    fn cell(&self, key: f64, octave: f64) -> Arc<Cell> {
        let place = (key.to_bits(), octave as i32);
        if let Some(cell) = self.cells.read().unwrap_or_else(PoisonError::into_inner).get(&place) {
            return Arc::clone(cell);
        }
        // Two threads may both come here; they compute the same bits.
        let mut values = CHEBYSHEV.points.map(|t| (self.f)(key, (octave + 0.5 * (t + 1.0)).exp2()));
        let (low, high) = values.iter().fold((f64::INFINITY, 0.0_f64), |(l, h), v| (v.min(l), v.max(h)));
        let of = match low {
            0.0..SOUND if high > 0.0 => Of::Nothing,
            _ if low > 0.0 && high > STEEP * low => Of::Logarithm,
            _ => Of::Function,
        };
        if of == Of::Logarithm {
            values = values.map(f64::ln);
        }
        let powers = product(&CHEBYSHEV.powers, &product(&CHEBYSHEV.coefficients, &values));
        let cell = Arc::new(Cell { powers, of });
        self.cells.write().unwrap_or_else(PoisonError::into_inner).insert(place, Arc::clone(&cell));
        cell
    }

    fn interpolated(&self, near: &mut Near, key: f64, log: f64) -> f64 {
        if !log.is_finite() {
            return (self.f)(key, log.exp2());
        }
        let octave = floor(log);
        let place = (mixed(key.to_bits()) as usize).wrapping_add(octave as i64 as usize) % NEAR;
        let cell = match &near[place] {
            Some((k, o, cell)) if *k == key && *o == octave => cell,
            _ => &near[place].insert((key, octave, self.cell(key, octave))).2,
        };
        let value = || polynomial(&cell.powers, 2.0 * (log - octave) - 1.0);
        match cell.of {
            Of::Function => value(),
            Of::Logarithm => value().exp(),
            Of::Nothing => (self.f)(key, log.exp2()),
        }
    }
}

/// Places for octaves met; two that fall into one place take turns.
const NEAR: usize = 128;
type Near = [Option<(f64, f64, Arc<Cell>)>; NEAR];

/// Places for values met: customers with the same frequency and age are many where time is counted in days.
const KNOWN: usize = 4096;

/// A value, under its key and its x less the shift.
#[derive(Debug, Clone, Copy)]
struct Known {
    key: f64,
    x: f64,
    value: f64,
}

/// What one thread remembers.
#[derive(Debug)]
struct Memory {
    near: Box<Near>,
    known: Box<[Known; KNOWN]>,
    /// The shift that the known values are for.
    shift: f64,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory { near: Box::new(std::array::from_fn(|_| None)), known: nothing_known(), shift: 0.0 }
    }
}

fn nothing_known() -> Box<[Known; KNOWN]> {
    // NaN is equal to nothing that is looked up.
    Box::new([Known { key: f64::NAN, x: f64::NAN, value: f64::NAN }; KNOWN])
}

#[inline(always)]
fn mixed(bits: u64) -> u64 {
    bits.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32
}

/// One thread's view of [`Octaves`].
#[derive(Debug)]
pub struct Reader<'a, F> {
    octaves: &'a Octaves<F>,
    /// None only while it is dropped.
    memory: Option<Memory>,
}

/// Numbers of [`Reader::fill`] at a time.
const BLOCK: usize = 256;

impl<F: Fn(f64, f64) -> f64> Reader<'_, F> {
    /// f(key, x), x > 0.
    #[inline]
    pub fn at(&mut self, key: f64, x: f64) -> f64 {
        self.at_log2(key, x.log2())
    }

    /// f(key, 2^log).
    #[inline]
    pub fn at_log2(&mut self, key: f64, log: f64) -> f64 {
        match &mut self.memory {
            Some(memory) => self.octaves.interpolated(&mut memory.near, key, log),
            None => f64::NAN,
        }
    }

    /// `out[i]` = f(key, shift + x) where (key, x) = `place(i)` and shift + x > 0: what was computed for an equal place is found again.
    pub fn fill(&mut self, shift: f64, out: &mut [f64], place: impl Fn(usize) -> (f64, f64)) {
        let Some(memory) = &mut self.memory else { return };
        if memory.shift != shift {
            memory.known = nothing_known();
            memory.shift = shift;
        }
        let (mut missing, mut logs) = ([0u32; BLOCK], [0.0; BLOCK]);
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let mut misses = 0;
            for (i, out) in out.iter_mut().enumerate() {
                let (key, x) = place(block * BLOCK + i);
                let known = &memory.known[slot(key, x)];
                *out = known.value;
                missing[misses] = i as u32;
                misses += usize::from((known.key != key) | (known.x != x));
            }
            let (missing, logs) = (&missing[..misses], &mut logs[..misses]);
            for (log, i) in logs.iter_mut().zip(missing) {
                *log = shift + place(block * BLOCK + *i as usize).1;
            }
            widest(Log2(logs));
            for (&log, &i) in logs.iter().zip(missing) {
                let (key, x) = place(block * BLOCK + i as usize);
                let value = self.octaves.interpolated(&mut memory.near, key, log);
                out[i as usize] = value;
                memory.known[slot(key, x)] = Known { key, x, value };
            }
        }
    }
}

/// Where a value is remembered.
#[inline(always)]
fn slot(key: f64, x: f64) -> usize {
    let h = (key.to_bits() ^ x.to_bits().rotate_left(21)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((h ^ (h >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 52) as usize % KNOWN
}

impl<F> Drop for Reader<'_, F> {
    fn drop(&mut self) {
        if let Some(memory) = self.memory.take() {
            self.octaves.memories.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
        }
    }
}

/// log₂ of every number, as the slice kernels take it.
struct Log2<'a>(&'a mut [f64]);

impl Wide for Log2<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        Ln::over(self.0);
        for v in self.0.iter_mut() {
            *v *= std::f64::consts::LOG2_E;
        }
    }
}

/// ⌊x⌋ for |x| < 2⁵¹, without a call: adding 1.5 · 2⁵² rounds to the nearest.
#[inline]
fn floor(x: f64) -> f64 {
    const ROUNDER: f64 = 6755399441055744.0;
    let nearest = (x + ROUNDER) - ROUNDER;
    if nearest > x { nearest - 1.0 } else { nearest }
}

/// The Chebyshev points of the first kind on \[−1, 1\], and two matrices: from values there to the coefficients of Chebyshev polynomials,
/// and from those to powers.
struct Chebyshev {
    points: Powers,
    coefficients: Matrix,
    powers: Matrix,
}

type Matrix = [Powers; POINTS];

/// Two steps, not their product: the coefficients fall as 9⁻ᵏ and the powers of the polynomials grow as 2ᵏ, so that one after the other
/// loses nothing, while the product of the matrices has large entries that cancel.
static CHEBYSHEV: LazyLock<Chebyshev> = LazyLock::new(|| {
    let angle = |j: usize| std::f64::consts::PI * (j as f64 + 0.5) / POINTS as f64;
    let coefficient =
        |k: usize, j: usize| (k as f64 * angle(j)).cos() * if k == 0 { 1.0 } else { 2.0 } / POINTS as f64;
    let mut powers = [[0.0; POINTS]; POINTS];
    // T_k and T_{k−1} by powers.
    let (mut current, mut before) = ([0.0; POINTS], [0.0; POINTS]);
    current[0] = 1.0;
    for k in 0..POINTS {
        for (row, t) in powers.iter_mut().zip(&current) {
            row[k] = *t;
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
    Chebyshev {
        points: std::array::from_fn(|j| angle(j).cos()),
        coefficients: std::array::from_fn(|k| std::array::from_fn(|j| coefficient(k, j))),
        powers,
    }
});

fn product(matrix: &Matrix, vector: &Powers) -> Powers {
    matrix.map(|row| row.iter().zip(vector).map(|(m, v)| m * v).sum())
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
