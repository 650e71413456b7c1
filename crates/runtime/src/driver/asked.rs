// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the driver has asked of what is on record, and what the answers are for. An answer may come when nobody has a use for it any more: the execution
//! has ended, the schedule is no more.

use super::Driver;
use crate::Error;
use crate::store::{Answer, Question, QuestionNumber};
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

    pub(super) fn found(&mut self, number: QuestionNumber, answer: Answer) -> Result<(), Error> {
        match (self.asked.open.remove(&number), answer) {
            (Some(Purpose::LookUp { slot, key, task }), Answer::Cached(found)) => self.looked_up(slot, key, task, found),
            (Some(Purpose::Fire(number)), Answer::Known(known)) => self.begin_due(number, &known),
            // Nothing else was asked.
            (_, Answer::Cached(_) | Answer::Known(_)) => Ok(()),
        }
    }
}
