// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The state as expressions and reports see it: outputs, paths, and the scope of a task.

#![expect(clippy::wildcard_enum_match_arm, reason = "one state or kind of many matters here, and no new one would")]

use super::scope::{Role, Scope, ScopeIndex};
use super::{Execution, PassEnd, TaskRecord, TaskState};
use crate::plan::{Drive, OnItemError, TaskKind};
use crate::{Failure, InstanceIndex, TaskIndex};
use expressions::{InputTemplate, References};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::hash::BuildHasher as _;
use std::sync::Arc;
use stdx::Timestamp;

/// From where a task looks around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// From its own place: it sees what came before it.
    Own,
    /// A loop between two passes: it sees the tasks of the latest, and itself.
    Turn,
    /// What undoes it: it sees what the task saw, and the task itself.
    Undoing,
}

impl Execution {
    /// The address of an instance: its id, after the pass it belongs to, such as `outer[2].inner[0].child`; `poll[3]` for a pass of a loop of one
    /// call, `parent/id` for a spawned task, `id!compensate` for what undoes a task.
    pub fn path(&self, task: InstanceIndex) -> String {
        let scope = self.scope(self.tasks[task].scope);
        let id = &self.planned(task).id;
        let Some(owner) = scope.owner else { return id.to_string() };
        match scope.role {
            Role::Root => id.to_string(),
            Role::Pass(pass) if self.is_call_loop(owner) => format!("{}[{pass}]", self.path(owner)),
            Role::Pass(pass) => format!("{}[{pass}].{id}", self.path(owner)),
            Role::Spawned => format!("{}/{id}", self.path(owner)),
            Role::Compensation => format!("{}!compensate", self.path(owner)),
            Role::Group | Role::Branch(_) => {
                // Ids are unique: only passes need naming.
                self.setup.paths.beside(&self.path(owner), id)
            }
        }
    }

    /// The pass of the nearest loop around an instance, from 0.
    pub fn iteration(&self, task: InstanceIndex) -> Option<u32> {
        let mut scope = self.scope(self.tasks[task].scope);
        loop {
            if let Role::Pass(pass) = scope.role {
                return Some(pass);
            }
            scope = self.scope(self.tasks[scope.owner?].scope);
        }
    }

    /// The group, loop or parent an instance belongs to.
    pub fn owner(&self, task: InstanceIndex) -> Option<InstanceIndex> {
        self.scope(self.tasks[task].scope).owner
    }

    /// Whether the instance undoes its owner.
    pub fn is_compensation(&self, task: InstanceIndex) -> bool {
        self.scope(self.tasks[task].scope).role == Role::Compensation
    }

    /// How many passes a loop has begun.
    pub fn iterations(&self, task: InstanceIndex) -> Option<usize> {
        Some(self.tasks.get(task)?.less()?.turn.as_ref()?.passes.len())
    }

    /// Whether the loop's `keepLast` has dropped what this instance left.
    pub fn is_forgotten(&self, task: InstanceIndex) -> bool {
        let scope = self.scope(self.tasks[task].scope);
        let (Role::Pass(pass), Some(owner)) = (scope.role, scope.owner) else {
            return scope.owner.is_some_and(|owner| self.is_forgotten(owner));
        };
        let TaskKind::Loop(planned) = &self.planned(owner).kind else { return false };
        let passes = self.iterations(owner).unwrap_or(0);
        planned.keep_last.is_some_and(|keep| passes > pass as usize + 1 + keep as usize) || self.is_forgotten(owner)
    }

    /// The output of an instance that completed, as JSON text; `null` for any other.
    pub fn output(&self, task: InstanceIndex) -> String {
        let mut text = String::new();
        self.write_output(task, &mut text);
        text
    }

    /// The outputs of the root list, as JSON text: one key for each task that completed, `null` where a failure was tolerated.
    pub fn results(&self) -> String {
        let mut text = String::new();
        self.write_scope(self.scope(ScopeIndex::ROOT), &mut text);
        text
    }

    /// What the affinity of a task makes of its values, as a number: calls with the same one belong together. It is a hint, so a template that
    /// cannot be rendered is none.
    pub fn affinity(&self, task: InstanceIndex) -> Option<u64> {
        let template = self.planned(task).affinity.as_ref()?;
        let scope = self.scope_for(task, View::Own, template.references()).ok()?;
        let text = template.render(&scope).ok()?;
        Some(rustc_hash::FxBuildHasher.hash_one(text))
    }

