// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A sliding window: what was charged within the last `span`, exactly.
//!
//! Charges stand in slots. Up to [`EXACT_MAX`] slots each charge has its own; beyond, charges less than a [`GRAINS`]th of the span apart
//! share one that leaves with its latest. So a charge leaves late or in time, never early, and memory is bounded whatever the load.

use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::time::Duration;
use stdx::Timestamp;

const EXACT_MAX: usize = 1024;
const GRAINS: u32 = 1024;

/// One window.
#[derive(Debug)]
pub(super) struct Window {
    span: Duration,
    configured: Option<NonZeroU64>,
    /// What the provider last said the limit was.
    told: Option<NonZeroU64>,
    slots: VecDeque<Slot>,
    /// The sum of the slots.
    charged: u64,
    others: Others,
}

/// Charges at instants that no other slot has.
#[derive(Debug)]
struct Slot {
    first: Timestamp,
    last: Timestamp,
    amount: u64,
}

/// What was used beside what was charged here, by other processes with the same key, as the headers let it be seen. It leaves evenly until the instant at
/// which the provider has everything again: providers refill without pause, and whoever waited for that instant would wait for the last drop.
#[derive(Debug, Default)]
struct Others {
    amount: u64,
    since: Timestamp,
    until: Timestamp,
}

impl Others {
    fn at(&self, now: Timestamp) -> u64 {
        if self.until <= now {
            return 0;
        }
        let left = u128::from(self.amount) * self.until.since(now).as_micros();
        u64::try_from(left.div_ceil(self.span())).unwrap_or(u64::MAX).min(self.amount)
    }

    /// From when on no more than `room` of it is left.
    fn within(&self, room: u64) -> Timestamp {
        if room >= self.amount {
            return self.since;
        }
        let before = u128::from(room) * self.span() / u128::from(self.amount);
        Timestamp::from_micros(self.until.micros().saturating_sub(u64::try_from(before).unwrap_or(u64::MAX)))
    }

    fn span(&self) -> u128 {
        self.until.since(self.since).as_micros().max(1)
    }
}

/// Whether there is room.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Now,
    At(Timestamp),
}

impl Window {
    pub(super) fn new(span: Duration, configured: Option<NonZeroU64>) -> Self {
        Self { span, configured, told: None, slots: VecDeque::new(), charged: 0, others: Others::default() }
    }

    pub(super) fn configure(&mut self, limit: Option<NonZeroU64>) {
        self.configured = limit;
    }

    /// The smaller of what was configured, which may be meant to leave room for others, and what the provider said last.
    pub(super) fn limit(&self) -> Option<u64> {
        let limits = [self.configured, self.told];
        limits.into_iter().flatten().map(NonZeroU64::get).min()
    }

    pub(super) fn used(&self, now: Timestamp) -> u64 {
        let slots = self.slots.iter().take_while(|slot| slot.last.after(self.span) <= now);
        let expired: u64 = slots.map(|slot| slot.amount).sum();
        self.charged.saturating_sub(expired).saturating_add(self.others.at(now))
    }

    /// Whether `amount` fits, or when. One that is larger than the limit fits nowhere and must not be asked for.
    pub(super) fn fit(&self, now: Timestamp, amount: u64) -> Fit {
        let Some(limit) = self.limit() else { return Fit::Now };
        let (mut used, mut at) = (self.charged, now);
        // Between two slots only what others used changes.
        let ends = self.slots.iter().map(|slot| (slot.last.after(self.span), slot.amount)).map(Some).chain([None]);
        for end in ends {
            if let Some(room) = limit.checked_sub(used.saturating_add(amount)) {
                let fits = at.max(self.others.within(room));
                if end.is_none_or(|(leaves, _)| fits < leaves) {
                    return if fits <= now { Fit::Now } else { Fit::At(fits) };
                }
            }
            if let Some((leaves, freed)) = end {
                (used, at) = (used.saturating_sub(freed), at.max(leaves));
            }
        }
        Fit::At(at.max(self.others.until))
    }

