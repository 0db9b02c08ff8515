//! Sums of amounts that do not depend on the order of the rows.
//!
//! Rows may come in any order, in batches, and from several machines, and the answer must have the same bits every
//! time. Ordinary floating-point sums do not: (a + b) + c ≠ a + (b + c). Sorting the amounts before adding would do for one
//! log, but not for a stream. So sums are kept *exactly*, and rounded once, when they are read.
//!
//! [`ExactSum`] holds a sum as `hi + lo`. Knuth's two-sum (The Art of Computer Programming, vol. 2, 4.2.2, theorem B) gives the
//! rounding error of `hi + x` exactly; that error goes to `lo`, in the same way. Two doubles hold every sum of amounts whose largest
//! and smallest digits lie within 106 bits – all money there is. What even `lo` cannot hold is handed
//! back, and kept by the caller in [`Spill`]: a list of doubles that represents it exactly (Shewchuk 1997,
//! *Adaptive Precision Floating-Point Arithmetic*, Discrete & Computational Geometry 18, 305–363, grow-expansion).

/// Larger amounts are refused, so that no sum of fewer than 10¹⁸ of them can overflow, in whatever order.
pub(super) const LARGEST_AMOUNT: f64 = 1e290;

/// Knuth's two-sum: `s = fl(a + b)` and the exact error `(a + b) − s`.
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let bb = s - a;
    (s, (a - (s - bb)) + (b - bb))
}

/// A sum `hi + lo`, exact as long as every [`add`](ExactSum::add) returned 0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct ExactSum {
    pub(super) hi: f64,
    pub(super) lo: f64,
}

impl ExactSum {
    /// Adds `x`; returns what could not be held, 0 but for amounts of wildly different size.
    #[inline(always)]
    pub(crate) fn add(&mut self, x: f64) -> f64 {
        let (hi, error) = two_sum(self.hi, x);
        let (lo, rest) = two_sum(self.lo, error);
        self.hi = hi;
        self.lo = lo;
        rest
    }

    /// The sum, rounded once: the double nearest to the exact sum, where nothing spilled.
    #[inline(always)]
    pub(crate) fn round(&self) -> f64 {
        // `+ 0.0`: a sum of nothing, or of negative zeros, reads 0 and not −0.
        self.hi + self.lo + 0.0
    }
}

/// What did not fit into `hi + lo`: doubles whose exact sum is the value, none overlapping another.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Spill(pub(super) Vec<f64>);

impl Spill {
    /// Adds `x`, exactly.
    pub(super) fn add(&mut self, mut x: f64) {
        let mut kept = 0;
        for i in 0..self.0.len() {
            let (sum, error) = two_sum(x, self.0[i]);
            if error != 0.0 {
                self.0[kept] = error;
                kept += 1;
            }
            x = sum;
        }
        self.0.truncate(kept);
        if x != 0.0 {
            self.0.push(x);
        }
    }

    /// The double nearest to the exact sum, ties to even.
    pub(super) fn round(&self) -> f64 {
        // The terms grow in size and do not overlap, so adding from the top gives the leading double and its error.
        let mut terms = self.0.iter().rev();
        let mut hi = terms.next().copied().unwrap_or(0.0);
        let mut lo = 0.0;
        for &term in terms.by_ref() {
            (hi, lo) = two_sum(hi, term);
            if lo != 0.0 {
                break;
            }
        }
        // A tie was rounded to even as if nothing followed. If what follows has the sign of `lo`, it was no tie, and the
        // neighbour on that side is nearer.
        if let Some(&next) = terms.next()
            && (lo > 0.0) == (next > 0.0)
        {
            let doubled = 2.0 * lo;
            let moved = hi + doubled;
            if moved - hi == doubled {
                hi = moved;
            }
        }
        hi + 0.0
    }
}

/// The double nearest to the exact sum of some terms, whatever their order.
pub(super) fn round_sum(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    let mut pair = ExactSum::default();
    if terms.clone().all(|term| pair.add(term) == 0.0) {
        return pair.round();
    }
    let mut spill = Spill::default();
    terms.for_each(|term| spill.add(term));
    spill.round()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancelling_amounts_of_any_size_leave_the_small_one() {
        let round_sum = |terms: &[f64]| round_sum(terms.iter().copied());
        assert_eq!(round_sum(&[1e290, 1.0, -1e290]), 1.0);
        assert_eq!(round_sum(&[1.0, 1e290, 1e-290, -1e290]), 1.0);
        assert_eq!(round_sum(&[5e-324, 1e290, -1e290]), 5e-324);
    }

    #[test]
    fn a_tie_is_broken_by_what_follows_it() {
        let half = 2f64.powi(-53);
        assert_eq!(round_sum([1.0, half].into_iter()), 1.0);
        assert_eq!(round_sum([1.0, half, 1e-200].into_iter()), 1.0 + f64::EPSILON);
        assert_eq!(round_sum([1.0, half, -1e-200].into_iter()), 1.0);
    }

    #[test]
    fn a_pair_holds_ordinary_money_exactly() {
        let mut sum = ExactSum::default();
        let cents: Vec<f64> = (1..=100_000).map(|i| f64::from(i) / 100.0).collect();
        assert!(cents.iter().all(|&c| sum.add(c) == 0.0));
        let mut backwards = ExactSum::default();
        assert!(cents.iter().rev().all(|&c| backwards.add(c) == 0.0));
        assert_eq!(sum.round().to_bits(), backwards.round().to_bits());
        assert_eq!(sum.round(), round_sum(cents.into_iter()));
    }

    #[test]
    fn nothing_sums_to_positive_zero() {
        assert_eq!(round_sum([].into_iter()).to_bits(), 0);
        assert_eq!(round_sum([-0.0].into_iter()).to_bits(), 0);
        assert_eq!(ExactSum::default().round().to_bits(), 0);
    }
}