    fn write_output(&self, task: InstanceIndex, text: &mut String) {
        let record = &self.tasks[task];
        let kept = record.less().and_then(|more| more.output.as_ref());
        match (&record.state, kept) {
            (_, Some(output)) => text.push_str(output),
            (TaskState::Completed { .. } | TaskState::Active { .. }, None) => self.compose(task, record, text),
            _ => text.push_str("null"),
        }
    }

    fn compose(&self, task: InstanceIndex, record: &TaskRecord, text: &mut String) {
        let more = record.less();
        let scopes = || more.into_iter().flat_map(|more| &more.scopes).map(|scope| self.scope(*scope));
        match &self.planned(task).kind {
            TaskKind::Wait => text.push_str(more.and_then(|more| more.payload.as_deref()).unwrap_or("null")),
            TaskKind::Group { .. } => match scopes().next() {
                Some(scope) => self.write_scope(scope, text),
                None => text.push_str("null"),
            },
            TaskKind::Choice { branches, all, .. } => {
                let mut outputs = Vec::new();
                for scope in scopes() {
                    let Role::Branch(place) = scope.role else { continue };
                    let name = branches.get(place as usize).map_or("", |branch| &branch.name);
                    let mut output = format!(r#"{{"branch":{},"output":"#, Value::from(name));
                    self.write_scope(scope, &mut output);
                    output.push('}');
                    outputs.push(output);
                }
                let outputs = outputs.join(",");
                if *all { write!(text, "[{outputs}]").unwrap_or(()) } else { text.push_str(&outputs) }
            }
            TaskKind::Loop(planned) if planned.passes_max.is_none() => {
                let kept: Vec<String> = (0_u32..)
                    .zip(scopes())
                    .filter_map(|(pass, scope)| self.item_output(task, pass, scope, planned.on_item_error))
                    .collect();
                write!(text, "[{}]", kept.join(",")).unwrap_or(());
            }
            TaskKind::Loop(_) => match self.latest_ended_pass(task) {
                Some(scope) => self.write_pass(task, self.scope(scope), text),
                None => text.push_str("null"),
            },
            TaskKind::Agent { .. } | TaskKind::Workflow => text.push_str("null"),
        }
    }

    fn item_output(&self, task: InstanceIndex, pass: u32, scope: &Scope, on_item_error: OnItemError) -> Option<String> {
        let end = self.tasks[task].less()?.turn.as_ref()?.passes.get(pass as usize)?.as_ref()?;
        match (end, on_item_error) {
            (PassEnd::Failed(failure), OnItemError::Collect) => Some(json!({ "error": error_value(failure) }).to_string()),
            (PassEnd::Failed(_), OnItemError::Skip | OnItemError::Fail | OnItemError::FailAfter) => None,
            (PassEnd::Completed | PassEnd::Cancelled, _) => {
                let mut text = String::new();
                self.write_pass(task, scope, &mut text);
                Some(text)
            }
        }
    }

    fn write_pass(&self, task: InstanceIndex, scope: &Scope, text: &mut String) {
        match scope.children.first() {
            Some(call) if self.is_call_loop(task) => self.write_output(*call, text),
            _ => self.write_scope(scope, text),
        }
    }

    fn write_scope(&self, scope: &Scope, text: &mut String) {
        text.push('{');
        let mut first = true;
        for child in &scope.children {
            if !matches!(self.tasks[*child].state, TaskState::Completed { .. } | TaskState::Failed { tolerated: true, .. }) {
                continue;
            }
            if !std::mem::take(&mut first) {
                text.push(',');
            }
            write!(text, "{}:", Value::from(&*self.planned(*child).id)).unwrap_or(());
            self.write_output(*child, text);
        }
        text.push('}');
    }

    /// The latest pass that has ended well.
    fn latest_ended_pass(&self, task: InstanceIndex) -> Option<ScopeIndex> {
        let more = self.tasks[task].less()?;
        more.scopes.get(more.turn.as_ref()?.latest? as usize).copied()
    }

    pub(super) fn is_call_loop(&self, task: InstanceIndex) -> bool {
        matches!(&self.planned(task).kind, TaskKind::Loop(planned) if planned.call)
    }

    /// What an expression of a task sees, with no more of it than it reads.
    pub(super) fn scope_for(&self, task: InstanceIndex, view: View, references: &References) -> Result<Value, Unreadable> {
        let mut scope = Map::new();
        for root in references.roots() {
            let value = match root {
                "input" | "context" => read_members(self.context()?, references.members(root)),
                "tasks" => self.tasks_value(task, view, references, false)?,
                "results" => self.tasks_value(task, view, references, true)?,
                "signal" if view == View::Undoing => json!({ "payload": null }),
                "signal" => json!({ "payload": parse(self.payload(task), || "signal.payload".to_owned())? }),
                "execution" => json!({ "id": &*self.setup.id, "startedAt": self.started.map_or(0, Timestamp::micros) / 1000 }),
                variable => match self.loop_variable(task, view, variable)? {
                    Some(value) => value,
                    None => continue,
                },
            };
            scope.insert(root.to_owned(), value);
        }
        Ok(Value::Object(scope))
    }

    /// What the templates of an input give, JSON text.
    pub(super) fn render(&self, task: InstanceIndex, view: View, template: &InputTemplate) -> Result<Arc<str>, Failure> {
        let unseen = |error: Unreadable| Failure::coded("ERR_TEMPLATE", format!("input: {error}"));
        let scope = self.scope_for(task, view, template.references()).map_err(unseen)?;
        match template.render(&scope) {
            Ok(input) => Ok(input.to_string().into()),
            Err((path, error)) => Err(Failure::coded("ERR_TEMPLATE", format!("input.{path}: {error}"))),
        }
    }

    fn tasks_value(&self, task: InstanceIndex, view: View, references: &References, outputs: bool) -> Result<Value, Unreadable> {
        let value = |other: InstanceIndex| if outputs { self.output_value(other, true) } else { self.task_value(other, references) };
        let all = if outputs { references.all_results() } else { references.all_tasks() };
        if all {
            return self.visible(task, view).into_iter().map(|other| Ok((self.planned(other).id.to_string(), value(other)?))).collect();
        }
        let found = |id: &str| {
            let place = self.plan.find(id)?;
            let value = match self.resolve(task, view, place) {
                Some(other) => value(other),
                // Before its first pass a loop sees the tasks of the pass to come.
                None if view == View::Turn && self.is_own_task(task, place) => Ok(if outputs { Value::Null } else { pending() }),
                None => return None,
            };
            Some(value.map(|value| (id.to_owned(), value)))
        };
        if outputs { references.result_ids().filter_map(found).collect() } else { references.task_ids().filter_map(found).collect() }
    }

    /// Whether a planned task stands in the list of this loop.
    fn is_own_task(&self, task: InstanceIndex, wanted: TaskIndex) -> bool {
        let list = self.plan.tasks.get(wanted).map(|planned| planned.list);
        matches!(&self.planned(task).kind, TaskKind::Loop(planned) if Some(planned.list) == list)
    }

    /// What expressions see of a task, with no more than its output where they read nothing else.
    fn task_value(&self, task: InstanceIndex, references: &References) -> Result<Value, Unreadable> {
        let alone = !references.all_tasks() && references.reads_output_alone(&self.planned(task).id);
        let mut value = if alone { Map::new() } else { self.facts(task) };
        value.insert("output".to_owned(), self.output_value(task, false)?);
        Ok(Value::Object(value))
    }

    fn output_value(&self, task: InstanceIndex, result: bool) -> Result<Value, Unreadable> {
        let id = &self.planned(task).id;
        parse(&self.output(task), || if result { format!("results.{id}") } else { format!("tasks.{id}.output") })
    }

    /// What expressions and functions see of a task, with `null` for its output.
    pub(super) fn facts(&self, task: InstanceIndex) -> Map<String, Value> {
        let record = &self.tasks[task];
        let (error, from, to) = match &record.state {
            TaskState::Failed { failure, start, end, .. } => (error_value(failure), Some(*start), Some(*end)),
            TaskState::Completed { start, end, .. } => {
                (self.degraded(task).map_or(Value::Null, |failure| error_value(failure)), Some(*start), Some(*end))
            }
            _ => (Value::Null, None, None),
        };
        let duration = record.first_start.or(from).zip(to).map(|(from, to)| to.since(from).as_millis());
        let facts = [
            ("status", Value::from(record.status())),
            ("output", Value::Null),
            ("error", error),
            ("degraded", Value::from(self.degraded(task).is_some())),
            ("attempts", Value::from(record.attempts())),
            ("durationMs", Value::from(duration.and_then(|millis| u64::try_from(millis).ok()))),
            ("iterations", Value::from(self.iterations(task))),
        ];
        facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The instance of a planned task that is in sight of `task`.
    fn resolve(&self, task: InstanceIndex, view: View, wanted: TaskIndex) -> Option<InstanceIndex> {
        if view == View::Turn
            && let Some(pass) = self.tasks[task].less().and_then(|more| more.scopes.last())
            && let Some(found) = self.scope(*pass).instance_of(wanted).filter(|_| self.plan.tasks[wanted].list == self.scope(*pass).list)
        {
            return Some(found);
        }
        let list = self.plan.tasks.get(wanted)?.list;
        if view == View::Undoing && self.planned(task).id == self.plan.tasks[wanted].id {
            return Some(task);
        }
        let mut scope = self.scope(self.tasks[task].scope);
        loop {
            // What undoes the pass of a loop sees that pass by the id of the loop.
            let undone =
                scope.owner.filter(|owner| scope.role == Role::Compensation && self.planned(*owner).id == self.plan.tasks[wanted].id);
            if undone.is_some() || scope.list == list {
                return undone.or_else(|| scope.instance_of(wanted));
            }
            scope = self.scope(self.tasks[scope.owner?].scope);
        }
    }

    /// Every instance in sight: what came before the task and before the groups around it.
    pub(super) fn visible(&self, task: InstanceIndex, view: View) -> Vec<InstanceIndex> {
        let mut visible = BTreeSet::new();
        if view == View::Turn {
            visible.insert(task);
            let pass = self.tasks[task].less().and_then(|more| more.scopes.last());
            visible.extend(pass.into_iter().flat_map(|pass| &self.scope(*pass).children));
        }
        let mut at = Some(task);
        while let Some(task) = at {
            let scope = self.scope(self.tasks[task].scope);
            let mut todo = vec![task];
            while let Some(later) = todo.pop() {
                for earlier in self.planned(later).dependencies.iter().filter_map(|earlier| scope.instance_of(*earlier)) {
                    if visible.insert(earlier) {
                        todo.push(earlier);
                    }
                }
            }
            at = scope.owner;
        }
        visible.into_iter().collect()
    }

    /// The loops around a task, the nearest first, each with the pass it is in. A loop between passes is in its latest.
    pub(super) fn loops_around(&self, task: InstanceIndex, view: View) -> Vec<(InstanceIndex, u32)> {
        let mut loops = Vec::new();
        if view == View::Turn {
            let passes = u32::try_from(self.iterations(task).unwrap_or(0)).unwrap_or(u32::MAX);
            // `while` is asked about the pass to come, the others about the one that was.
            let ahead = matches!(&self.planned(task).kind, TaskKind::Loop(planned) if matches!(planned.drive, Drive::While(_)));
            loops.push((task, if ahead { passes } else { passes.saturating_sub(1) }));
        }
        let mut scope = self.scope(self.tasks[task].scope);
        while let Some(owner) = scope.owner {
            if let Role::Pass(pass) = scope.role {
                loops.push((owner, pass));
            }
            scope = self.scope(self.tasks[owner].scope);
        }
        loops
    }

    fn loop_variable(&self, task: InstanceIndex, view: View, name: &str) -> Result<Option<Value>, Unreadable> {
        let loops = self.loops_around(task, view);
        let own = matches!(name, "item" | "index" | "iteration" | "last");
        let found = if own { loops.first() } else { loops.iter().find(|(owner, _)| &*self.planned(*owner).id == name) };
        let Some((owner, pass)) = found else { return Ok(None) };
        let place = |part: &str| if own { part.to_owned() } else { format!("{name}.{part}") };
        let item = || parse(self.item(*owner, *pass), || place("item"));
        let last = || parse(&self.last(*owner), || place("last"));
        Ok(Some(match name {
            "item" => item()?,
            "index" | "iteration" => Value::from(*pass),
            "last" => last()?,
            _ => json!({ "item": item()?, "index": pass, "iteration": pass, "last": last()? }),
        }))
    }

    /// What a pass of a `forEach` is about, as JSON text.
    pub(super) fn item(&self, owner: InstanceIndex, pass: u32) -> &str {
        let turn = self.tasks[owner].less().and_then(|more| more.turn.as_ref());
        turn.and_then(|turn| turn.items.as_ref()?.get(pass as usize)).map_or("null", |item| &**item)
    }

    /// What the latest pass of a loop gave, as JSON text.
    pub(super) fn last(&self, owner: InstanceIndex) -> String {
        let mut text = String::new();
        match self.latest_ended_pass(owner) {
            Some(scope) => self.write_pass(owner, self.scope(scope), &mut text),
            None => text.push_str("null"),
        }
        text
    }

    /// What the task's own wait gave, or that of the loop whose call it is, as JSON text.
    pub(super) fn payload(&self, task: InstanceIndex) -> &str {
        let own = |task: InstanceIndex| self.tasks[task].less().and_then(|more| more.payload.as_deref());
        let repeated = self.owner(task).filter(|owner| self.is_call_loop(*owner));
        own(task).or_else(|| own(repeated?)).unwrap_or("null")
    }

    fn context(&self) -> Result<&Value, Unreadable> {
        if let Some(known) = self.context.get() {
            return Ok(known);
        }
        let read = parse(self.setup.context.as_deref().unwrap_or("null"), || "context".to_owned())?;
        Ok(self.context.get_or_init(|| read))
    }
}

impl TaskRecord {
    /// The word for where it is, in expressions and reports.
    pub fn status(&self) -> &'static str {
        match &self.state {
            TaskState::Waiting => "pending",
            TaskState::Released { .. } | TaskState::Awaiting { .. } | TaskState::Ready { .. } | TaskState::Backoff { .. } => "waiting",
            TaskState::Running { .. } | TaskState::Aborting { .. } | TaskState::Finishing { .. } | TaskState::Active { .. } => "running",
            TaskState::Completed { .. } => "completed",
            TaskState::Failed { .. } => "failed",
            TaskState::Skipped { .. } => "skipped",
            TaskState::Cancelled { .. } => "cancelled",
        }
    }
}

/// What expressions see of a task that does not exist yet.
fn pending() -> Value {
    json!({ "status": "pending", "output": null, "error": null, "degraded": false, "attempts": 0, "durationMs": null, "iterations": null })
}

fn error_value(failure: &Failure) -> Value {
    json!({ "code": &*failure.code, "message": &*failure.message })
}

/// Why an expression cannot see what it asks for: a value is there, and cannot be read. It is never taken for `null`.
#[derive(Debug, thiserror::Error)]
#[error("`{place}` cannot be read: {reason}")]
pub(super) struct Unreadable {
    place: String,
    reason: String,
}

/// What is recorded is JSON, but what is made of the outputs of many levels may be deeper than `serde_json` follows.
/// A copy of a value with no more than the members that are read. One that is missing is told by an error that lists the others.
fn read_members(value: &Value, members: Option<Vec<&str>>) -> Value {
    let some = members.zip(value.as_object()).and_then(|(members, fields)| {
        members.into_iter().map(|name| fields.get(name).map(|value| (name.to_owned(), value.clone()))).collect::<Option<Map<_, _>>>()
    });
    some.map_or_else(|| value.clone(), Value::Object)
}

fn parse(text: &str, place: impl FnOnce() -> String) -> Result<Value, Unreadable> {
    serde_json::from_str(text).map_err(|error| {
        let said = error.to_string();
        let reason = if said.starts_with("recursion limit exceeded") {
            "it nests deeper than 127 levels; let the tasks inside return flatter data, or pass the deep part as a string".to_owned()
        } else {
            said
        };
        Unreadable { place: place(), reason }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_has_the_fields_that_expressions_know() {
        let Value::Object(fields) = pending() else { unreachable!("it is an object") };
        let mut known = expressions::TASK_FIELDS.to_vec();
        known.sort_unstable();
        let mut own: Vec<&str> = fields.keys().map(String::as_str).collect();
        own.sort_unstable();
        assert_eq!(own, known);
    }
}
