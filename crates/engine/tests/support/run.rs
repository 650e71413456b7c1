// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Plays a script against an execution, and plays it again with crashes.

#![expect(clippy::panic, clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "a test that cannot go on says so")]

use crate::words::{cancelled, plan, skipped, state, story, sum};
use engine::{Event, Execution, Failure, Fit, Input, InstanceIndex, Note, Output, Phase, Plan, Settled, Setup, Spent, Step, TaskState};
use expect_test::Expect;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// Plays `script` and compares the journal, read aloud; then crashes after every step, in two ways.
///
/// A script is words between `|`: `succeed a`, `fail a` (an attempt's number may follow), `fail a for good`, `a = {"n":1}` (it succeeds with that
/// output), `wait 1s` (ticks whenever one is due), `sleep 1h` (one tick, late), `time out a` (waits for the deadline of its attempt), `beat a`,
/// `signal go = true`, `signal go for a = true`, `pause`, `resume`, `step`, `cancel`, `cancel "why"`, `force`, `found a = 1`, `found a nothing`, `review a = 1`, `review a fails`,
/// `judge a gate 0 true`, `spawn a {...}` (an attempt's number may stand before it), `choose a = "m"` and `call a = 5` (an attempt's number may follow), `below paid = 5` (nano-dollars), `put off` (an orderly end of the process), `crash`, `start`. Tasks are named by their paths.
/// `start` is understood at the beginning, unless it is written somewhere.
pub(crate) fn check(workflow: &str, script: &str, expect: Expect) {
    check_with(workflow, Setup::default(), script, expect);
}

/// As [`check`], where agents have to be asked for: `admit a`, or `admit a by b`.
pub(crate) fn asking(workflow: &str, script: &str, expect: Expect) {
    check_with(workflow, Setup { asks: true, ..Setup::default() }, script, expect);
}

/// As [`check`], with a context.
pub(crate) fn given(context: &str, workflow: &str, script: &str, expect: Expect) {
    check_with(workflow, Setup { context: Some(context.into()), ..Setup::default() }, script, expect);
}

#[expect(clippy::needless_pass_by_value, reason = "as `expect![]` reads best")]
fn check_with(workflow: &str, setup: Setup, script: &str, expect: Expect) {
    let mut run = Run::new(&plan(workflow), setup);
    for word in words(script) {
        run.say(&word);
    }
    expect.assert_eq(&run.told());
    run.replays_to_the_same_journal();
    run.recovers_to_the_same_end();
}

fn words(script: &str) -> Vec<String> {
    let mut words: Vec<String> = script.split('|').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    if !words.iter().any(|word| word == "start") {
        words.insert(0, "start".to_owned());
    }
    words
}

/// A failure that says when to try again.
fn put_off(wait: Duration) -> Failure {
    Failure { retry_after: Some(wait), ..failure(true) }
}

pub(crate) fn failure(retryable: bool) -> Failure {
    Failure { code: "ERR_AGENT".into(), message: "it did not work".into(), details: None, retryable, retry_after: None }
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
    setup: Setup,
    execution: Execution,
    now: Timestamp,
    steps: Vec<Recorded>,
}

struct Recorded {
    at: Timestamp,
    input: Input,
    step: Step,
    story: String,
    /// The path of the task it is about, and whether that had been told to stop.
    about: Option<(String, bool)>,
    /// The state after it.
    state: String,
}

impl Run {
    fn new(plan: &Arc<Plan>, setup: Setup) -> Self {
        let execution = Execution::new(Arc::clone(plan), setup.clone());
        Self { plan: Arc::clone(plan), setup, execution, now: Timestamp::default(), steps: Vec::new() }
    }

    fn task(&self, path: &str) -> InstanceIndex {
        let found = self.execution.tasks().iter().filter(|(task, _)| self.execution.path(*task) == path);
        // A loop and a task of its passes never share a path; a pass of a loop of one call has its own.
        found.last().unwrap_or_else(|| panic!("no task `{path}`:\n{}", self.told())).0
    }

