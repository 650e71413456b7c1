// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The instances of one agent that have room, by how many attempts they run: the one that runs least is found without a search.

use super::InstanceNumber;

/// Where an instance stands among those with room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) load: u32,
    position: usize,
}

#[derive(Debug, Default)]
pub(super) struct Open {
    loads: Vec<Vec<InstanceNumber>>,
    /// No instance runs less than this.
    least: usize,
}

impl Open {
    /// Of those that run least, the one that came last: it is warm, and those in front become idle.
    pub(super) fn least(&mut self) -> Option<InstanceNumber> {
        while let Some(load) = self.loads.get(self.least) {
            if let Some(number) = load.last() {
                return Some(*number);
            }
            self.least += 1;
        }
        None
    }

    /// How much those that run least run.
    pub(super) fn least_load(&mut self) -> Option<usize> {
        self.least().map(|_| self.least)
    }

    /// Those that run nothing, the one that was used longest ago first.
    pub(super) fn unused(&self) -> &[InstanceNumber] {
        self.loads.first().map_or(&[], Vec::as_slice)
    }

    pub(super) fn insert(&mut self, number: InstanceNumber, load: u32) -> Seat {
        let place = load as usize;
        if self.loads.len() <= place {
            self.loads.resize_with(place + 1, Vec::new);
        }
        self.least = self.least.min(place);
        let instances = self.loads.get_mut(place);
        let position = instances.map_or(0, |instances| {
            instances.push(number);
            instances.len() - 1
        });
        Seat { load, position }
    }

    /// Takes out whoever has this seat. Another may get it; then that is who.
    pub(super) fn remove(&mut self, seat: Seat) -> Option<InstanceNumber> {
        let instances = self.loads.get_mut(seat.load as usize)?;
        if seat.position < instances.len() {
            instances.swap_remove(seat.position);
        }
        instances.get(seat.position).copied()
    }
}
