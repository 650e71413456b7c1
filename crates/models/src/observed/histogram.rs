// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Durations in buckets that grow: eight for each doubling, from a millisecond to more than an hour.

use std::time::Duration;

/// How many durations fell where. Of old ones half is forgotten whenever there are `COUNT_MAX`.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    buckets: [u16; BUCKETS],
    count: u32,
}

const BUCKETS: usize = 184;
const COUNT_MAX: u32 = 1024;
/// Three bits below the highest one choose among the buckets of a doubling.
const BITS: u32 = 3;
const PER_DOUBLING: u64 = 1 << BITS;

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: [0; BUCKETS], count: 0 }
    }
}

impl Histogram {
    pub(super) fn add(&mut self, duration: Duration) {
        if self.count >= COUNT_MAX {
            self.count = 0;
            for bucket in &mut self.buckets {
                *bucket /= 2;
                self.count += u32::from(*bucket);
            }
        }
        // Up, as within a bucket: what a quantile says is never too low.
        let millis = u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get_mut(bucket_of(millis)) {
            *bucket += 1;
            self.count += 1;
        }
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// The upper end of the bucket in which the answer that `share` of all precede lies.
    pub(super) fn quantile(&self, share: f64) -> Option<Duration> {
        if self.count == 0 {
            return None;
        }
        let wanted = (share.clamp(0.0, 1.0) * f64::from(self.count)).ceil().max(1.0);
        let mut seen = 0.0;
        let bucket = self.buckets.iter().position(|count| {
            seen += f64::from(*count);
            seen >= wanted
        });
        bucket.map(|bucket| Duration::from_millis(last_of(bucket)))
    }
}

fn bucket_of(millis: u64) -> usize {
    let bucket = if millis < PER_DOUBLING {
        millis
    } else {
        let doubling = u64::from(millis.ilog2() - BITS);
        (doubling + 1) * PER_DOUBLING + ((millis >> doubling) - PER_DOUBLING)
    };
    usize::try_from(bucket).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

/// The longest duration that falls into a bucket, in milliseconds.
fn last_of(bucket: usize) -> u64 {
    let bucket = u64::try_from(bucket).unwrap_or(u64::MAX);
    if bucket < PER_DOUBLING {
        return bucket;
    }
    let doubling = bucket / PER_DOUBLING - 1;
    ((PER_DOUBLING + bucket % PER_DOUBLING + 1) << doubling) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for bucket in 0..BUCKETS - 1 {
            let last = last_of(bucket);
            assert_eq!((bucket_of(last), bucket_of(last + 1)), (bucket, bucket + 1));
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
        assert!(last_of(BUCKETS - 1) > 60 * 60 * 1000);
    }

    #[test]
    fn a_quantile_is_never_too_low_and_at_most_an_eighth_too_high() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), None);
        for millis in 1..=1000 {
            histogram.add(Duration::from_millis(millis));
        }
        histogram.add(Duration::from_nanos(1));
        for (share, exact) in [(0.0, 1), (0.001, 1), (0.5, 500), (0.95, 950), (1.0, 1000)] {
            let millis = histogram.quantile(share).expect("there are some").as_millis();
            assert!((exact..=exact + exact / 8).contains(&millis), "{share}: {millis}");
        }
    }

    #[test]
    fn what_was_long_ago_is_forgotten() {
        let mut histogram = Histogram::default();
        for _ in 0..COUNT_MAX {
            histogram.add(Duration::from_mins(1));
        }
        for _ in 0..COUNT_MAX * 3 {
            histogram.add(Duration::from_millis(5));
        }
        assert_eq!(histogram.quantile(0.8), Some(Duration::from_millis(5)));
        assert!(histogram.count() <= COUNT_MAX);
    }
}