    #[expect(clippy::too_many_lines, reason = "a table: one entry for each word of a scenario")]
    fn say(&mut self, text: &str) {
        let (said, value) = text.split_once(" = ").map_or((text, None), |(said, value)| (said, Some(Arc::from(value))));
        let parts: Vec<&str> = said.split_whitespace().collect();
        match (parts.as_slice(), value) {
            (["start"], _) => self.tell(Input::Start),
            (["crash"], _) => {
                self.execution = self.replayed(self.steps.len());
                self.tell(Input::Recover);
            }
            (["choose", path, ..], Some(choice)) => self.note(path, parts.get(2), Note::Chosen(choice)),
            (["call", path, ..], Some(call)) => {
                self.note(path, parts.get(2), Note::Called { spent: Box::new(paid(&call)), finish: None, brief: Arc::clone(&call), call });
            }
            (["below", "paid"], Some(cost)) => {
                let spent = Some(Box::new(paid(&cost)));
                self.tell(Input::Charge { started: 0, interrupted: 0, refused: false, spent });
            }
            (["put", "off"], _) => self.tell(Input::Interrupt),
            (["pause"], _) => self.tell(Input::Pause),
            (["resume"], _) => self.tell(Input::Resume { step: false }),
            (["step"], _) => self.tell(Input::Resume { step: true }),
            (["cancel"], _) => self.tell(Input::Cancel { reason: None, force: false }),
            (["force"], _) => self.tell(Input::Cancel { reason: None, force: true }),
            (["cancel", ..], _) => {
                let reason = Some(text.trim_start_matches("cancel").trim().trim_matches('"').into());
                self.tell(Input::Cancel { reason, force: false });
            }
            (["signal", name], Some(payload)) => self.tell(Input::Signal { name: (*name).into(), payload, path: None, fits: None }),
            (["signal", name, "fits", waits @ ..], Some(payload)) => {
                let fit = |wait: &&str| Fit { task: self.execution.plan().find(wait).unwrap(), payload: None };
                let fits = Some(waits.iter().map(fit).collect());
                self.tell(Input::Signal { name: (*name).into(), payload, path: None, fits });
            }
            (["signal", name, "for", path], Some(payload)) => {
                self.tell(Input::Signal { name: (*name).into(), payload, path: Some((*path).into()), fits: None });
            }
            (["found", path], found) => self.tell(Input::LookedUp { task: self.task(path), found }),
            (["found", path, "nothing"], _) => self.tell(Input::LookedUp { task: self.task(path), found: None }),
            (["review", path, ..], output) => self.review(path, output),
            (["judge", path, what, index, answer], _) => self.judge(path, what, index.parse().unwrap(), answer),
            (["spawn", path, rest @ ..], _) => {
                let definition = text[text.find('{').unwrap()..].into();
                let task = self.task(path);
                let attempt = rest.first().and_then(|word| word.parse().ok());
                let attempt = attempt.unwrap_or_else(|| self.execution.tasks()[task].attempts());
                self.tell(Input::Spawn { task, attempt, definition });
            }
            (["admit", path], _) => self.tell(Input::Admit { task: self.task(path), admitted_by: None }),
            (["admit", path, "by", other], _) => {
                self.tell(Input::Admit { task: self.task(path), admitted_by: Some(self.task(other)) });
            }
            (["beat", path], _) => {
                let task = self.task(path);
                self.tell(Input::Heartbeat { task, attempt: self.execution.tasks()[task].attempts() });
            }
            (["wait", time], _) => self.advance(self.now.after(duration(time))),
            (["sleep", time], _) => {
                self.now = self.now.after(duration(time));
                self.tell(Input::Tick);
            }
            (["time", "out", path], _) => {
                let TaskState::Running { deadline: Some(deadline), .. } = self.execution.tasks()[self.task(path)].state else {
                    panic!("`{path}` does not run:\n{}", self.told());
                };
                self.advance(deadline);
            }
            (["succeed", path], _) => self.answer(path, None, Ok(Output::Held)),
            (["succeed", path, attempt], _) => self.answer(path, Some(attempt.parse().unwrap()), Ok(Output::Held)),
            (["fail", path], None) => self.answer(path, None, Err(failure(true))),
            (["fail", path], Some(code)) => self.answer(path, None, Err(Failure { code, ..failure(true) })),
            (["fail", path, "after", wait], _) => self.answer(path, None, Err(put_off(duration(wait)))),
            (["fail", path, "for", "good"], _) => self.answer(path, None, Err(failure(false))),
            (["fail", path, attempt], _) => self.answer(path, Some(attempt.parse().unwrap()), Err(failure(true))),
            (["undoable", path], Some(output)) => self.answer(path, None, Ok(Output::Undoable(output))),
            ([path], Some(output)) => self.answer(path, None, Ok(Output::Json(output))),
            _ => panic!("what is `{text}`?"),
        }
    }