    /// Charges `amount`; nothing was charged at a later instant.
    pub(super) fn charge(&mut self, now: Timestamp, amount: u64) {
        if amount == 0 {
            return;
        }
        self.charged = self.charged.saturating_add(amount);
        let crowded = self.slots.len() >= EXACT_MAX;
        let grain = self.span / GRAINS;
        if let Some(slot) = self.slots.back_mut().filter(|slot| slot.last >= now || (crowded && now.since(slot.first) < grain)) {
            slot.last = now.max(slot.last);
            slot.amount = slot.amount.saturating_add(amount);
        } else {
            self.slots.push_back(Slot { first: now, last: now, amount });
        }
    }

    /// Takes back `amount` of what was charged at `at`, unless it has left already.
    pub(super) fn refund(&mut self, at: Timestamp, amount: u64) {
        let index = self.slots.partition_point(|slot| slot.last < at);
        if let Some(slot) = self.slots.get_mut(index).filter(|slot| slot.first <= at) {
            let amount = amount.min(slot.amount);
            slot.amount -= amount;
            self.charged = self.charged.saturating_sub(amount);
        }
    }

    /// Forgets what has left at `now`.
    pub(super) fn expire(&mut self, now: Timestamp) {
        while let Some(slot) = self.slots.pop_front_if(|slot| slot.last.after(self.span) <= now) {
            self.charged = self.charged.saturating_sub(slot.amount);
        }
    }

    /// The provider says: so many in all, so many left, full again in `reset`.
    pub(super) fn observe(&mut self, now: Timestamp, limit: Option<NonZeroU64>, remaining: Option<u64>, reset: Option<Duration>) {
        self.told = limit.or(self.told);
        let (Some(told), Some(remaining)) = (self.told, remaining) else { return };
        let used = told.get().saturating_sub(remaining);
        // All is forgotten after a span at the latest, whatever the header says.
        let reset = reset.unwrap_or(self.span).min(self.span);
        self.others = Others { amount: used.saturating_sub(self.charged), since: now, until: now.after(reset) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_micros(ms * 1000)
    }

    fn window(limit: u64) -> Window {
        Window::new(Duration::from_mins(1), NonZeroU64::new(limit))
    }

    #[test]
    fn memory_is_bounded_and_what_is_shared_leaves_late_never_early() {
        let mut window = window(u64::MAX);
        for ms in 0..120_000 {
            window.expire(at(ms));
            window.charge(at(ms), 1);
            let exact = 60_000.min(ms + 1);
            assert!((exact..=exact + 60).contains(&window.charged), "{ms}: {}", window.charged);
            assert!(window.slots.len() <= EXACT_MAX + GRAINS as usize + 2, "{}", window.slots.len());
        }
        window.expire(at(180_000));
        assert_eq!((window.charged, window.slots.len()), (0, 0));
    }

    #[test]
    fn a_refund_finds_what_was_charged_then() {
        let mut window = window(10);
        window.charge(at(0), 6);
        window.charge(at(1000), 4);
        assert_eq!(window.fit(at(2000), 5), Fit::At(at(60_000)));
        window.refund(at(0), 5);
        assert_eq!(window.fit(at(2000), 5), Fit::Now);
        assert_eq!(window.fit(at(2000), 7), Fit::At(at(61_000)));
        // What has left cannot be refunded, and nothing else is refunded for it.
        window.expire(at(60_000));
        window.refund(at(0), 1);
        assert_eq!(window.charged, 4);
    }

    #[test]
    fn what_others_used_leaves_evenly_until_the_provider_has_all_again() {
        let mut window = window(10);
        window.charge(at(0), 3);
        window.observe(at(1000), NonZeroU64::new(10), Some(1), Some(Duration::from_secs(4)));
        assert_eq!((window.used(at(1000)), window.fit(at(1000), 1)), (9, Fit::Now));
        // Six of others leave within four seconds, so the first of them two thirds of a second from now.
        assert_eq!(window.fit(at(1000), 2), Fit::At(Timestamp::from_micros(1_666_667)));
        assert_eq!(window.used(at(3000)), 6);
        assert_eq!(window.fit(at(1000), 7), Fit::At(at(5000)));
        assert_eq!(window.fit(at(1000), 8), Fit::At(at(60_000)));
        assert_eq!(window.used(at(5000)), 3);
    }
}
