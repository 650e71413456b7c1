// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The agents that were made, by number.

use super::health::Health;
use super::indices::Place as _;
use super::open::Seat;
use super::{AgentIndex, InstanceNumber};
use std::collections::VecDeque;
use stdx::Timestamp;

/// What an instance is to the pool. Those up to `Yielding` count against the `max` of their type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Making,
    Ready,
    /// No new work until it is well again; gone once it is empty.
    Ill,
    /// No new work; gone once it is empty, to make room for another agent of its type.
    Yielding,
    /// An attempt was given up that has not returned. It is replaced already; gone once its other attempts have returned.
    Leaked,
    /// It died. It is replaced already, and known until its attempts are released.
    Lost,
    /// It was not made in time and is replaced already. Should it come after all, it is disposed of.
    Overdue,
    Disposing,
}

impl State {
    pub(super) fn counts(self) -> bool {
        matches!(self, Self::Making | Self::Ready | Self::Ill | Self::Yielding)
    }
}

#[derive(Debug)]
pub(super) struct Instance {
    pub(super) agent: AgentIndex,
    pub(super) state: State,
    /// Attempts that hold a place.
    pub(super) running: u32,
    /// Attempts whose place is another's meanwhile, with those in `reclaims`.
    pub(super) lent: u32,
    /// Attempts that were given up and have not returned, by slot and task.
    pub(super) leaked: Vec<(u32, u32)>,
    /// Tickets of attempts that want their place back.
    pub(super) reclaims: VecDeque<u32>,
    /// Where it stands among those of its agent that have room.
    pub(super) seat: Option<Seat>,
    pub(super) health: Health,
    pub(super) due: Option<Timestamp>,
    /// How many makings had failed in a row before it; `None` once it has had work: its death says nothing about making any more.
    pub(super) failures_before: Option<u32>,
}

impl Instance {
    /// Nothing runs on it that may go on.
    pub(super) fn is_empty(&self) -> bool {
        self.running == 0 && self.lent == 0
    }
}

/// Found by number; listed in an order that is the same on every machine.
#[derive(Debug, Default)]
pub(super) struct Instances {
    list: Vec<Option<Instance>>,
    vacant: Vec<usize>,
    places: Places,
    made: usize,
}

impl Instances {
    pub(super) fn add(&mut self, agent: AgentIndex) -> InstanceNumber {
        self.made += 1;
        let number = InstanceNumber::at(self.made);
        let instance = Instance {
            agent,
            state: State::Making,
            running: 0,
            lent: 0,
            leaked: Vec::new(),
            reclaims: VecDeque::new(),
            seat: None,
            health: Health::default(),
            due: None,
            failures_before: Some(0),
        };
        let place = self.vacant.pop().unwrap_or(self.list.len());
        if place == self.list.len() {
            self.list.push(None);
        }
        if let Some(vacant) = self.list.get_mut(place) {
            *vacant = Some(instance);
        }
        self.places.put(number, place);
        number
    }

    /// The number that was given last.
    pub(super) fn latest(&self) -> InstanceNumber {
        InstanceNumber::at(self.made)
    }

    pub(super) fn get(&self, number: InstanceNumber) -> Option<&Instance> {
        self.list.get(self.places.get(number)?)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, number: InstanceNumber) -> Option<&mut Instance> {
        self.list.get_mut(self.places.get(number)?)?.as_mut()
    }

    pub(super) fn remove(&mut self, number: InstanceNumber) {
        if let Some(place) = self.places.take(number) {
            self.vacant.push(place);
            if let Some(instance) = self.list.get_mut(place) {
                *instance = None;
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Instance> {
        self.list.iter().flatten()
    }
}

/// Where instances stand, by their numbers. Those are asked for several times with each task, and are given in order: pages of numbers, as long as one of
/// a page is there, are found without a hash.
#[derive(Debug, Default)]
struct Places {
    pages: Vec<Page>,
}

#[derive(Clone, Debug, Default)]
struct Page {
    /// [`PAGE`] of them, or none.
    places: Vec<Option<u32>>,
    /// How many are there.
    count: usize,
}

const PAGE: usize = 512;

impl Places {
    fn put(&mut self, number: InstanceNumber, place: usize) {
        let (page, within) = (number.place() / PAGE, number.place() % PAGE);
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, Page::default);
        }
        let Some(page) = self.pages.get_mut(page) else { return };
        page.places.resize(PAGE, None);
        if let Some(own) = page.places.get_mut(within) {
            *own = u32::try_from(place).ok();
            page.count += 1;
        }
    }

    fn get(&self, number: InstanceNumber) -> Option<usize> {
        let page = self.pages.get(number.place() / PAGE)?;
        let place = (*page.places.get(number.place() % PAGE)?)?;
        Some(place as usize)
    }

    fn take(&mut self, number: InstanceNumber) -> Option<usize> {
        let page = self.pages.get_mut(number.place() / PAGE)?;
        let place = page.places.get_mut(number.place() % PAGE)?.take()?;
        page.count -= 1;
        if page.count == 0 {
            page.places = Vec::new();
        }
        Some(place as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_are_gone_take_no_room_however_many_there_were() {
        let mut instances = Instances::default();
        let first = instances.add(AgentIndex::new(7));
        let mut before = instances.add(AgentIndex::new(0));
        for made in 1..100_000 {
            let next = instances.add(AgentIndex::new(made));
            instances.remove(before);
            instances.remove(before);
            assert!(instances.get(before).is_none());
            assert_eq!(instances.get(next).map(|instance| instance.agent), Some(AgentIndex::new(made)));
            before = next;
        }
        assert_eq!(instances.get_mut(first).map(|instance| instance.agent), Some(AgentIndex::new(7)));
        assert!(instances.get(InstanceNumber::new(0)).is_none() && instances.get(InstanceNumber::new(u32::MAX)).is_none());
        assert_eq!(instances.iter().count(), 2);
        let pages = &instances.places.pages;
        assert!(pages.iter().map(|page| page.places.capacity()).sum::<usize>() <= 2 * PAGE && instances.list.len() <= 3);
    }
}
