//! Customers in the order of their keys: sorted bucket by bucket, so that threads share the work and a cancellation is heard.

use super::keys::{Key, compare, image};
use super::partition::Partitions;
use crate::control::Control;
use crate::error::Result;

/// Buckets; more than threads, so that the largest does not matter.
const BUCKETS: usize = 256;

/// Keys looked at, per bucket, to place the borders between buckets.
const SAMPLES: usize = 8;

/// The numbers `0..n` of customers with different keys, in the order of the keys, cut into consecutive pieces.
pub(super) fn sort<'k>(
    n: usize,
    key: impl Fn(usize) -> Key<'k> + Sync,
    control: &Control<'_>,
) -> Result<Vec<Vec<u32>>> {
    // Borders between buckets from a sample: any borders are right, good ones make buckets of similar size.
    let step = (n / (BUCKETS * SAMPLES)).max(1);
    let mut sample: Vec<u128> = (0..n).step_by(step).map(|i| image(key(i))).collect();
    sample.sort_unstable();
    let borders: Vec<u128> =
        (1..BUCKETS).filter_map(|b| sample.get(b * sample.len() / BUCKETS).copied()).collect();
    let bucket = |i: usize| borders.partition_point(|border| *border <= image(key(i)));

    let mut buckets: Partitions<(u128, u32)> = Partitions::default();
    buckets.fill(control, n, BUCKETS, bucket, |i| (image(key(i)), i as u32))?;
    control.map(BUCKETS, |b| {
        let mut order = buckets.part(b).to_vec();
        order.sort_unstable_by(|x, y| compare((x.0, || key(x.1 as usize)), (y.0, || key(y.1 as usize))));
        Ok(order.into_iter().map(|(_, i)| i).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_texts_come_out_in_order() {
        let spread = |i: usize| (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (i % 60);
        for n in [0, 1, 2, 300, 20_000] {
            let integers: Vec<i64> =
                (0..n).map(|i| spread(i) as i64 * if i % 2 == 0 { -1 } else { 1 }).collect();
            let order = sort(n, |i| Key::Int(integers[i]), &Control::new()).unwrap().concat();
            assert!(order.iter().map(|&i| integers[i as usize]).is_sorted());
            // Many share their first 15 bytes, and some are the beginning of others.
            let texts: Vec<String> =
                (0..n).map(|i| format!("{:0>1$}", spread(i) % 1000, 1 + i % 40)).collect();
            let mut order = sort(n, |i| Key::Text(texts[i].as_bytes()), &Control::new()).unwrap().concat();
            assert!(order.iter().map(|&i| &texts[i as usize]).is_sorted());
            order.sort_unstable();
            assert!(order.into_iter().eq(0..n as u32));
        }
    }
}
