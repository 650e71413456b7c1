// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Plays a script against an execution, and plays it again with crashes.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on says so"
)]

use crate::words::{cancelled, plan, skipped, state, story};
use engine::{Event, Execution, Failure, Input, Output, Phase, Plan, Settled, Step, TaskIndex, TaskState};
use expect_test::Expect;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// Plays `script` and compares the journal, read aloud; then crashes after every step, in two ways.
///
/// A script is words between `|`: `succeed a`, `fail a` (an attempt's number may follow), `fail a for good`, `wait 1s` (ticks whenever one
/// is due), `sleep 1h` (one tick, late), `time out a` (waits for the deadline of its attempt), `cancel`, `cancel "why"`, `crash`, `start`.
/// `start` is understood at the beginning, unless it is written somewhere.
#[expect(clippy::needless_pass_by_value, reason = "as `expect![]` reads best")]
pub(crate) fn check(workflow: &str, script: &str, expect: Expect) {
    let plan = plan(workflow);
    let words = words(&plan, script);
    let mut run = Run::new(&plan);
    for word in words {
        run.say(word);
    }
    expect.assert_eq(&run.told());
    run.replays_to_the_same_journal();
    run.recovers_to_the_same_end();
}

#[derive(Clone)]
enum Word {
    Start,
    Answer { task: TaskIndex, attempt: Option<u32>, result: Result<Output, Failure> },
    Wait(Duration),
    Sleep(Duration),
    TimeOut(TaskIndex),
    Cancel(Option<Arc<str>>),
    Crash,
}

/// The place of the task with this id.
pub(crate) fn find(plan: &Plan, id: &str) -> Option<TaskIndex> {
    plan.tasks.iter().find(|(_, task)| &*task.id == id).map(|(index, _)| index)
}

fn words(plan: &Plan, script: &str) -> Vec<Word> {
    let mut words: Vec<Word> = script.split('|').map(str::trim).filter(|word| !word.is_empty()).map(|text| word(plan, text)).collect();
    if !words.iter().any(|word| matches!(word, Word::Start)) {
        words.insert(0, Word::Start);
    }
    words
}

fn word(plan: &Plan, text: &str) -> Word {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let task = |id: &str| find(plan, id).unwrap_or_else(|| panic!("no task `{id}` in `{text}`"));
    let answer = |id: &str, attempt: Option<&str>, result: Result<Output, Failure>| Word::Answer {
        task: task(id),
        attempt: attempt.map(|attempt| attempt.parse().unwrap()),
        result,
    };
    match parts.as_slice() {
        ["start"] => Word::Start,
        ["succeed", id] => answer(id, None, Ok(Output::Held)),
        ["succeed", id, attempt] => answer(id, Some(attempt), Ok(Output::Held)),
        ["fail", id] => answer(id, None, Err(failure(true))),
        ["fail", id, "for", "good"] => answer(id, None, Err(failure(false))),
        ["fail", id, attempt] => answer(id, Some(attempt), Err(failure(true))),
        ["wait", time] => Word::Wait(duration(time)),
        ["sleep", time] => Word::Sleep(duration(time)),
        ["time", "out", id] => Word::TimeOut(task(id)),
        ["cancel"] => Word::Cancel(None),
        ["cancel", ..] => Word::Cancel(Some(text.trim_start_matches("cancel").trim().trim_matches('"').into())),
        ["crash"] => Word::Crash,
        _ => panic!("what is `{text}`?"),
    }
}

fn failure(retryable: bool) -> Failure {
    Failure { code: "ERR_AGENT".into(), message: "it did not work".into(), details: None, retryable }
}

fn duration(text: &str) -> Duration {
    let (number, unit) = text.split_at(text.find(char::is_alphabetic).unwrap());
    let number: u64 = number.parse().unwrap();
    match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "h" => Duration::from_secs(3600 * number),
        _ => panic!("what is `{text}`?"),
    }
}

/// An execution with everything it was told and everything it said.
struct Run {
    plan: Arc<Plan>,
    execution: Execution,
    now: Timestamp,
    steps: Vec<Recorded>,
}

