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

/// What was used beside what was charged here, by other processes with the same key, as the headers let it be seen.
#[derive(Debug, Default)]
struct Others {
    amount: u64,
    until: Timestamp,
}

impl Others {
    fn at(&self, now: Timestamp) -> u64 {
        if self.until > now { self.amount } else { 0 }
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
        let mut others = self.others.at(now);
        let mut used = self.charged;
        let fits = |used: u64, others: u64| used.saturating_add(others).saturating_add(amount) <= limit;
        if fits(used, others) {
            return Fit::Now;
        }
        let mut at = now;
        for slot in &self.slots {
            let leaves = slot.last.after(self.span);
            if others > 0 && self.others.until < leaves {
                others = 0;
                if fits(used, 0) {
                    return Fit::At(self.others.until);
                }
            }
            used = used.saturating_sub(slot.amount);
            at = leaves;
            if fits(used, others) {
                return Fit::At(leaves);
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
        self.others = Others { amount: used.saturating_sub(self.charged), until: now.after(reset) };
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
    fn what_others_used_leaves_when_the_provider_says() {
        let mut window = window(10);
        window.charge(at(0), 3);
        window.observe(at(1000), NonZeroU64::new(10), Some(1), Some(Duration::from_secs(4)));
        assert_eq!((window.used(at(1000)), window.fit(at(1000), 1)), (9, Fit::Now));
        assert_eq!(window.fit(at(1000), 2), Fit::At(at(5000)));
        assert_eq!(window.fit(at(1000), 8), Fit::At(at(60_000)));
        assert_eq!(window.used(at(5000)), 3);
    }
}