    fn note(&mut self, path: &str, attempt: Option<&&str>, note: Note) {
        let task = self.task(path);
        let attempt = attempt.map_or_else(|| self.execution.tasks()[task].attempts(), |attempt| attempt.parse().unwrap());
        self.tell(Input::Note { task, attempt, note });
    }

    fn review(&mut self, path: &str, output: Option<Arc<str>>) {
        let result = output.ok_or_else(|| Failure::coded("ERR_OUTPUT_SCHEMA", "it does not fit".to_owned()));
        self.tell(Input::Reviewed { task: self.task(path), result });
    }

    fn judge(&mut self, path: &str, what: &str, index: u32, answer: &str) {
        let task = self.task(path);
        let passes = u32::try_from(self.execution.iterations(task).unwrap_or(0)).unwrap();
        let question = match what {
            "gate" => engine::Question::Gate(index),
            "branch" => engine::Question::Branch(index),
            "turn" => engine::Question::Turn { passes, index },
            _ => panic!("what is `{what}`?"),
        };
        let answer = answer.parse().map_err(|_| Failure { code: "ERR_CONDITION".into(), ..failure(false) });
        self.tell(Input::Judged { task, question, answer });
    }

    fn answer(&mut self, path: &str, attempt: Option<u32>, result: Result<Output, Failure>) {
        let task = self.task(path);
        let attempt = attempt.unwrap_or_else(|| {
            assert!(self.standing(task).is_some(), "`{path}` has nothing to answer:\n{}", self.told());
            self.execution.tasks()[task].attempts()
        });
        self.tell(Input::Settled(Settled { task, attempt, start: self.now, end: self.now, result }));
    }

    fn tell(&mut self, input: Input) {
        let mut step = Step::default();
        let about = about(&input).map(|task| (self.execution.path(task), self.standing(task).is_some_and(|(_, _, stopping)| stopping)));
        self.execution.handle(self.now, input.clone(), &mut step);
        let story = story(&self.execution, self.now, &step);
        self.steps.push(Recorded { at: self.now, input, story, step, about, state: state(&self.execution) });
    }

    /// The attempt that may answer and until when, and whether it was told to stop.
    fn standing(&self, task: InstanceIndex) -> Option<(u32, Timestamp, bool)> {
        match self.execution.tasks()[task].state {
            TaskState::Running { attempt, deadline, .. } => Some((attempt, deadline.unwrap_or(Timestamp::from_micros(u64::MAX)), false)),
            TaskState::Aborting { attempt, until, .. } => Some((attempt, until, true)),
            _ => None,
        }
    }

