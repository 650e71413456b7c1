// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What holds for every workflow and every order of events. `PROPTEST_CASES` says how many of them are tried.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "a test that cannot go on says so")]

#[path = "support/reference.rs"]
mod reference;
#[path = "support/words.rs"]
mod words;

use engine::{
    Command, Event, Execution, Failure, Input, InstanceIndex, Note, Notes, Output, Phase, Plan, Settled, Setup, Spent, Step, TaskIndex,
    TaskState,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use reference::Reference;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// Many random executions, each judged after every step. A failing one is printed as a workflow and a journal: make it a scenario.
#[test]
fn an_execution_keeps_its_promises() {
    let cases = ProptestConfig::default().cases * 4;
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(workflow in workflow(), before in moves(3), after in moves(60))| {
        let mut run = Run::new(&words::plan(&workflow));
        for chance in before {
            run.play(&chance);
        }
        run.tell(Input::Start);
        for chance in after {
            run.play(&chance);
        }
        run.end();
    });
}

/// Up to twelve tasks as `words::plan` reads them, without a cycle.
fn workflow() -> impl Strategy<Value = String> {
    let task = (
        select(vec!["", "seq ", "seq ", "par "]),
        prop::option::of(vec(any::<Index>(), 0..4)),
        select(vec!["", "", " tries 2 fixed 100ms", " tries 3 linear 1s", " tries 4 exponential 2s", " tries 2 fixed 0ms"]),
        select(vec!["", "", " timeout 500ms", " timeout 3s"]),
    );
    (vec(task, 1..=12), any::<bool>()).prop_map(|(tasks, backwards)| {
        // Only where all edges are written may tasks be declared in any order.
        let backwards = backwards && tasks.iter().all(|(_, dependencies, ..)| dependencies.is_some());
        let mut list: Vec<String> = Vec::new();
        for (place, (kind, dependencies, retry, timeout)) in tasks.into_iter().enumerate() {
            let mut task = format!("{kind}t{place}");
            if let Some(dependencies) = dependencies {
                task.push_str(" after nothing");
                let mut places: Vec<usize> = dependencies.iter().filter(|_| place > 0).map(|index| index.index(place.max(1))).collect();
                places.dedup();
                for before in places {
                    write!(task, " t{before}").unwrap();
                }
            }
            list.push(format!("{task}{retry}{timeout}"));
        }
        if backwards {
            list.reverse();
        }
        list.join("; ")
    })
}

/// Something that may happen. Which task it happens to depends on which ones are busy then.
#[derive(Clone, Debug)]
enum Chance {
    Answer {
        which: Index,
        result: Result<(), bool>,
    },
    /// To any task or none, of any attempt.
    Stray {
        task: u32,
        attempt: u32,
        result: Result<(), bool>,
    },
    /// An attempt that is under way, or any other, tells of its models.
    Note {
        which: Index,
        stray: Option<(u32, u32)>,
        called: bool,
    },
    /// Time passes with a tick whenever one is due.
    Wait(u64),
    /// Time passes with one late tick.
    Sleep(u64),
    /// Time stands still or passes, and nobody ticks.
    Drift(u64),
    Tick,
    Start,
    Cancel,
    Recover,
}

fn moves(max: usize) -> impl Strategy<Value = Vec<Chance>> {
    let result = || prop_oneof![6 => Just(Ok(())), 2 => Just(Err(true)), 1 => Just(Err(false))];
    let place = prop_oneof![4 => 0..14_u32, 1 => any::<u32>()];
    let attempt = prop_oneof![4 => 0..4_u32, 1 => any::<u32>()];
    let other = prop::option::weighted(0.2, (0..14_u32, 0..4_u32));
    let chance = prop_oneof![
        8 => (any::<Index>(), other, any::<bool>()).prop_map(|(which, stray, called)| Chance::Note { which, stray, called }),
        20 => (any::<Index>(), result()).prop_map(|(which, result)| Chance::Answer { which, result }),
        3 => (place, attempt, result()).prop_map(|(task, attempt, result)| Chance::Stray { task, attempt, result }),
        6 => (0..6_000_u64).prop_map(Chance::Wait),
        2 => (0..20_000_u64).prop_map(Chance::Sleep),
        4 => (0..1_000_u64).prop_map(Chance::Drift),
        1 => Just(Chance::Tick),
        1 => Just(Chance::Start),
        1 => Just(Chance::Cancel),
        2 => Just(Chance::Recover),
    ];
    vec(chance, 0..max)
}

