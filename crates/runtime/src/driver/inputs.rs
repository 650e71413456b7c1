// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The way of one input.
//!
//! ```text
//! input ─▶ handle: the machine, and the pool for whoever asks ─▶ owe: effects, in the order of the journal ─▶ tally ─▶ append
//!            └ nothing is recorded: nothing to tally or append                       └ what the store is asked ─▶ look_up
//! ```
//! All of it joins the batch that is being gathered; nothing leaves before that is committed.

use super::budget::Charge;
use super::{Driver, keys, outputs};
use crate::Error;
use crate::effect::{self, Number};
use crate::store::end_name;
use engine::{Command, End, Event, Execution, Input, InstanceIndex, Phase};
use std::sync::Arc;
use stdx::Timestamp;

/// Tasks whose outputs may be on record, with their keys.
type Asked = Vec<(InstanceIndex, Arc<str>)>;

/// How many tasks of an execution waited and ran before an input.
#[derive(Clone, Copy)]
struct Tasks {
    queued: usize,
    running: usize,
}

impl Tasks {
    fn of(execution: &Execution) -> Self {
        Self { queued: execution.queued(), running: execution.running() }
    }
}

impl Driver {
    /// One input to one machine; what it leads to joins the batch.
    pub(super) fn input(&mut self, slot: u32, input: Input) -> Result<(), Error> {
        self.check()?;
        let now = self.now();
        let left = self.left_above(slot);
        let live = self.slots.get_live(slot)?;
        if live.is_let_go {
            return Ok(());
        }
        live.execution.allow(left);
        let before = Tasks::of(&live.execution);
        let at = live.at(now);
        self.handle(slot, now, input)?;
        let asked = self.owe(slot, at)?;
        if !self.step.events.is_empty() {
            self.tally(slot, now, before)?;
            self.append(slot, at)?;
        }
        self.look_up(slot, asked)
    }

    /// What the input leads to, with the attempts that have an agent at once, is in `step` afterwards.
    fn handle(&mut self, slot: u32, now: Timestamp, input: Input) -> Result<(), Error> {
        let live = self.slots.get_live(slot)?;
        let is_answer = matches!(input, Input::Settled(_) | Input::Interrupt);
        let admitted = if let Input::Admit { task, .. } = input { Some(task) } else { None };
        live.execution.handle(live.at(now), input, &mut self.step);
        if let Some(agents) = &mut self.agents {
            agents.let_in(now, slot, live, &mut self.step);
            if !is_answer {
                agents.look_for_leaks(now, slot, live, admitted, &self.step.events);
            }
        }
        // Even an input that records nothing may leave an earlier deadline to look at.
        live.arm(slot, &mut self.timers);
        if live.execution.is_resting() && !std::mem::replace(&mut live.rests, true) {
            self.resting.push((slot, live.key));
        }
        Ok(())
    }

    /// What is owed for the events and commands of `step`; what is asked of the store.
    fn owe(&mut self, slot: u32, at: Timestamp) -> Result<Asked, Error> {
        let live = self.slots.get_live(slot)?;
        let part = self.gathered.at(live.part());
        let (record, first) = live.next_place(at, &part.batch.records);
        // Each attempt that started is run, in the same order, and leaves where it stands in the journal.
        let mut runs = self.step.commands.iter().filter(|command| matches!(command, Command::Run { .. }));
        for (place, event) in (first..).zip(&self.step.events) {
            let number = Number::new(record, place);
            self.attempts.look_at(live, place, at, event);
            if let Some(counts) = &mut self.counts {
                counts.look_at(live, at, event);
            }
            if let Some(notice) = effect::notice(slot, at, number, event) {
                self.outbox.tell_why(slot, number, event);
                part.owed.push(notice);
            }
            if matches!(event, Event::AttemptStarted { .. }) {
                part.owed.extend(runs.next().and_then(|command| live.run(slot, at, number, command)));
            }
            self.fresh.keep(outputs::kept(live, self.agents.as_mut(), at, event), (live.key, record), &mut part.batch.cached);
        }
        self.attempts.handled();
        let mut asked = Asked::new();
        for command in &self.step.commands {
            match command {
                Command::LookUp { task, key } => asked.push((*task, Arc::clone(key))),
                // The pool has heard of the first two, and the attempts have been run.
                Command::Ask { .. } | Command::Withdraw { .. } | Command::Run { .. } => {}
                Command::Abort { .. } | Command::Judge { .. } | Command::Review { .. } => {
                    if let Command::Review { task, candidate } = command {
                        live.ask_about(*task, Arc::clone(candidate));
                    }
                    part.owed.extend(effect::command(slot, at, Number::new(record, first), command));
                }
            }
        }
        self.step.commands.clear();
        Ok(asked)
    }

    /// The figures, and what an end means beside the journal.
    fn tally(&mut self, slot: u32, now: Timestamp, before: Tasks) -> Result<(), Error> {
        let live = self.slots.get_live(slot)?;
        let Tasks { queued, running } = Tasks::of(&live.execution);
        self.statistics.running = self.statistics.running + running - before.running;
        self.statistics.queued = self.statistics.queued + queued - before.queued;
        let Phase::Ended(end) = live.execution.phase() else { return Ok(()) };
        self.statistics.active -= 1;
        match end {
            End::Completed => self.statistics.completed += 1,
            End::Failed { .. } => self.statistics.failed += 1,
            End::Cancelled { .. } => self.statistics.cancelled += 1,
        }
        self.versions.release(live.execution.plan());
        keys::end(live, live.at(now), end_name(end), &mut self.gathered.at(live.part()).batch.keys);
        self.admission.leave(slot);
        if let Some(agents) = &mut self.agents {
            agents.pool.forget(now, slot);
        }
        Ok(())
    }

    /// The events join the record of their instant, and those above are charged for them.
    fn append(&mut self, slot: u32, at: Timestamp) -> Result<(), Error> {
        let live = self.slots.get_live(slot)?;
        let charged = live.parent.map(|parent| (parent, Charge::of(&live.execution, &self.step.events)));
        let overfull = self.journals.count(&mut live.recorded, &live.execution, &self.step.events);
        let records = &mut self.gathered.at(live.part()).batch.records;
        live.append(slot, at, &mut self.step.events, &mut self.attempts, records);
        self.forget_void_timers();
        if let Some(failure) = overfull {
            self.input(slot, Input::Overfull(failure))?;
        }
        charged.map_or(Ok(()), |(parent, charge)| self.charge(parent, charge))
    }
}
