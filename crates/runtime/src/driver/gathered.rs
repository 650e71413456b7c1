// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What calls have led to since the last flush: for each partition a batch, and the effects that are owed once it is committed.

use super::Driver;
use crate::store::{Batch, Carried, Partition};
use alphabet::Effect;

/// Of memory and of a file there is one part.
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
    /// The part of a partition.
    pub(super) fn of(&mut self, partition: Partition) -> &mut Part {
        let place = partition.get() as usize;
        while self.parts.len() <= place {
            let partition = Partition::new(u32::try_from(self.parts.len()).unwrap_or(u32::MAX));
            self.parts.push(Part { batch: Batch { partition, ..Batch::default() }, owed: Vec::new() });
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
        let partition = self.batch.partition;
        std::mem::replace(&mut self.batch, Batch { partition, ..Batch::default() })
    }
}

impl Driver {
    /// Gives each part to the backend; what it owes waits for that in the outbox.
    pub(super) fn submit(&mut self) {
        let mut carried = self.gathered.carried.take();
        for part in self.gathered.parts.iter_mut().filter(|part| !part.batch.is_empty()) {
            let mut batch = part.take();
            if let Some(first) = batch.records.first_mut() {
                first.carried = carried.take();
            }
            for record in &batch.records {
                if let Some(live) = self.slots.get_mut(record.slot, record.key) {
                    live.pending = None;
                }
            }
            let number = self.outbox.hold(batch.partition, &mut part.owed, &batch.records);
            self.backend.submit(number, batch);
        }
        self.gathered.carried = carried;
    }
}