/// An execution, the reference, and what has been seen so far.
struct Run {
    plan: Arc<Plan>,
    execution: Execution,
    reference: Reference,
    now: Timestamp,
    journal: Vec<(Timestamp, Event)>,
    story: String,
    /// Tasks with an attempt whose end is not recorded.
    busy: Vec<InstanceIndex>,
    completed: Vec<InstanceIndex>,
    ended: Vec<InstanceIndex>,
}

impl Run {
    fn new(plan: &Arc<Plan>) -> Self {
        Self {
            plan: Arc::clone(plan),
            execution: Execution::new(Arc::clone(plan), Setup::default()),
            reference: Reference::new(plan),
            now: Timestamp::from_micros(1_000_000),
            journal: Vec::new(),
            story: String::new(),
            busy: Vec::new(),
            completed: Vec::new(),
            ended: Vec::new(),
        }
    }

    fn play(&mut self, chance: &Chance) {
        match *chance {
            Chance::Answer { which, result } => {
                let Some(task) = self.busy.get(which.index(self.busy.len().max(1))).copied() else { return };
                self.answer(task, self.execution.tasks()[task].attempts(), result);
            }
            Chance::Stray { task, attempt, result } => self.answer(InstanceIndex::new(task), attempt, result),
            Chance::Note { which, stray, called } => {
                let busy = self.busy.get(which.index(self.busy.len().max(1))).copied();
                let busy = busy.map(|task| (task, self.execution.tasks()[task].attempts()));
                let Some((task, attempt)) = stray.map(|(task, attempt)| (InstanceIndex::new(task), attempt)).or(busy) else { return };
                let text: Arc<str> = self.journal.len().to_string().into();
                let spent = Spent { cost_nanos: self.journal.len() as u64, calls: 1, ..Spent::default() };
                let note = if called {
                    Note::Called { spent: spent.into(), finish: Some(Arc::clone(&text)), call: Arc::clone(&text), brief: text }
                } else {
                    Note::Chosen(text)
                };
                self.tell(Input::Note { task, attempt, note });
            }
            Chance::Wait(millis) => self.wait(self.now.after(Duration::from_millis(millis))),
            Chance::Sleep(millis) => {
                self.now = self.now.after(Duration::from_millis(millis));
                self.tell(Input::Tick);
            }
            Chance::Drift(millis) => self.now = self.now.after(Duration::from_millis(millis)),
            Chance::Tick => self.tell(Input::Tick),
            Chance::Start => self.tell(Input::Start),
            Chance::Cancel => self.tell(Input::Cancel { reason: None, force: false }),
            Chance::Recover => {
                let events = self.journal.iter().map(|(at, event)| (*at, event));
                self.execution = Execution::replay(Arc::clone(&self.plan), Setup::default(), events);
                self.tell(Input::Recover);
            }
        }
    }

    fn answer(&mut self, task: InstanceIndex, attempt: u32, result: Result<(), bool>) {
        let failure = |retryable| Failure { code: "ERR_AGENT".into(), message: "no".into(), details: None, retryable, retry_after: None };
        let result = result.map(|()| Output::Held).map_err(failure);
        self.tell(Input::Settled(Settled { task, attempt, start: self.now, end: self.now, result }));
    }

