// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! `docs/workflows.md` once more, slow and obvious: whatever happens, it looks at everything until nothing changes. It reads the definition itself.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq)]
enum State {
    Waiting,
    Ready,
    Running,
    /// Told to stop, for this reason.
    Aborting(&'static str),
    Active,
    Completed,
    Failed(String),
    Skipped(&'static str),
    Cancelled(&'static str),
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Task {
    path: String,
    written: Value,
    /// Ids of siblings.
    after: Vec<String>,
    implicit: bool,
    cleanup: bool,
    exclusive: bool,
    list: usize,
    state: State,
    /// How many of its fallbacks have been tried.
    fallen: usize,
    output: Value,
    /// The lists inside it that have begun; of a loop one for each pass.
    inside: Vec<usize>,
    /// Why it will fail although something in it still runs.
    failing: Option<String>,
    satisfied: bool,
    /// How each pass ended: its output, or the failure.
    passes: BTreeMap<usize, Result<Value, Option<String>>>,
}

struct List {
    owner: Option<usize>,
    tasks: Vec<usize>,
    join: Value,
    stopping: Option<&'static str>,
    /// Its tasks in the order they ended.
    ended: Vec<usize>,
    branch: Option<String>,
}

pub(crate) struct Reference {
    tasks: Vec<Task>,
    lists: Vec<List>,
    /// Tasks whose rule let them run, in the order in which it did.
    released: Vec<usize>,
    fail_fast: bool,
    pub(crate) phase: String,
}

impl Reference {
    pub(crate) fn new(definition: &Value) -> Self {
        let mut reference = Self {
            tasks: Vec::new(),
            lists: Vec::new(),
            released: Vec::new(),
            fail_fast: definition["failurePolicy"] != "continue",
            phase: "running".to_owned(),
        };
        reference.open(None, &definition["tasks"], &json!("all"), "", false, None);
        reference.settle();
        reference
    }

    /// Every task by path, in words.
    pub(crate) fn states(&self) -> BTreeMap<String, String> {
        let word = |task: &Task| match &task.state {
            State::Aborting(reason) => format!("aborting {reason}"),
            State::Failed(code) if tolerant(task) => format!("failed {code} tolerated"),
            State::Failed(code) => format!("failed {code}"),
            State::Skipped(reason) => format!("skipped {reason}"),
            State::Cancelled(reason) => format!("cancelled {reason}"),
            other => format!("{other:?}").to_lowercase(),
        };
        self.tasks.iter().map(|task| (task.path.clone(), word(task))).collect()
    }

    pub(crate) fn results(&self) -> Value {
        self.output_of_list(0)
    }

    pub(crate) fn answer(&mut self, path: &str, result: Result<Value, ()>) {
        let at = self.tasks.iter().rposition(|task| task.path == path).unwrap();
        let state = match (self.tasks[at].state.clone(), result) {
            (State::Running | State::Aborting(_), Ok(output)) => {
                self.tasks[at].output = output;
                State::Completed
            }
            (State::Running, Err(())) => match self.fallback(at) {
                Some(State::Completed) => State::Completed,
                Some(state) => {
                    self.tasks[at].state = state;
                    return self.settle();
                }
                None => State::Failed("ERR_AGENT".to_owned()),
            },
            (State::Aborting(reason), Err(())) => State::Cancelled(reason),
            (other, _) => panic!("{path} is {other:?}"),
        };
        self.end(at, state);
        self.settle();
    }

    /// What stands in for a leaf next: a value completes it, an agent is another attempt.
    fn fallback(&mut self, at: usize) -> Option<State> {
        let task = &mut self.tasks[at];
        let written = &task.written["fallback"];
        let next = match written.as_array() {
            Some(several) => several.get(task.fallen),
            None => Some(written).filter(|one| one.is_object() && task.fallen == 0),
        };
        let next = next?.clone();
        task.fallen += 1;
        if let Some(value) = next.get("value") {
            task.output = value.clone();
            return Some(State::Completed);
        }
        Some(if task.exclusive { State::Ready } else { State::Running })
    }

    pub(crate) fn cancel(&mut self) {
        // What fails already has failed.
        if self.phase == "running" && self.lists[0].stopping.is_none() {
            "cancelled".clone_into(&mut self.phase);
            self.stop(0, "cancelled");
            self.settle();
        }
    }

    /// The tasks of a list exist.
    fn open(&mut self, owner: Option<usize>, written: &Value, join: &Value, prefix: &str, beside: bool, branch: Option<String>) {
        let list = self.lists.len();
        self.lists.push(List { owner, tasks: Vec::new(), join: join.clone(), stopping: None, ended: Vec::new(), branch });
        let written = written.as_array().unwrap();
        let edges = edges(written, beside);
        for (place, task) in written.iter().enumerate() {
            let kind = task["type"].as_str();
            self.lists[list].tasks.push(self.tasks.len());
            self.tasks.push(Task {
                path: format!("{prefix}{}", task["id"].as_str().unwrap()),
                written: task.clone(),
                after: edges[place].clone(),
                implicit: task.get("dependencies").is_none(),
                cleanup: false,
                exclusive: kind == Some("sequential") && task.get("agentId").is_some() && !beside,
                list,
                state: State::Waiting,
                fallen: 0,
                output: Value::Null,
                inside: Vec::new(),
                failing: None,
                satisfied: false,
                passes: BTreeMap::new(),
            });
        }
        // By its rule, or because everything it depends on is.
        loop {
            let found = self.lists[list].tasks.iter().copied().find(|at| !self.tasks[*at].cleanup && self.is_cleanup(*at));
            let Some(at) = found else { break };
            self.tasks[at].cleanup = true;
        }
        if let Some(owner) = owner {
            self.tasks[owner].inside.push(list);
        }
    }

    fn is_cleanup(&self, at: usize) -> bool {
        let task = &self.tasks[at];
        matches!(rule(task), "all_done" | "all_failed" | "one_failed")
            || (!task.after.is_empty() && task.after.iter().all(|id| self.tasks[self.sibling(at, id)].cleanup))
    }

    fn sibling(&self, at: usize, id: &str) -> usize {
        let same = |other: &&usize| self.tasks[**other].written["id"] == id;
        self.lists[self.tasks[at].list].tasks.iter().find(same).copied().unwrap()
    }

    fn settle(&mut self) {
        while self.one_thing(false) || self.one_thing(true) {}
    }

    /// Something that follows from what is; exclusion comes last, when everything else is known.
    fn one_thing(&mut self, lanes: bool) -> bool {
        if self.phase.starts_with("ended") {
            return false;
        }
        if lanes {
            return self.let_one_in() || self.finish();
        }
        let released = |at: &usize| self.is_waiting(*at) && self.verdict(*at) == Some(Ok(())) && !self.released.contains(at);
        let more: Vec<usize> = (0..self.tasks.len()).filter(released).collect();
        self.released.extend(more);
        (0..self.lists.len()).any(|list| self.decide_list(list))
            || (0..self.tasks.len()).any(|at| self.refuse(at))
            || (0..self.tasks.len()).any(|at| self.end_unstarted(at))
            || (0..self.tasks.len()).rev().any(|at| self.go_on(at))
            || self.let_one_begin()
    }

    /// A failure, or a join, stops a list.
    fn decide_list(&mut self, list: usize) -> bool {
        if self.lists[list].stopping.is_some() {
            return false;
        }
        let ends = self.lists[list].ended.clone();
        let open = self.lists[list].tasks.len() - ends.len();
        let completed = ends.iter().filter(|at| self.tasks[**at].state == State::Completed).count();
        let failed = ends.iter().copied().find(|at| matches!(self.tasks[*at].state, State::Failed(_)) && !tolerant(&self.tasks[*at]));
        let first = ends.iter().copied().find(|at| matches!(self.tasks[*at].state, State::Completed | State::Failed(_)));
        let owner = self.lists[list].owner;
        match (self.lists[list].join.clone(), owner) {
            (Value::String(join), _) if join == "all" => match failed {
                Some(_) if self.fail_fast && open > 0 => {
                    self.stop(list, "sibling_failed");
                    true
                }
                _ => false,
            },
            (Value::String(join), Some(owner)) if join == "race" && first.is_some() && open > 0 => {
                let winner = &self.tasks[first.unwrap()];
                match &winner.state {
                    State::Failed(code) if !tolerant(winner) => self.tasks[owner].failing = Some(code.clone()),
                    _ => self.tasks[owner].satisfied = true,
                }
                self.stop(list, "join_satisfied");
                true
            }
            (join, Some(owner)) if quorum(&join).is_some() && open > 0 => {
                let wanted = quorum(&join).unwrap();
                if completed >= wanted {
                    self.tasks[owner].satisfied = true;
                    self.stop(list, "join_satisfied");
                } else if completed + open < wanted {
                    self.tasks[owner].failing = Some("ERR_JOIN_UNREACHABLE".to_owned());
                    self.stop(list, "sibling_failed");
                }
                self.lists[list].stopping.is_some()
            }
            _ => false,
        }
    }

    /// Nothing new starts here and below, but clean-up; what runs is told to stop.
    fn stop(&mut self, list: usize, reason: &'static str) {
        let open = self.lists[list].tasks.iter().any(|at| !self.ended(*at));
        if self.lists[list].stopping.is_some() || !open {
            return;
        }
        self.lists[list].stopping = Some(reason);
        for at in self.lists[list].tasks.clone() {
            if self.ended(at) || self.tasks[at].cleanup {
                continue;
            }
            if self.tasks[at].state == State::Running {
                self.tasks[at].state = State::Aborting(reason);
            }
            for inner in self.tasks[at].inside.clone() {
                self.stop(inner, reason);
            }
        }
    }

    fn ended(&self, at: usize) -> bool {
        matches!(self.tasks[at].state, State::Completed | State::Failed(_) | State::Skipped(_) | State::Cancelled(_))
    }

    fn end(&mut self, at: usize, state: State) {
        self.tasks[at].state = state;
        let list = self.tasks[at].list;
        self.lists[list].ended.push(at);
    }

    /// A task whose rule has spoken against it ends, and so does one whose list stops.
    fn refuse(&mut self, at: usize) -> bool {
        let stopping = self.lists[self.tasks[at].list].stopping.filter(|_| !self.tasks[at].cleanup);
        match (self.is_waiting(at).then(|| self.verdict(at)).flatten(), stopping) {
            (Some(Err(reason)), _) => self.end(at, State::Skipped(reason)),
            (Some(Ok(())), Some(reason)) => self.end(at, State::Cancelled(reason)),
            (Some(Ok(())) | None, _) => return false,
        }
        true
    }

    /// What was released first begins first.
    fn let_one_begin(&mut self) -> bool {
        let Some(at) = self.released.iter().copied().find(|at| self.is_waiting(*at)) else { return false };
        if self.holds_all(at) {
            self.begin(at);
        } else {
            self.end(at, State::Skipped("condition_false"));
        }
        true
    }

    fn is_waiting(&self, at: usize) -> bool {
        self.tasks[at].state == State::Waiting
    }

    /// `None`: not yet. `Err`: it never will run, for that reason.
    fn verdict(&self, at: usize) -> Option<Result<(), &'static str>> {
        let task = &self.tasks[at];
        let ends: Vec<Option<char>> = task.after.iter().map(|id| self.letter(self.sibling(at, id))).collect();
        let (rule, all) = (rule(task), ends.iter().all(Option::is_some));
        let has = |letter| ends.contains(&Some(letter));
        let only = |letter| ends.iter().all(|end| *end == Some(letter));
        let early = (rule == "one_success" && has('S')) || (rule == "one_failed" && has('F'));
        if early || (all && ends.is_empty()) {
            return Some(Ok(()));
        }
        if !all {
            return None;
        }
        let met = match rule {
            "none_failed_min_one_success" => !has('F') && has('S'),
            "none_failed" => !has('F'),
            "all_success" => only('S'),
            "all_failed" => only('F'),
            "all_done" => true,
            _ => false,
        };
        Some(match () {
            () if met => Ok(()),
            () if has('F') && rule != "all_failed" && rule != "one_failed" => Err("upstream_failed"),
            () if only('K') => Err("upstream_skipped"),
            () => Err("rule_not_met"),
        })
    }

    fn letter(&self, at: usize) -> Option<char> {
        match &self.tasks[at].state {
            State::Completed => Some('S'),
            State::Failed(_) if tolerant(&self.tasks[at]) => Some('S'),
            State::Failed(_) | State::Cancelled(_) | State::Skipped("upstream_failed") => Some('F'),
            State::Skipped(_) => Some('K'),
            _ => None,
        }
    }

    fn holds_all(&self, at: usize) -> bool {
        let conditions = self.tasks[at].written["conditions"].as_array().cloned().unwrap_or_default();
        conditions.iter().all(|condition| match condition.as_str().unwrap() {
            "true" => true,
            "false" => false,
            other => {
                let id = other.split('\'').nth(1).unwrap();
                self.tasks[self.sibling(at, id)].state == State::Completed
            }
        })
    }

    fn begin(&mut self, at: usize) {
        let written = self.tasks[at].written.clone();
        let prefix = match self.tasks[at].path.rsplit_once('.') {
            Some((passes, _)) => format!("{passes}."),
            None => String::new(),
        };
        if written.get("loop").is_some() {
            self.tasks[at].state = State::Active;
        } else if let Some(branches) = written["branches"].as_array() {
            let holding: Vec<usize> = (0..branches.len()).filter(|place| branches[*place]["when"] == "true").collect();
            let taken = if written["mode"] == "all" { &holding[..] } else { &holding[..holding.len().min(1)] };
            if taken.is_empty() && written.get("default").is_none() {
                let state = if written["onNoMatch"] == "fail" {
                    State::Failed("ERR_NO_BRANCH".to_owned())
                } else {
                    State::Skipped("branch_not_taken")
                };
                return self.end(at, state);
            }
            self.tasks[at].state = State::Active;
            for place in taken {
                self.open(Some(at), &branches[*place]["tasks"], &json!("all"), &prefix, false, Some(place.to_string()));
            }
            if taken.is_empty() {
                self.open(Some(at), &written["default"], &json!("all"), &prefix, false, Some("default".to_owned()));
            }
        } else if written.get("tasks").is_some() {
            self.tasks[at].state = State::Active;
            let join = written.get("join").cloned().unwrap_or_else(|| json!("all"));
            self.open(Some(at), &written["tasks"], &join, &prefix, written["type"] == "parallel", None);
        } else {
            self.tasks[at].state = if self.tasks[at].exclusive { State::Ready } else { State::Running };
        }
    }

    /// What a stopping list had not started never starts.
    fn end_unstarted(&mut self, at: usize) -> bool {
        let stopping = self.lists[self.tasks[at].list].stopping;
        if let (State::Ready, Some(reason), false) = (&self.tasks[at].state, stopping, self.tasks[at].cleanup) {
            self.end(at, State::Cancelled(reason));
            return true;
        }
        false
    }

    /// A group ends when everything in it has, a loop has another pass.
    fn go_on(&mut self, at: usize) -> bool {
        if self.tasks[at].state != State::Active {
            return false;
        }
        if self.tasks[at].written.get("loop").is_some() {
            return self.turn(at);
        }
        let inside = self.tasks[at].inside.clone();
        let closed = |list: &usize| self.lists[*list].tasks.iter().all(|at| self.ended(*at));
        if !inside.iter().all(closed) {
            // A branch that failed stops the others.
            let failed = inside.iter().filter(|list| closed(list)).find_map(|list| self.failure(*list));
            if let Some(code) = failed.filter(|_| self.fail_fast && self.tasks[at].failing.is_none()) {
                self.tasks[at].failing = Some(code);
                for list in &inside {
                    self.stop(*list, "sibling_failed");
                }
                return true;
            }
            return false;
        }
        let end = self.group_end(at, &inside);
        if end == State::Completed {
            self.tasks[at].output = self.group_output(at, &inside);
        }
        self.end(at, end);
        true
    }

    fn group_end(&self, at: usize, inside: &[usize]) -> State {
        let task = &self.tasks[at];
        if let Some(code) = &task.failing {
            return State::Failed(code.clone());
        }
        let cut = inside.iter().find_map(|list| self.cut_short(*list));
        let list = &self.lists[inside[0]];
        let completed = list.ended.iter().filter(|at| self.tasks[**at].state == State::Completed).count();
        let first = list.ended.iter().find(|at| matches!(self.tasks[**at].state, State::Completed | State::Failed(_)));
        let unreachable = || cut.map_or_else(|| State::Failed("ERR_JOIN_UNREACHABLE".to_owned()), State::Cancelled);
        match (&list.join, first) {
            _ if task.satisfied => State::Completed,
            (Value::String(join), _) if join == "all" => match (inside.iter().find_map(|list| self.failure(*list)), cut) {
                (Some(code), _) => State::Failed(code),
                (None, Some(reason)) => State::Cancelled(reason),
                (None, None) => State::Completed,
            },
            (Value::String(join), _) if join == "settled" => cut.map_or(State::Completed, State::Cancelled),
            (Value::String(join), Some(first)) if join == "race" => match &self.tasks[*first].state {
                State::Failed(code) if !tolerant(&self.tasks[*first]) => State::Failed(code.clone()),
                _ => State::Completed,
            },
            (Value::String(join), None) if join == "race" => unreachable(),
            (join, _) if completed >= quorum(join).unwrap() => State::Completed,
            _ => unreachable(),
        }
    }

    fn failure(&self, list: usize) -> Option<String> {
        self.lists[list].ended.iter().find_map(|at| match &self.tasks[*at].state {
            State::Failed(code) if !tolerant(&self.tasks[*at]) => Some(code.clone()),
            _ => None,
        })
    }

    /// The reason a list was stopped for, if that kept something in it from ending by itself.
    fn cut_short(&self, list: usize) -> Option<&'static str> {
        let cancelled = self.lists[list].tasks.iter().any(|at| matches!(self.tasks[*at].state, State::Cancelled(_)));
        self.lists[list].stopping.filter(|_| cancelled)
    }

    fn output_of_list(&self, list: usize) -> Value {
        let mut outputs = Map::new();
        for at in &self.lists[list].tasks {
            let task = &self.tasks[*at];
            let id = task.written["id"].as_str().unwrap().to_owned();
            match &task.state {
                State::Completed => drop(outputs.insert(id, task.output.clone())),
                State::Failed(_) if tolerant(task) => drop(outputs.insert(id, Value::Null)),
                _ => {}
            }
        }
        Value::Object(outputs)
    }

    fn group_output(&self, at: usize, inside: &[usize]) -> Value {
        let written = &self.tasks[at].written;
        if written.get("branches").is_none() {
            return self.output_of_list(inside[0]);
        }
        let mut outputs: Vec<Value> =
            inside.iter().map(|list| json!({ "branch": self.lists[*list].branch, "output": self.output_of_list(*list) })).collect();
        if written["mode"] == "all" { Value::Array(outputs) } else { outputs.remove(0) }
    }

    fn turn(&mut self, at: usize) -> bool {
        let (written, inside) = (self.tasks[at].written.clone(), self.tasks[at].inside.clone());
        let for_each = written["loop"]["forEach"].as_array().map(Vec::len);
        let on_error = written["loop"]["onItemError"].as_str().unwrap_or("fail").to_owned();
        // A pass that has just ended.
        for (pass, list) in inside.iter().enumerate() {
            let closed = self.lists[*list].tasks.iter().all(|at| self.ended(*at));
            if !closed || self.tasks[at].passes.contains_key(&pass) {
                continue;
            }
            let output = match written.get("agentId") {
                Some(_) => self.tasks[self.lists[*list].tasks[0]].output.clone(),
                None => self.output_of_list(*list),
            };
            let end = match (self.failure(*list), self.cut_short(*list)) {
                (Some(code), _) => Err(Some(code)),
                (None, Some(_)) => Err(None),
                (None, None) => Ok(output),
            };
            if let Err(Some(code)) = &end
                && (for_each.is_none() || on_error == "fail")
                && self.tasks[at].failing.is_none()
            {
                self.tasks[at].failing = Some(code.clone());
                for list in &inside {
                    self.stop(*list, "sibling_failed");
                }
            }
            self.tasks[at].passes.insert(pass, end);
            return true;
        }
        let (begun, open) = (inside.len(), inside.len() - self.tasks[at].passes.len());
        let stopped = self.lists[self.tasks[at].list].stopping.filter(|_| !self.tasks[at].cleanup);
        if self.tasks[at].failing.is_some() || stopped.is_some() {
            return open == 0 && self.end_loop(at, stopped, for_each.is_none_or(|items| begun < items));
        }
        if let Some(items) = for_each {
            let concurrency = usize::try_from(written["loop"]["concurrency"].as_u64().unwrap_or(1)).unwrap();
            if begun < items && open < concurrency {
                return self.pass(at, &written, begun);
            }
            return begun == items && open == 0 && self.end_loop(at, None, false);
        }
        if open > 0 {
            return false;
        }
        let number = |field: &str| {
            let text = written["loop"][field].as_str()?;
            text.rsplit(' ').next()?.parse::<usize>().ok()
        };
        let wants = match (number("while"), number("until")) {
            (Some(bound), _) => begun < bound,
            (None, Some(bound)) => begun == 0 || begun - 1 < bound,
            (None, None) => panic!("a loop without an end"),
        };
        if wants && begun >= 2 {
            if written["loop"]["onLimit"] == "fail" {
                self.tasks[at].failing = Some("ERR_LOOP_LIMIT".to_owned());
            }
            return self.end_loop(at, None, false);
        }
        if wants { self.pass(at, &written, begun) } else { self.end_loop(at, None, false) }
    }

    fn pass(&mut self, at: usize, written: &Value, pass: usize) -> bool {
        let path = format!("{}[{pass}]", self.tasks[at].path);
        if written.get("agentId").is_some() {
            let call = json!([{ "id": path, "agentId": "x", "type": "parallel", "dependencies": [], "fallback": written["fallback"] }]);
            self.open(Some(at), &call, &json!("all"), "", false, None);
        } else {
            self.open(Some(at), &written["tasks"], &json!("all"), &format!("{path}."), false, None);
        }
        true
    }

    fn end_loop(&mut self, at: usize, stopped: Option<&'static str>, unfinished: bool) -> bool {
        let for_each = self.tasks[at].written["loop"].get("forEach").is_some();
        let collect = self.tasks[at].written["loop"]["onItemError"] == "collect";
        let cut = self.tasks[at].inside.iter().find_map(|list| self.cut_short(*list)).or(stopped.filter(|_| unfinished));
        let after = self.tasks[at].written["loop"]["onItemError"] == "failAfter";
        let some_failed = self.tasks[at].passes.values().any(|pass| matches!(pass, Err(Some(_))));
        let state = match (self.tasks[at].failing.clone(), cut) {
            (Some(code), _) => State::Failed(code),
            (None, Some(reason)) => State::Cancelled(reason),
            (None, None) if after && some_failed => State::Failed("ERR_LOOP_ITEMS".to_owned()),
            (None, None) => State::Completed,
        };
        let passes = self.tasks[at].passes.values();
        self.tasks[at].output = if for_each {
            let failed = |code: &String| json!({ "error": { "code": code } });
            let outputs = passes.filter_map(|pass| match pass {
                Ok(output) => Some(output.clone()),
                Err(Some(code)) if collect => Some(failed(code)),
                Err(_) => None,
            });
            outputs.collect()
        } else {
            passes.filter_map(|pass| pass.as_ref().ok()).next_back().cloned().unwrap_or(Value::Null)
        };
        self.end(at, state);
        true
    }

    fn let_one_in(&mut self) -> bool {
        for list in 0..self.lists.len() {
            let tasks = self.lists[list].tasks.clone();
            let busy =
                tasks.iter().any(|at| self.tasks[*at].exclusive && matches!(self.tasks[*at].state, State::Running | State::Aborting(_)));
            let ready = tasks.iter().copied().find(|at| self.tasks[*at].state == State::Ready);
            if let Some(at) = ready.filter(|_| !busy) {
                self.tasks[at].state = State::Running;
                return true;
            }
        }
        false
    }

    fn finish(&mut self) -> bool {
        if self.lists[0].tasks.iter().any(|at| !self.ended(*at)) {
            return false;
        }
        let failed = self.failure(0);
        self.phase = match (&*self.phase, failed) {
            ("cancelled", _) => "ended cancelled".to_owned(),
            (_, Some(_)) => "ended failed".to_owned(),
            (_, None) => "ended completed".to_owned(),
        };
        true
    }
}

fn tolerant(task: &Task) -> bool {
    let named = task.written["onError"]["continue"].as_array();
    let is_named = |code: &String| named.is_some_and(|names| names.iter().any(|name| name == code));
    task.written["onError"] == "continue" || matches!(&task.state, State::Failed(code) if is_named(code))
}

fn rule(task: &Task) -> &str {
    task.written["triggerRule"].as_str().unwrap_or(if task.implicit { "none_failed" } else { "none_failed_min_one_success" })
}

fn quorum(join: &Value) -> Option<usize> {
    match join {
        Value::String(join) if join == "any" => Some(1),
        Value::Object(_) => usize::try_from(join["quorum"].as_u64()?).ok(),
        _ => None,
    }
}

/// What each task of a list waits for.
fn edges(tasks: &[Value], beside: bool) -> Vec<Vec<String>> {
    let id = |task: &Value| task["id"].as_str().unwrap().to_owned();
    let written = |task: &Value| task.get("dependencies").is_some();
    let parallel = |task: &Value| task["type"].as_str().map_or(written(task), |kind| kind == "parallel");
    let mut all = Vec::new();
    for (place, task) in tasks.iter().enumerate() {
        let before = &tasks[..place];
        let run: Vec<String> = before.iter().rev().take_while(|earlier| parallel(earlier)).map(id).collect();
        let last = before.iter().rev().find(|earlier| !parallel(earlier)).map(id);
        all.push(match task["dependencies"].as_array() {
            Some(ids) => ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect(),
            None if beside => Vec::new(),
            None if parallel(task) || run.is_empty() => last.into_iter().collect(),
            None => run,
        });
    }
    all
}