    /// Lets time pass, with a tick whenever one is due, as a driver does.
    fn advance(&mut self, until: Timestamp) {
        while let Some(due) = self.execution.next_deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.tell(Input::Tick);
            assert_ne!(self.execution.next_deadline(), Some(due), "a tick settles what was due:\n{}", self.told());
        }
        self.now = self.now.max(until);
    }

    /// Nobody answers any more.
    fn drain(&mut self) {
        self.admit_all();
        while let Some(due) = self.execution.next_deadline() {
            self.advance(due);
            self.admit_all();
        }
    }

    /// There is an agent for everybody who asked for one.
    fn admit_all(&mut self) {
        let asking = |run: &Self| run.execution.tasks().iter().find(|(_, record)| record.asked).map(|(task, _)| task);
        while let Some(task) = asking(self) {
            self.tell(Input::Admit { task, admitted_by: None });
        }
    }

    fn told(&self) -> String {
        let mut text: String = self.steps.iter().map(|recorded| recorded.story.as_str()).collect();
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
        let mut ends: Vec<String> = self
            .execution
            .tasks()
            .iter()
            .map(|(task, record)| format!("{} {}", self.execution.path(task), standing(&record.state)))
            .collect();
        if self.execution.is_paused() {
            ends.push("paused".to_owned());
        }
        ends.join(", ")
    }

    fn replayed(&self, steps: usize) -> Execution {
        Execution::replay(Arc::clone(&self.plan), self.setup.clone(), self.events(steps))
    }

    fn events(&self, steps: usize) -> impl Iterator<Item = (Timestamp, &Event)> {
        self.steps.iter().take(steps).flat_map(|recorded| recorded.step.events.iter().map(|event| (recorded.at, event)))
    }

    /// After each step, the state comes back from the journal and goes on just as it did.
    fn replays_to_the_same_journal(&self) {
        if self.setup.asks || self.steps.iter().any(|recorded| matches!(recorded.input, Input::Heartbeat { .. })) {
            // Signs of life, and who asked for an agent, are not recorded, on purpose.
            return;
        }
        for crash in 0..=self.steps.len() {
            let mut execution = self.replayed(crash);
            let (before, after) = self.steps.split_at(crash);
            if let Some(recorded) = before.last() {
                assert_eq!(state(&execution), recorded.state, "the state after step {crash}, replayed, of:\n{}", self.told());
            }
            for recorded in after {
                let mut step = Step::default();
                execution.handle(recorded.at, recorded.input.clone(), &mut step);
                assert_eq!(story(&execution, recorded.at, &step), recorded.story, "replayed after step {crash} of:\n{}", self.told());
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
            let paused = run.execution.is_paused();
            run.say("crash");
            run.replay_answers(crash, &self.steps);
            run.drain();
            let context = || format!("a crash after step {crash}:\n{}\nand without:\n{}", run.told(), straight.told());
            // What was told to stop can no longer answer within its grace.
            // What a pause let finish has to wait for the end of the pause, and a crash too many is poison.
            let poisoned = self.steps.iter().filter(|recorded| matches!(recorded.input, Input::Recover)).count() > 2;
            if !told_to_stop && !paused && !poisoned {
                assert_eq!(end(&run), end(&straight), "{}", context());
                let (mut one, mut other): (Vec<_>, Vec<_>) = (run.final_states(), straight.final_states());
                one.sort_unstable();
                other.sort_unstable();
                assert_eq!(one, other, "{}", context());
            }
            assert!(
                paused || matches!(run.execution.phase(), Phase::Ended(_)) == matches!(straight.execution.phase(), Phase::Ended(_)),
                "{}",
                context()
            );
        }
    }

    fn final_states(&self) -> Vec<String> {
        self.execution.tasks().iter().map(|(task, record)| format!("{} {}", self.execution.path(task), standing(&record.state))).collect()
    }

    /// The first `steps` again.
    fn again(&self, steps: usize) -> Self {
        let mut run = Self::new(&self.plan, self.setup.clone());
        for recorded in self.steps.iter().take(steps) {
            run.now = recorded.at;
            run.tell(recorded.input.clone());
        }
        run
    }

    /// What came from outside after the first `steps`, each at its instant or as soon as it can be said, in the order it was said. An answer comes
    /// earlier if its time would be over before.
    fn replay_answers(&mut self, steps: usize, all: &[Recorded]) {
        let mut left: Vec<&Recorded> = all.iter().skip(steps).filter(|recorded| matters(recorded)).collect();
        loop {
            self.admit_all();
            let due = left.iter().enumerate().filter_map(|(place, recorded)| Some((self.due(recorded)?, place))).min();
            match (due, self.execution.next_deadline()) {
                (Some((at, place)), deadline) if deadline.is_none_or(|deadline| at <= deadline) => {
                    let recorded = left.remove(place);
                    self.now = at;
                    let input = self.translated(recorded);
                    self.tell(input);
                }
                (_, Some(deadline)) => self.advance(deadline),
                (_, None) => return,
            }
        }
    }

    /// When something can be said again; `None`: not now.
    fn due(&self, recorded: &Recorded) -> Option<Timestamp> {
        let at = self.now.max(recorded.at);
        let Some((path, stopping)) = &recorded.about else { return Some(at) };
        let task = self.execution.tasks().iter().filter(|(task, _)| self.execution.path(*task) == *path).last()?.0;
        match &recorded.input {
            Input::Settled(settled) => match self.standing(task) {
                Some((attempt, until, told)) if (attempt, told) == (settled.attempt, *stopping) => {
                    Some(self.now.max(until.min(recorded.at)))
                }
                _ => None,
            },
            Input::Spawn { attempt, .. } => self.execution.may_begin(task, *attempt).then_some(at),
            Input::Note { attempt, note, .. } => self.execution.takes(task, *attempt, note).then_some(at),
            // What is asked of a schema may be about a value that stands in.
            Input::Reviewed { .. } => {
                matches!(self.execution.tasks()[task].state, TaskState::Released { .. } | TaskState::Ready { .. }).then_some(at)
            }
            Input::Judged { .. } | Input::LookedUp { .. } => {
                matches!(self.execution.tasks()[task].state, TaskState::Released { .. } | TaskState::Active { .. }).then_some(at)
            }
            _ => Some(at),
        }
    }

    /// The same input for the instance that has the same path here.
    fn translated(&self, recorded: &Recorded) -> Input {
        let mut input = recorded.input.clone();
        if let Some((path, _)) = &recorded.about {
            let here = self.task(path);
            match &mut input {
                Input::Settled(settled) => settled.task = here,
                Input::Judged { task, .. }
                | Input::LookedUp { task, .. }
                | Input::Reviewed { task, .. }
                | Input::Spawn { task, .. }
                | Input::Note { task, .. }
                | Input::Heartbeat { task, .. } => *task = here,
                _ => {}
            }
        }
        input
    }
}