    fn wait(&mut self, until: Timestamp) {
        while let Some(due) = self.execution.next_deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            let (exact, before) = (self.execution.due(), self.journal.len());
            self.tell(Input::Tick);
            let happened = self.journal.len() > before;
            assert_eq!(exact.is_some_and(|exact| exact <= self.now), happened, "something is due, or nothing happens:\n{}", self.story);
            assert!(self.execution.next_deadline().is_none_or(|next| next > self.now), "{}", self.story);
        }
        self.now = until;
    }

    /// Nobody answers any more: time alone ends it.
    fn end(&mut self) {
        for _ in 0..1000 {
            let Some(due) = self.execution.next_deadline() else { break };
            self.wait(self.now.max(due));
        }
        assert!(matches!(self.execution.phase(), Phase::Ended(_)), "it never ends:\n{}", self.story);
        assert_eq!(self.ended.len(), self.plan.tasks.len());
        assert_eq!(self.execution.next_deadline(), None);
        assert!(self.execution.ended().is_some());
        assert_eq!(self.execution.failure().is_some(), matches!(self.execution.phase(), Phase::Ended(engine::End::Failed { .. })));
    }

    fn tell(&mut self, input: Input) {
        let over = matches!(self.execution.phase(), Phase::Ended(_));
        self.reference.tell(self.now, &input);
        let mut step = Step::default();
        self.execution.handle(self.now, input, &mut step);
        self.story.push_str(&words::story(&self.execution, self.now, &step));
        assert!(!over || step.events.is_empty(), "something happened after the end:\n{}", self.story);
        step.events.iter().for_each(|event| self.see(event));
        self.check_commands(&step);
        self.journal.extend(step.events.into_iter().map(|event| (self.now, event)));
        self.check_notes();
        assert_eq!(reference::words(&self.execution), self.reference.words(), "the reference disagrees:\n{}", self.story);
        let replayed = Execution::replay(Arc::clone(&self.plan), Setup::default(), self.journal.iter().map(|(at, event)| (*at, event)));
        assert_eq!(words::state(&replayed), words::state(&self.execution), "a replay disagrees:\n{}", self.story);
    }

    fn see(&mut self, event: &Event) {
        match event {
            Event::AttemptStarted { task, .. } => {
                let planned = self.execution.planned(*task);
                assert!(
                    planned.dependencies.iter().all(|before| self.completed.contains(&InstanceIndex::new(before.get()))),
                    "too early:\n{}",
                    self.story
                );
                let excluded = planned.exclusive && self.busy.iter().any(|other| self.plan.tasks[TaskIndex::new(other.get())].exclusive);
                assert!(!excluded, "two exclusive tasks run:\n{}", self.story);
                assert!(!self.ended.contains(task) && !self.busy.contains(task), "it runs or has ended:\n{}", self.story);
                self.busy.push(*task);
            }
            Event::AttemptInterrupted { task, .. } | Event::RetryScheduled { task, .. } | Event::FallbackTaken { task, .. } => {
                self.busy.retain(|busy| busy != task);
            }
            Event::TaskCompleted { task, .. }
            | Event::TaskFailed { task, .. }
            | Event::TaskSkipped { task, .. }
            | Event::TaskCancelled { task, .. } => {
                assert!(!self.ended.contains(task), "it ends twice:\n{}", self.story);
                self.ended.push(*task);
                self.busy.retain(|busy| busy != task);
                if matches!(event, Event::TaskCompleted { .. }) {
                    self.completed.push(*task);
                }
            }
            Event::ExecutionEnded { .. } => assert_eq!(self.ended.len(), self.plan.tasks.len(), "too early:\n{}", self.story),
            _ => {}
        }
    }

    /// Every call is paid for once, and whoever is at work has what this same attempt noted, before any crash too.
    fn check_notes(&self) {
        let mut paid = Spent::default();
        let mut notes: BTreeMap<(InstanceIndex, u32), Notes> = BTreeMap::new();
        let mut finishes: BTreeMap<InstanceIndex, Arc<str>> = BTreeMap::new();
        for (_, event) in &self.journal {
            match event {
                Event::ModelChosen { task, attempt, choice } => {
                    notes.entry((*task, *attempt)).or_default().choices.push(Arc::clone(choice));
                }
                Event::ModelCalled { task, attempt, spent, finish, call, .. } => {
                    paid = paid.plus(**spent);
                    finishes.extend(finish.clone().map(|word| (*task, word)));
                    notes.entry((*task, *attempt)).or_default().calls.push(Arc::clone(call));
                }
                _ => {}
            }
        }
        assert_eq!(self.execution.spent(), paid, "{}", self.story);
        for task in &self.busy {
            let own = notes.get(&(*task, self.execution.tasks()[*task].attempts()));
            assert_eq!(self.execution.notes(*task), own, "{}", self.story);
            assert_eq!(self.execution.finish_of(*task), finishes.get(task).map(|word| &**word), "{}", self.story);
        }
    }

    /// Each start is owed a run, and what is told to stop is an attempt that runs.
    fn check_commands(&self, step: &Step) {
        let starts = step.events.iter().filter_map(|event| match event {
            Event::AttemptStarted { task, attempt, .. } => Some((*task, *attempt)),
            _ => None,
        });
        let runs = step.commands.iter().filter_map(|command| match command {
            Command::Run { task, attempt } => Some((*task, *attempt)),
            _ => None,
        });
        assert_eq!(runs.collect::<Vec<_>>(), starts.collect::<Vec<_>>(), "{}", self.story);
        for command in &step.commands {
            if let Command::Abort { task, attempt, cause } = command {
                let record = &self.execution.tasks()[*task].state;
                let told = matches!(record, TaskState::Aborting { attempt: a, cause: c, .. } if (a, c) == (attempt, cause));
                assert!(told, "{command:?} {record:?}\n{}", self.story);
            }
        }
    }
}