struct Recorded {
    at: Timestamp,
    input: Input,
    step: Step,
    /// The state after it.
    state: String,
}

impl Run {
    fn new(plan: &Arc<Plan>) -> Self {
        let execution = Execution::new(Arc::clone(plan), 0);
        Self { plan: Arc::clone(plan), execution, now: Timestamp::default(), steps: Vec::new() }
    }

    fn say(&mut self, word: Word) {
        match word {
            Word::Start => self.tell(Input::Start),
            Word::Cancel(reason) => self.tell(Input::Cancel { reason }),
            Word::Answer { task, attempt, result } => {
                let current = || {
                    assert!(self.standing(task).is_some(), "`{}` has nothing to answer:\n{}", self.plan.tasks[task].id, self.told());
                    self.execution.tasks()[task].attempts()
                };
                let attempt = attempt.unwrap_or_else(current);
                self.tell(Input::Settled(Settled { task, attempt, start: self.now, end: self.now, result }));
            }
            Word::Wait(time) => self.advance(self.now.after(time)),
            Word::Sleep(time) => {
                self.now = self.now.after(time);
                self.tell(Input::Tick);
            }
            Word::TimeOut(task) => {
                let TaskState::Running { deadline, .. } = self.execution.tasks()[task].state else {
                    panic!("`{}` does not run:\n{}", self.plan.tasks[task].id, self.told());
                };
                self.advance(deadline);
            }
            Word::Crash => {
                self.execution = self.replayed(self.steps.len());
                self.tell(Input::Recover);
            }
        }
    }

    fn tell(&mut self, input: Input) {
        let mut step = Step::default();
        self.execution.handle(self.now, input.clone(), &mut step);
        self.steps.push(Recorded { at: self.now, input, step, state: state(&self.execution) });
    }

    /// The attempt that may answer and until when, and whether it was told to stop.
    fn standing(&self, task: TaskIndex) -> Option<(u32, Timestamp, bool)> {
        match self.execution.tasks()[task].state {
            TaskState::Running { attempt, deadline, .. } => Some((attempt, deadline, false)),
            TaskState::Aborting { attempt, until, .. } => Some((attempt, until, true)),
            _ => None,
        }
    }