/// What a call cost that says nothing else.
fn paid(cost: &str) -> Spent {
    let cost_nanos = cost.parse().unwrap();
    Spent { input_tokens: 3, output_tokens: 2, cost_nanos, calls: 1, requests: 2, ..Spent::default() }
}

fn end(run: &Run) -> String {
    let phase = match run.execution.phase() {
        Phase::Ended(engine::End::Failed { task, failure }) => {
            format!("failed {:?} {}", task.map(|task| run.execution.path(task)), failure.code)
        }
        other => format!("{other:?}"),
    };
    format!("{phase} {} {}", run.execution.results(), sum(run.execution.spent()))
}

fn about(input: &Input) -> Option<InstanceIndex> {
    match input {
        Input::Settled(settled) => Some(settled.task),
        Input::Judged { task, .. }
        | Input::LookedUp { task, .. }
        | Input::Reviewed { task, .. }
        | Input::Spawn { task, .. }
        | Input::Note { task, .. }
        | Input::Heartbeat { task, .. } => Some(*task),
        _ => None,
    }
}

/// Whether it came from outside and changed something, or would have.
fn matters(recorded: &Recorded) -> bool {
    match recorded.input {
        Input::Settled(_)
        | Input::Cancel { .. }
        | Input::Signal { .. }
        | Input::Spawn { .. }
        | Input::Note { .. }
        | Input::Charge { .. }
        | Input::Judged { .. }
        | Input::Pause
        | Input::Resume { .. } => !recorded.step.events.is_empty(),
        Input::LookedUp { .. } | Input::Reviewed { .. } => true,
        _ => false,
    }
}

fn standing(state: &TaskState) -> String {
    match state {
        TaskState::Waiting => "waiting".to_owned(),
        TaskState::Released { .. } => "released".to_owned(),
        TaskState::Awaiting { .. } => "awaiting".to_owned(),
        TaskState::Ready { .. } => "ready".to_owned(),
        TaskState::Running { .. } => "running".to_owned(),
        TaskState::Aborting { .. } => "aborting".to_owned(),
        TaskState::Backoff { .. } => "in backoff".to_owned(),
        TaskState::Finishing { .. } => "finishing".to_owned(),
        TaskState::Active { .. } => "active".to_owned(),
        TaskState::Completed { .. } => "completed".to_owned(),
        TaskState::Failed { tolerated: false, .. } => "failed".to_owned(),
        TaskState::Failed { tolerated: true, .. } => "failed, tolerated".to_owned(),
        TaskState::Skipped { reason, .. } => skipped(*reason).to_owned(),
        TaskState::Cancelled { reason, .. } => cancelled(*reason),
    }
}
