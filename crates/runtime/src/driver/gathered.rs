// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What calls have led to since the last flush: for each partition and durability a batch, and the effects that are owed once it is committed.

use super::Driver;
use crate::store::{Batch, Carried, Durability, Partition};
use alphabet::Effect;

/// Of memory and of a file there are two parts. What need not wait for the medium goes first: a schedule that has moved on waits for what it began.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    parts: Vec<Part>,
    /// What the next record carries, of whatever execution it is.
    carried: Option<Box<Carried>>,
}

#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) batch: Batch,
    pub(super) owed: Vec<Effect>,
}

impl Gathered {
    /// The part of a partition for what must survive as much as its store can make sure.
    pub(super) fn of(&mut self, partition: Partition) -> &mut Part {
        self.at((partition, Durability::Disk))
    }

    /// The part of an execution.
    pub(super) fn at(&mut self, (partition, durability): (Partition, Durability)) -> &mut Part {
        let place = 2 * partition.get() as usize + usize::from(durability == Durability::Disk);
        while self.parts.len() <= place {
            let partition = Partition::new(u32::try_from(self.parts.len() / 2).unwrap_or(u32::MAX));
            let durability = if self.parts.len().is_multiple_of(2) { Durability::Os } else { Durability::Disk };
            self.parts.push(Part { batch: Batch { partition, durability, ..Batch::default() }, owed: Vec::new() });
        }
        // It has been made if it was not there.
        #[expect(clippy::indexing_slicing, reason = "the loop above has made it")]
        &mut self.parts[place]
    }

    /// Whether there is nothing to commit.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.batch.is_empty())
    }

    /// What the next record is to carry.
    pub(super) fn carried(&mut self) -> &mut Carried {
        self.carried.get_or_insert_default()
    }

    pub(super) fn parts(&mut self) -> impl Iterator<Item = &mut Part> {
        self.parts.iter_mut()
    }
}

impl Part {
    /// Takes the batch out.
    pub(super) fn take(&mut self) -> Batch {
        let Batch { partition, durability, .. } = self.batch;
        std::mem::replace(&mut self.batch, Batch { partition, durability, ..Batch::default() })
    }
}

impl Driver {
    /// Gives each part to the backend; what it owes waits for that in the outbox.
    pub(super) fn submit(&mut self) {
        let mut carried = self.gathered.carried.take();
        for part in self.gathered.parts.iter_mut().filter(|part| !part.batch.is_empty()) {
            let mut batch = part.take();
            if let Some(counts) = &mut self.counts {
                counts.submitted(batch.records.len());
            }
            if let Some(first) = batch.records.first_mut() {
                first.carried = carried.take();
            }
            for record in &batch.records {
                if let Some(live) = self.slots.get_mut(record.slot, record.key) {
                    live.pending = None;
                }
            }
            let number = self.outbox.hold(Some(batch.partition), &mut part.owed, &batch.records);
            self.backend.submit(number, batch);
        }
        self.gathered.carried = carried;
    }
}