    /// Lets time pass, with a tick whenever one is due, as a driver does.
    fn advance(&mut self, until: Timestamp) {
        while let Some(due) = self.execution.next_deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.tell(Input::Tick);
            assert_ne!(self.execution.next_deadline(), Some(due), "a tick settles what was due");
        }
        self.now = self.now.max(until);
    }

    /// Nobody answers any more.
    fn drain(&mut self) {
        while let Some(due) = self.execution.next_deadline() {
            self.advance(due);
        }
    }

    fn told(&self) -> String {
        let mut text: String = self.steps.iter().map(|recorded| story(&self.plan, recorded.at, &recorded.step)).collect();
        if !matches!(self.execution.phase(), Phase::Ended(_)) {
            writeln!(text, "still {}", self.ends()).unwrap();
        }
        if self.execution.late_answers() > 0 {
            writeln!(text, "late answers: {}", self.execution.late_answers()).unwrap();
        }
        text
    }

    /// Where each task is, in a word or two.
    fn ends(&self) -> String {
        let ends = self.execution.tasks().iter().map(|(task, record)| {
            let state = match record.state {
                TaskState::Waiting => "waiting",
                TaskState::Ready { .. } => "ready",
                TaskState::Running { .. } => "running",
                TaskState::Aborting { .. } => "aborting",
                TaskState::Backoff { .. } => "in backoff",
                TaskState::Completed { .. } => "completed",
                TaskState::Failed { .. } => "failed",
                TaskState::Skipped { reason, .. } => skipped(reason),
                TaskState::Cancelled { reason, .. } => cancelled(reason),
            };
            format!("{} {state}", self.plan.tasks[task].id)
        });
        ends.collect::<Vec<_>>().join(", ")
    }

    fn replayed(&self, steps: usize) -> Execution {
        Execution::replay(Arc::clone(&self.plan), 0, self.events(steps))
    }

    fn events(&self, steps: usize) -> impl Iterator<Item = (Timestamp, &Event)> {
        self.steps.iter().take(steps).flat_map(|recorded| recorded.step.events.iter().map(|event| (recorded.at, event)))
    }

    /// After each step, the state comes back from the journal and goes on just as it did.
    fn replays_to_the_same_journal(&self) {
        for crash in 0..=self.steps.len() {
            let mut execution = self.replayed(crash);
            let (before, after) = self.steps.split_at(crash);
            if let Some(recorded) = before.last() {
                assert_eq!(state(&execution), recorded.state, "the state after step {crash}, replayed, of:\n{}", self.told());
            }
            for recorded in after {
                let mut step = Step::default();
                execution.handle(recorded.at, recorded.input.clone(), &mut step);
                assert_eq!(
                    story(&self.plan, recorded.at, &step),
                    story(&self.plan, recorded.at, &recorded.step),
                    "replayed after step {crash} of:\n{}",
                    self.told()
                );
                assert_eq!(state(&execution), recorded.state);
            }
        }
    }

    /// After each step the process dies and another one recovers; interrupted attempts answer again, and every task ends alike.
    fn recovers_to_the_same_end(&self) {
        let mut straight = self.again(self.steps.len());
        straight.drain();
        for crash in 1..=self.steps.len() {
            let mut run = self.again(crash);
            let told_to_stop = run.execution.tasks().iter().any(|(_, record)| matches!(record.state, TaskState::Aborting { .. }));
            run.say(Word::Crash);
            run.replay_answers(self.answers(crash));
            run.drain();
            assert_eq!(run.execution.phase(), straight.execution.phase(), "a crash after step {crash}:\n{}", run.told());
            // What was told to stop can no longer answer within its grace.
            if !told_to_stop {
                assert_eq!(run.ends(), straight.ends(), "a crash after step {crash}:\n{}", run.told());
            }
        }
    }

    /// The first `steps` again.
    fn again(&self, steps: usize) -> Self {
        let mut run = Self::new(&self.plan);
        for recorded in self.steps.iter().take(steps) {
            run.now = recorded.at;
            run.tell(recorded.input.clone());
        }
        run
    }

    /// What came from outside after the first `steps` and changed something, and whether an answer came within a grace.
    fn answers(&self, steps: usize) -> Vec<(Timestamp, Input, bool)> {
        let mut run = self.again(steps);
        let mut answers = Vec::new();
        for recorded in self.steps.iter().skip(steps) {
            let told_to_stop = match &recorded.input {
                Input::Settled(settled) => run.standing(settled.task).is_some_and(|(_, _, told_to_stop)| told_to_stop),
                Input::Cancel { .. } | Input::Start | Input::Tick | Input::Recover => false,
            };
            if matches!(recorded.input, Input::Settled(_) | Input::Cancel { .. }) && !recorded.step.events.is_empty() {
                answers.push((recorded.at, recorded.input.clone(), told_to_stop));
            }
            run.now = recorded.at;
            run.tell(recorded.input.clone());
        }
        answers
    }

    /// Gives each answer at its instant, later if its attempt runs later, and earlier if its time would be over before.
    fn replay_answers(&mut self, mut answers: Vec<(Timestamp, Input, bool)>) {
        loop {
            let due = answers.iter().enumerate().filter_map(|(place, (at, input, told_to_stop))| match input {
                Input::Settled(settled) => match self.standing(settled.task) {
                    Some((attempt, until, stopping)) if (attempt, stopping) == (settled.attempt, *told_to_stop) => {
                        Some((self.now.max(until.min(*at)), place))
                    }
                    _ => None,
                },
                Input::Cancel { .. } => Some((self.now.max(*at), place)),
                Input::Start | Input::Tick | Input::Recover => None,
            });
            match (due.min(), self.execution.next_deadline()) {
                (Some((at, place)), deadline) if deadline.is_none_or(|deadline| at <= deadline) => {
                    self.now = at;
                    self.tell(answers.remove(place).1);
                }
                (_, Some(deadline)) => self.advance(deadline),
                (_, None) => return,
            }
        }
    }
}
