//! Numbers for keys, in the order in which they first turn up.

/// Open addressing with linear probing; the keys themselves are kept by the caller.
#[derive(Debug, Clone, Default)]
pub(super) struct Dictionary {
    /// The lower half of the hash of each key: tells nearly all keys apart without looking at them.
    tags: Vec<u32>,
    /// Number + 1, 0 where free; a power of two, at most half full.
    slots: Vec<u32>,
}

impl Dictionary {
    /// The number of a key with this hash, and whether it is new; `is(n)` tells whether it is key number `n`.
    #[inline(always)]
    pub(super) fn number(&mut self, hash: u64, is: impl Fn(usize) -> bool) -> (u32, bool) {
        if (self.tags.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let tag = hash as u32;
        let mask = self.slots.len() - 1;
        let mut slot = tag as usize & mask;
        while let Some(number) = self.slots[slot].checked_sub(1) {
            if self.tags[number as usize] == tag && is(number as usize) {
                return (number, false);
            }
            slot = (slot + 1) & mask;
        }
        self.tags.push(tag);
        self.slots[slot] = self.tags.len() as u32;
        (self.tags.len() as u32 - 1, true)
    }

    #[cold]
    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(16);
        self.slots = vec![0; size];
        for (number, &tag) in (1..).zip(&self.tags) {
            let mut slot = tag as usize & (size - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = number;
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        (self.tags.capacity() + self.slots.capacity()) * 4
    }
}
