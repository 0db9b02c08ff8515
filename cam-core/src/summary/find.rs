//! What a row carries along so that its key is found again, once rows have been spread over partitions.
//!
//! The best is the key itself: an integer, or a text of up to 15 bytes packed into 128 bits. A longer text stays in the log, and the row leads to
//! it – at the price of a memory access that no cache foresees, a third of the time for text keys.

use super::keys::{Key, KeysRef, hash, image};

/// Finds keys by something small.
pub(super) trait Find: Copy + Sync {
    /// What stands for a key.
    type Id: Copy + Default + Send + Sync;
    /// That of a row.
    fn id(&self, row: usize) -> Self::Id;
    /// The lower half of the hash of the key.
    fn tag(&self, id: Self::Id) -> u64;
    /// Whether two stand for the same key.
    fn same(&self, a: Self::Id, b: Self::Id) -> bool;
    /// Does something with the key.
    fn with_key<T>(&self, id: Self::Id, work: impl FnOnce(Key<'_>) -> T) -> T;
}

/// Integer keys stand for themselves.
#[derive(Clone, Copy)]
pub(super) struct ByInteger<'a>(pub(super) &'a [i64]);

impl Find for ByInteger<'_> {
    type Id = i64;
    #[inline(always)]
    fn id(&self, row: usize) -> i64 {
        self.0[row]
    }
    #[inline(always)]
    fn tag(&self, key: i64) -> u64 {
        hash(Key::Int(key))
    }
    #[inline(always)]
    fn same(&self, a: i64, b: i64) -> bool {
        a == b
    }
    #[inline(always)]
    fn with_key<T>(&self, key: i64, work: impl FnOnce(Key<'_>) -> T) -> T {
        work(Key::Int(key))
    }
}

/// Texts of up to [`SHORT`] bytes, packed: bytes, zeros, and the length in the last byte.
#[derive(Clone, Copy)]
pub(super) struct ByShortText<'a>(pub(super) KeysRef<'a>);

/// The longest text that can be packed.
pub(super) const SHORT: usize = 15;

impl Find for ByShortText<'_> {
    type Id = u128;
    #[inline(always)]
    fn id(&self, row: usize) -> u128 {
        image(self.0.get(row))
    }
    #[inline(always)]
    fn tag(&self, packed: u128) -> u64 {
        self.with_key(packed, hash)
    }
    #[inline(always)]
    fn same(&self, a: u128, b: u128) -> bool {
        a == b
    }
    #[inline(always)]
    fn with_key<T>(&self, packed: u128, work: impl FnOnce(Key<'_>) -> T) -> T {
        let bytes = packed.to_be_bytes();
        let length = usize::from(bytes[SHORT]).min(SHORT);
        work(Key::Text(&bytes[..length]))
    }
}

/// Texts of any length: the lower half of the hash, and the row (of fewer than 2³²).
#[derive(Clone, Copy)]
pub(super) struct ByRow<'a>(pub(super) KeysRef<'a>);

impl ByRow<'_> {
    #[inline(always)]
    fn key(&self, id: u64) -> Key<'_> {
        self.0.get((id & 0xffff_ffff) as usize)
    }
}

impl Find for ByRow<'_> {
    type Id = u64;
    #[inline(always)]
    fn id(&self, row: usize) -> u64 {
        hash(self.0.get(row)) << 32 | row as u64
    }
    #[inline(always)]
    fn tag(&self, id: u64) -> u64 {
        id >> 32
    }
    #[inline(always)]
    fn same(&self, a: u64, b: u64) -> bool {
        self.key(a) == self.key(b)
    }
    #[inline(always)]
    fn with_key<T>(&self, id: u64, work: impl FnOnce(Key<'_>) -> T) -> T {
        work(self.key(id))
    }
}
