// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Letters between the drivers of one store; see `store/post.rs`. A driver gives each that it has a number. When its partition is lost it has it no more.

use super::Driver;
use super::opening::Plans;
use crate::store::{Damaged, Durability, Letter, Partition, Replied, Says, StoredExecution};
use crate::{Error, effect};
use engine::Event;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What the host has not been told, and letters that it has not replied to.
#[derive(Debug, Default)]
pub(super) struct Post {
    told: Told,
    letters: FxHashMap<u32, InHand>,
    /// What another process has begun under ids that this one has given too, which the store has not said yet.
    begun: FxHashMap<Arc<str>, Begun>,
    /// The plans of such executions.
    plans: Plans,
    /// The numbers of the last letter that came, and of the last that was sent.
    last: u32,
    sent: u32,
}

/// What another process has begun here.
type Begun = Result<StoredExecution, Damaged>;

#[derive(Debug)]
struct InHand {
    partition: Partition,
    entry: Arc<str>,
    call: Arc<str>,
}

fn has_ended(stored: &StoredExecution) -> bool {
    matches!(stored.records.last().and_then(|record| record.events.last()), Some(Event::ExecutionEnded { .. }))
}

/// News for the host.
#[derive(Debug, Default)]
pub struct Told {
    /// Letters, by their numbers.
    pub letters: Vec<(u32, Arc<str>)>,
    /// Replies to letters of this process, by their numbers; `None`: it was waited for as long as it may take, and whether it will be carried out is not known.
    pub replies: Vec<(u32, Option<Arc<str>>)>,
    /// Executions that are followed of which more is on record, and whether they are over.
    pub moved: Vec<(Arc<str>, bool)>,
}

impl Told {
    fn is_empty(&self) -> bool {
        self.letters.is_empty() && self.replies.is_empty() && self.moved.is_empty()
    }
}

impl Driver {
    /// Whether this process drives what has this id, or would.
    pub fn is_here(&self, id: &str) -> bool {
        self.backend.drives(self.backend.partition(id))
    }

    /// Sends a letter to the process that drives the execution with this id; the number of the reply.
    pub fn send(&mut self, id: &str, text: &str) -> Result<u32, Error> {
        self.check()?;
        self.post.sent += 1;
        self.backend.send(self.post.sent, id, text);
        Ok(self.post.sent)
    }

    /// Follows an execution that another process drives, or does not any more.
    pub fn follow(&mut self, id: &str, follows: bool) {
        self.backend.follow(id, follows);
    }

    /// What has come since the last call: a `Post` effect says that there is something.
    pub fn take_post(&mut self) -> Told {
        std::mem::take(&mut self.post.told)
    }

    /// Whether a letter is still to be carried out here.
    pub fn has_letter(&self, letter: u32) -> bool {
        self.post.letters.contains_key(&letter)
    }

    /// Replies to a letter, in the batch of what was told of the execution in `slot` since the last flush. One that is another process's now has its reply from that.
    pub fn reply(&mut self, letter: u32, slot: Option<u32>, text: &str) -> Result<(), Error> {
        self.check()?;
        let Some(InHand { partition, entry, call }) = self.post.letters.remove(&letter) else { return Ok(()) };
        let part = match slot {
            Some(slot) => self.slots.get(slot)?.part(),
            None => (partition, Durability::Disk),
        };
        self.gathered.at(part).batch.replied.push(Replied { entry, reply: Some((call, text.into())) });
        Ok(())
    }

    pub(super) fn letter(&mut self, Letter { partition, entry, says }: Letter) -> Result<(), Error> {
        // Another process reads it.
        if !self.backend.drives(partition) {
            return Ok(());
        }
        match says {
            Says::Do { call, text } => {
                self.post.last += 1;
                self.post.letters.insert(self.post.last, InHand { partition, entry, call });
                self.tell_host(|told, last| told.letters.push((last, text)));
            }
            Says::Begun(begun) => {
                self.gathered.of(partition).batch.replied.push(Replied { entry, reply: None });
                return self.begun(*begun);
            }
        }
        Ok(())
    }

    /// Takes up what another process has begun here, unless it was found already.
    fn begun(&mut self, begun: Begun) -> Result<(), Error> {
        let id = begun.as_ref().map_or_else(|damaged| Arc::clone(&damaged.id), |stored| Arc::clone(&stored.id));
        match self.ids.get(&id).copied() {
            // What this process has begun under that id will be refused.
            Some(slot) if self.slots.get(slot).is_ok_and(|live| live.acknowledged == 0) => _ = self.post.begun.insert(id, begun),
            Some(_) => {}
            None if self.is_ending || begun.as_ref().is_ok_and(has_ended) => {}
            None => {
                let mut plans = std::mem::take(&mut self.post.plans);
                let taken = self.take_up_all([begun], &mut plans);
                self.post.plans = plans;
                taken?;
                self.tell_taken();
            }
        }
        Ok(())
    }

    /// What this process has begun under an id was refused: what has that id may wait.
    pub(super) fn make_way(&mut self, id: &str) -> Result<(), Error> {
        self.post.begun.remove(id).map_or(Ok(()), |begun| self.begun(begun))
    }

    pub(super) fn replied(&mut self, number: u32, text: Option<Arc<str>>) {
        self.tell_host(|told, _| told.replies.push((number, text)));
    }

    pub(super) fn moved(&mut self, id: Arc<str>, is_over: bool) {
        self.tell_host(|told, _| told.moved.push((id, is_over)));
    }

    /// Letters of a partition are another process's.
    pub(super) fn lose_letters(&mut self, partition: Partition) {
        self.post.letters.retain(|_, letter| letter.partition != partition);
        let backend = &self.backend;
        self.post.begun.retain(|id, _| backend.partition(id) != partition);
    }

    fn tell_host(&mut self, tell: impl FnOnce(&mut Told, u32)) {
        if self.post.told.is_empty() {
            let now = self.now.unwrap_or_else(|| self.clock.read());
            self.outbox.ready([effect::post(now)]);
        }
        tell(&mut self.post.told, self.post.last);
    }
}
