// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Where the work of a key was done last.

use super::InstanceNumber;
use rustc_hash::FxHashMap;
use std::mem;

/// How many keys of one target are remembered for certain; up to twice as many are.
const KEYS_MAX: usize = 4096;

/// Two generations: what was not used for a whole generation is forgotten with it, without a list of who was used when.
#[derive(Debug, Default)]
pub(super) struct Affinity {
    young: FxHashMap<u64, InstanceNumber>,
    old: FxHashMap<u64, InstanceNumber>,
}

impl Affinity {
    pub(super) fn last(&self, key: u64) -> Option<InstanceNumber> {
        self.young.get(&key).or_else(|| self.old.get(&key)).copied()
    }

    pub(super) fn remember(&mut self, key: u64, instance: InstanceNumber) {
        if self.young.len() >= KEYS_MAX && !self.young.contains_key(&key) {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, instance);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_keys_are_remembered_and_no_more_than_two_generations() {
        let mut affinity = Affinity::default();
        for key in 0..10 * KEYS_MAX as u64 {
            affinity.remember(key, InstanceNumber::new(1));
            affinity.remember(7, InstanceNumber::new(2));
            assert!(affinity.young.len() <= KEYS_MAX && affinity.old.len() <= KEYS_MAX);
        }
        let latest = 10 * KEYS_MAX as u64 - KEYS_MAX as u64..10 * KEYS_MAX as u64;
        assert!(latest.clone().all(|key| affinity.last(key).is_some()));
        assert_eq!((affinity.last(7), affinity.last(8)), (Some(InstanceNumber::new(2)), None));
    }
}
