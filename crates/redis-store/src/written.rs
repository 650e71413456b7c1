// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One partition, as it is written: what waits there, the call that is under way, and when that is sent again if nothing is known of it.

use crate::call::{Call, Lane, Writing};
use crate::keys::Namespace;
use crate::lease::{Certain, Held, Since};
use crate::names::Names;
use crate::others::Others;
use redis::Pipeline;
use runtime::store::{Batch, BatchNumber, CommitError};
use std::collections::VecDeque;
use std::time::Duration;

/// Pauses before the same is sent again.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(1);

pub(crate) struct Written {
    pub(crate) held: Held,
    /// Until when it is ours.
    pub(crate) certain: Certain,
    prefix: String,
    lane: Lane,
    /// The number of the last call that was acknowledged.
    number: u64,
    waiting: VecDeque<(BatchNumber, Batch)>,
    under_way: Option<Call>,
    /// Since when, and how long, nothing is sent: what was sent last has no answer.
    pause: Option<(Since, Duration)>,
}

impl Written {
    pub(crate) fn of(namespace: &Namespace, held: Held, certain: Certain) -> Self {
        let prefix = namespace.prefix(held.partition);
        let (lane, waiting) = (Lane::default(), VecDeque::new());
        Self { held, certain, prefix, lane, number: 0, waiting, under_way: None, pause: None }
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(crate) fn push(&mut self, number: BatchNumber, batch: Batch) {
        self.waiting.push_back((number, batch));
    }

    pub(crate) fn has_work(&self) -> bool {
        self.under_way.is_some() || !self.waiting.is_empty()
    }

    /// Whether something is to be sent now.
    pub(crate) fn is_ready(&self) -> bool {
        self.has_work() && self.pause.is_none_or(|(since, time)| since.has_passed(time))
    }

    pub(crate) fn is_in_trouble(&self) -> bool {
        self.pause.is_some()
    }

    /// Nothing is known of what was sent: the same is sent a moment later.
    pub(crate) fn pause(&mut self) {
        let time = self.pause.map_or(PAUSE, |(_, time)| (time * 2).min(PAUSE_MAX));
        self.pause = Some((Since::here(), time));
    }

    /// Journals that wait and whose last record is not known, with their next one.
    pub(crate) fn unknown(&self) -> Vec<(i64, u64)> {
        self.lane.unknown(self.waiting.iter().flat_map(|(_, batch)| &batch.records))
    }

    /// The last record of a journal has this checksum.
    pub(crate) fn go_on(&mut self, key: i64, checksum: u64) {
        self.lane.go_on(key, checksum);
    }

    /// Unless a call is under way, what waits becomes one; false: that must wait, since journals that go on there are not known.
    pub(crate) fn prepare(&mut self, namespace: &Namespace, names: &Names, others: &Others) -> Result<bool, CommitError> {
        if self.under_way.is_none() && !self.waiting.is_empty() {
            if self.unknown().iter().any(|(key, _)| names.id(*key).is_some()) {
                return Ok(false);
            }
            let mut call = Call::of(namespace, self.held.partition);
            let mut writing = Writing { namespace, names, prefix: &self.prefix, lane: &mut self.lane, others };
            while call.has_room()
                && let Some((number, batch)) = self.waiting.pop_front()
            {
                call.add(number, &batch, &mut writing)?;
            }
            self.under_way = Some(call);
        }
        Ok(true)
    }

    /// Adds the call that is under way, and what goes before it; how many commands that are.
    pub(crate) fn ask(&self, script: &str, question: &mut Pipeline) -> usize {
        let Some(call) = &self.under_way else { return 0 };
        call.before().iter().for_each(|command| _ = question.add_command(command.clone()));
        question.add_command(call.command(script, &self.held.token, &(self.number + 1).to_string()));
        call.before().len() + 1
    }

    /// The call that is under way is on record.
    pub(crate) fn done(&mut self) -> Option<Call> {
        let call = self.under_way.take()?;
        self.number += 1;
        self.pause = None;
        call.done(&mut self.lane);
        Some(call)
    }
}
