// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the driver has asked of what is on record, and what the answers are for. An answer may come when nobody has a use for it any more: the execution
//! has ended, the schedule is no more.

use super::Driver;
use crate::Error;
use crate::store::{Answer, Question, QuestionNumber, ReadError};
use engine::InstanceIndex;
use rustc_hash::FxHashMap;

/// Questions that are not answered yet.
#[derive(Debug, Default)]
pub(super) struct Asked {
    open: FxHashMap<QuestionNumber, Purpose>,
    last: QuestionNumber,
}

/// What an answer is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// A task takes over what is found. Its execution is the one with the key in the slot.
    LookUp {
        /// Where.
        slot: u32,
        /// Which.
        key: i64,
        /// Whose.
        task: InstanceIndex,
    },
    /// The schedule with this number begins what is not known.
    Fire(u32),
    /// A parked execution is to be at hand again.
    Wake {
        /// Where.
        slot: u32,
        /// Which.
        key: i64,
    },
}

impl Asked {
    /// Whether all are answered.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

impl Driver {
    pub(super) fn ask(&mut self, question: Question, purpose: Purpose) {
        self.asked.last = self.asked.last.next();
        self.asked.open.insert(self.asked.last, purpose);
        self.backend.ask(self.asked.last, question);
    }

    pub(super) fn found(&mut self, number: QuestionNumber, answer: Result<Answer, ReadError>) -> Result<(), Error> {
        let Some(purpose) = self.asked.open.remove(&number) else { return Ok(()) };
        match (purpose, answer) {
            // What cannot be read of one execution is that one's misfortune alone.
            (Purpose::Wake { slot, key }, Err(error)) => self.lost_sight(slot, key, &error),
            (Purpose::Wake { slot, key }, Ok(Answer::Execution(found))) => return self.at_hand_again(slot, key, found),
            (_, Err(error)) => return Err(error.into()),
            (Purpose::LookUp { slot, key, task }, Ok(Answer::Cached(found))) => return self.looked_up(slot, key, task, found),
            (Purpose::Fire(number), Ok(Answer::Known(known))) => return self.begin_due(number, &known),
            // Nothing else was asked.
            (_, Ok(Answer::Cached(_) | Answer::Known(_) | Answer::Execution(_))) => {}
        }
        Ok(())
    }
}
