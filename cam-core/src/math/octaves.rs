//! A smooth positive function of a positive number, interpolated octave by octave to nearly full precision.
//!
//! Many customers share everything but their age T, and an expensive quantity is an analytic function of ln(α + T).
//! On an octave \[2ᵏ, 2ᵏ⁺¹) a polynomial of degree 17 in log₂ through Chebyshev points meets such a function to rounding:
//! with singularities no nearer than π/2 from the real axis the error is below 9⁻¹⁷ ≈ 6e-17.
//!
//! What is interpolated is the logarithm of the function: the error is then relative to each value, not to the largest of the octave, over
//! which a power (α + T)^(r + x) may change by many orders of magnitude. Only where a value has underflowed to 0 is it the function itself.
//!
//! Octaves are fixed, not fitted to the data, so that a customer's value never depends on who else is scored.

/// Points per octave.
const POINTS: usize = 18;

/// The coefficients of every octave that was visited.
pub struct Octaves<F: FnMut(f64) -> f64> {
    f: F,
    cells: Vec<Cell>,
}

struct Cell {
    octave: i32,
    coefficients: [f64; POINTS],
    of_logarithm: bool,
}

impl<F: FnMut(f64) -> f64> Octaves<F> {
    /// An interpolant of `f`, which is called only for octaves that are visited.
    pub fn new(f: F) -> Self {
        Octaves { f, cells: Vec::new() }
    }

    /// f(x), x > 0.
    pub fn at(&mut self, x: f64) -> f64 {
        let log = x.log2();
        let octave = log.floor();
        let key = octave as i32;
        let found = match self.cells.iter().rposition(|cell| cell.octave == key) {
            Some(i) => i,
            None => {
                let mut values = points().map(|t| (self.f)((octave + 0.5 * (t + 1.0)).exp2()));
                let of_logarithm = values.iter().all(|&v| v > 0.0);
                if of_logarithm {
                    values = values.map(f64::ln);
                }
                self.cells.push(Cell { octave: key, coefficients: coefficients(&values), of_logarithm });
                self.cells.len() - 1
            }
        };
        let cell = &self.cells[found];
        let value = clenshaw(&cell.coefficients, 2.0 * (log - octave) - 1.0);
        if cell.of_logarithm { value.exp() } else { value }
    }
}

/// π (j + 1/2)/n: the Chebyshev points of the first kind are the cosines.
fn angle(j: usize) -> f64 {
    std::f64::consts::PI * (j as f64 + 0.5) / POINTS as f64
}

fn points() -> [f64; POINTS] {
    std::array::from_fn(|j| angle(j).cos())
}

/// Chebyshev coefficients of a function on \[−1, 1\] from its values at the points.
fn coefficients(values: &[f64; POINTS]) -> [f64; POINTS] {
    std::array::from_fn(|k| {
        let sum: f64 = (0..POINTS).map(|j| values[j] * (k as f64 * angle(j)).cos()).sum();
        sum * if k == 0 { 1.0 } else { 2.0 } / POINTS as f64
    })
}

fn clenshaw(c: &[f64; POINTS], t: f64) -> f64 {
    let (mut b1, mut b2) = (0.0, 0.0);
    for &ck in c[1..].iter().rev() {
        (b1, b2) = (2.0 * t * b1 - b2 + ck, b1);
    }
    t * b1 - b2 + c[0]
}
