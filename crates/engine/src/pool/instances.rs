// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The agents that were made, by number.

use super::health::Health;
use super::indices::Place as _;
use super::open::Seat;
use super::{AgentIndex, InstanceNumber};
use rustc_hash::FxHashMap;
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
    places: FxHashMap<InstanceNumber, usize>,
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
        self.places.insert(number, place);
        number
    }

    /// The number that was given last.
    pub(super) fn latest(&self) -> InstanceNumber {
        InstanceNumber::at(self.made)
    }

    pub(super) fn get(&self, number: InstanceNumber) -> Option<&Instance> {
        self.list.get(*self.places.get(&number)?)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, number: InstanceNumber) -> Option<&mut Instance> {
        self.list.get_mut(*self.places.get(&number)?)?.as_mut()
    }

    pub(super) fn remove(&mut self, number: InstanceNumber) {
        if let Some(place) = self.places.remove(&number) {
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
