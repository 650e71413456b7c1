// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Executions that begin where another process drives, or none. Nothing is written there but that: so it takes no lease, and whichever process has the partition
//! takes them up. Each is a call by itself, under a name by which the server knows it again.

use crate::arrivals::Arrivals;
use crate::call::{BEGINS, Call, Lane, Writing};
use crate::lease::Since;
use crate::lines::Answered;
use crate::member::Member;
use crate::names::Names;
use crate::others::Others;
use crate::written::{PAUSE, PAUSE_MAX};
use redis::{Pipeline, RedisError};
use runtime::store::{Arrival, Batch, BatchNumber, Partition, Refusal};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// How many go with one message.
const TOGETHER: usize = 100;

#[derive(Default)]
pub(crate) struct Begins {
    waiting: VecDeque<Beginning>,
    named: u64,
    /// Since when, and how long, nothing is sent.
    pause: Option<(Since, Duration)>,
}

struct Beginning {
    name: String,
    call: Call,
    number: BatchNumber,
    partition: Partition,
    key: i64,
    id: Arc<str>,
}

impl Begins {
    pub(crate) fn has_work(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether some are to be sent now.
    pub(crate) fn is_ready(&self) -> bool {
        self.has_work() && self.pause.is_none_or(|(since, time)| since.has_passed(time))
    }

    pub(crate) fn is_in_trouble(&self) -> bool {
        self.pause.is_some()
    }

    /// Whether all is known that was asked; else it is asked again a moment later.
    pub(crate) fn went(&mut self, well: bool) {
        let time = self.pause.map_or(PAUSE, |(_, time)| (time * 2).min(PAUSE_MAX));
        self.pause = (!well).then(|| (Since::here(), time));
    }

    pub(crate) fn add(&mut self, number: BatchNumber, batch: &Batch, member: &Member, names: &Names, others: &Others) {
        let Some(accepted) = batch.accepted.first() else { return };
        let (partition, namespace) = (batch.partition, &member.namespace);
        let (prefix, mut lane) = (namespace.prefix(partition), Lane::default());
        let mut call = Call::of(namespace, partition);
        let mut writing = Writing { namespace, names, prefix: &prefix, lane: &mut lane, others };
        // Records alone can fail, and there is none.
        if call.add(number, batch, &mut writing).is_ok() {
            self.named += 1;
            let name = format!("{}:{}", member.node, self.named);
            self.waiting.push_back(Beginning { name, call, number, partition, key: accepted.key, id: Arc::clone(&accepted.id) });
        }
    }

    /// Adds the next of them to a question; where they begin.
    pub(crate) fn ask(&self, script: &str, question: &mut Pipeline) -> Vec<Partition> {
        let next = self.waiting.iter().take(TOGETHER);
        next.map(|one| {
            question.add_command(one.call.command(script, BEGINS, &one.name));
            one.partition
        })
        .collect()
    }

    /// Tells what became of those; why some are to be sent again, as all are whose replica is `unsure`.
    pub(crate) fn answered(
        &mut self,
        answers: Vec<Answered>,
        unsure: &[(Partition, RedisError)],
        names: &Names,
        arrivals: &Arrivals,
        others: &Others,
        at: Timestamp,
    ) -> Result<(), RedisError> {
        let (mut again, mut trouble) = (Vec::new(), Ok(()));
        for (one, answer) in self.waiting.drain(..answers.len().min(self.waiting.len())).zip(answers) {
            let unsure = unsure.iter().find(|(partition, _)| *partition == one.partition).map_or(Ok(()), |(_, error)| Err(error.clone()));
            let words = unsure.and(answer).and_then(|answer| Ok(redis::from_redis_value::<Vec<String>>(answer)?));
            let words = match words {
                Ok(words) => words,
                Err(error) => {
                    trouble = Err(error);
                    again.push(one);
                    continue;
                }
            };
            let mut words = words.into_iter().skip(1);
            let is_refused = words.next().is_some_and(|refused| !refused.is_empty());
            if is_refused {
                names.refuse(one.key);
            } else {
                names.pass(&one.id);
                others.tell_letter(words.next().unwrap_or_default(), one.partition);
            }
            let refused = is_refused.then_some(Arrival::Refused(one.key, Refusal::Exists));
            arrivals.tell(refused.into_iter().chain([Arrival::Committed(one.number, at)]));
        }
        again.into_iter().rev().for_each(|one| self.waiting.push_front(one));
        trouble
    }
}
