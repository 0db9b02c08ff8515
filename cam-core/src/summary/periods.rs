//! The distinct purchase periods of one customer, in one or two bytes each.
//!
//! Periods grow, so only the steps between them are kept: as LEB128 numbers, 7 bits a byte, low bits first. A purchase every few days or
//! weeks costs a byte; a later period is appended; an earlier one means that the list is merged and rewritten.

/// A growing set of period codes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Periods {
    first: i64,
    last: i64,
    /// Steps from each period to the next, the first period left out.
    steps: Vec<u8>,
    any: bool,
}

impl Periods {
    pub(super) fn first(&self) -> Option<i64> {
        self.any.then_some(self.first)
    }

    pub(super) fn last(&self) -> Option<i64> {
        self.any.then_some(self.last)
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.steps.capacity()
    }

    /// Adds periods that come in order (repeats are allowed).
    pub(super) fn insert(&mut self, sorted: &[i64]) {
        let Some(&head) = sorted.first() else { return };
        if !self.any || head >= self.last {
            sorted.iter().for_each(|&code| self.append(code));
            return;
        }
        // Most rewrites would change nothing or little; decode, merge, encode.
        let old = std::mem::take(self);
        self.steps.reserve(old.steps.len() + 2 * sorted.len());
        let mut new = sorted.iter().copied().peekable();
        for code in old.iter() {
            while let Some(earlier) = new.next_if(|&n| n < code) {
                self.append(earlier);
            }
            self.append(code);
        }
        new.for_each(|code| self.append(code));
    }

    /// Adds a period not before the last one.
    #[inline(always)]
    fn append(&mut self, code: i64) {
        if !self.any {
            (self.first, self.last, self.any) = (code, code, true);
        } else if code > self.last {
            // The difference of two i64 in order always fits into a u64.
            let mut step = code.wrapping_sub(self.last) as u64;
            while step >= 0x80 {
                self.steps.push(step as u8 | 0x80);
                step >>= 7;
            }
            self.steps.push(step as u8);
            self.last = code;
        }
    }

    /// The periods, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        let mut bytes = self.steps.iter();
        let mut code = self.first;
        let rest = std::iter::from_fn(move || {
            let (mut step, mut shift) = (0_u64, 0);
            loop {
                let byte = *bytes.next()?;
                step |= u64::from(byte & 0x7f) << shift;
                if byte < 0x80 {
                    break;
                }
                shift += 7;
            }
            code = code.wrapping_add(step as i64);
            Some(code)
        });
        self.any.then_some(self.first).into_iter().chain(rest)
    }

    /// The parts as they are stored.
    pub(super) fn parts(&self) -> Option<(i64, &[u8])> {
        self.any.then_some((self.first, &self.steps))
    }

    /// From stored parts; `None` when the steps are cut off, too long, zero, or run past the end of time.
    pub(super) fn from_parts(first: i64, steps: Vec<u8>) -> Option<Self> {
        let (mut last, mut step, mut shift) = (first, 0_u64, 0_u32);
        for &byte in &steps {
            let bits = u64::from(byte & 0x7f);
            if shift >= 64 || (bits << shift) >> shift != bits {
                return None;
            }
            step |= bits << shift;
            shift += 7;
            if byte < 0x80 {
                last = last.checked_add_unsigned(step).filter(|_| step > 0)?;
                (step, shift) = (0, 0);
            }
        }
        (shift == 0).then_some(Periods { first, last, steps, any: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_come_back_sorted_and_distinct_whatever_the_order() {
        let codes = [5, 900, 5, -3, 1 << 40, 901, i64::MIN + 1, 0, i64::MAX, 900];
        let mut all = Periods::default();
        for code in codes {
            all.insert(&[code]);
        }
        let mut expected = codes.to_vec();
        expected.sort_unstable();
        expected.dedup();
        assert_eq!(all.iter().collect::<Vec<_>>(), expected);
        let (first, steps) = all.parts().unwrap();
        assert_eq!(Periods::from_parts(first, steps.to_vec()).as_ref(), Some(&all));
    }

    #[test]
    fn broken_steps_are_refused() {
        assert_eq!(Periods::from_parts(0, vec![0x80]), None);
        assert_eq!(Periods::from_parts(0, vec![0]), None);
        assert_eq!(Periods::from_parts(0, vec![0xff; 11]), None);
        assert_eq!(Periods::from_parts(i64::MAX, vec![1]), None);
    }

    #[test]
    fn a_purchase_every_few_days_costs_a_byte() {
        let mut periods = Periods::default();
        (0..100).for_each(|i| periods.insert(&[i * 5]));
        assert_eq!(periods.parts().unwrap().1.len(), 99);
    }
}
