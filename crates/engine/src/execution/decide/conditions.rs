// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is judged: expressions by the engine, functions by the host. Each condition is judged once and recorded; a list holds if all do.

use super::super::values::View;
use super::super::{Command, Event, Question};
use super::Decider;
use crate::plan::{Condition, Drive, TaskKind};
use crate::{Failure, InstanceIndex};
use serde_json::Value;

impl Decider<'_> {
    /// Judges the conditions that `question` numbers, from where the record left off. `None`: the host has been asked and will answer.
    pub(super) fn judge_list(
        &mut self,
        task: InstanceIndex,
        view: View,
        question: impl Fn(u32) -> Question,
    ) -> Option<Result<bool, Failure>> {
        let mut index = 0;
        while let Some(answer) = self.recorded(task, question(index)) {
            if !answer {
                return Some(Ok(false));
            }
            index += 1;
        }
        loop {
            let asked = question(index);
            if self.condition(task, asked).is_none() {
                return Some(Ok(true));
            }
            match self.judge(task, view, asked)? {
                Ok(true) => index += 1,
                other => return Some(other),
            }
        }
    }

    /// Judges one condition and records the answer. `None`: the host has been asked.
    pub(super) fn judge(&mut self, task: InstanceIndex, view: View, question: Question) -> Option<Result<bool, Failure>> {
        let answer = match self.condition(task, question)? {
            Condition::Function(_) => {
                self.step.commands.push(Command::Judge { task, question });
                return None;
            }
            Condition::Expression(expression) => {
                let wrong = |error: String| Failure::coded("ERR_EXPRESSION", format!("the condition `{}`: {error}", expression.source()));
                let scope = match self.execution.scope_for(task, view, expression.references()) {
                    Ok(scope) => scope,
                    Err(error) => return Some(Err(wrong(error.to_string()))),
                };
                match expression.evaluate(&scope) {
                    Ok(Value::Bool(holds)) => Ok(holds),
                    Ok(other) => Err(Failure::coded(
                        "ERR_CONDITION_NOT_BOOLEAN",
                        format!(
                            "the condition `{0}` is {1}, not true or false; compare it, as in `{0} {2}`",
                            expression.source(),
                            brief(&other),
                            comparison(&other)
                        ),
                    )),
                    Err(error) => Err(wrong(error.to_string())),
                }
            }
        };
        if let Ok(holds) = answer {
            self.record(Event::Judged { task, question, holds });
        }
        Some(answer)
    }

    /// The answer on record, if the last one of this task settles the question: what comes later was only asked if the earlier held.
    fn recorded(&self, task: InstanceIndex, question: Question) -> Option<bool> {
        let (last, holds) = self.execution.tasks[task].less()?.judged?;
        let (reached, wanted) = match (last, question) {
            (Question::Gate(reached), Question::Gate(wanted)) => (reached, wanted),
            (Question::Turn { passes: at, index: reached }, Question::Turn { passes, index: wanted }) if at == passes => (reached, wanted),
            _ => return None,
        };
        match wanted.cmp(&reached) {
            std::cmp::Ordering::Less => Some(true),
            std::cmp::Ordering::Equal => Some(holds),
            std::cmp::Ordering::Greater => None,
        }
    }

    /// Whether this is the question the host was asked: it is the next one open.
    pub(super) fn is_asked(&self, task: InstanceIndex, question: Question) -> bool {
        if !matches!(self.condition(task, question), Some(Condition::Function(_))) {
            return false;
        }
        let record = &self.execution.tasks[task];
        match question {
            Question::Gate(index) => {
                matches!(record.state, super::TaskState::Released { .. }) && self.next_open(task, index, Question::Gate)
            }
            Question::Branch(index) => {
                let last = record.less().and_then(|more| more.judged);
                let next = if let Some((Question::Branch(last), _)) = last { last + 1 } else { 0 };
                matches!(record.state, super::TaskState::Released { .. }) && next == index
            }
            Question::Turn { passes, index } => {
                self.execution.iterations(task) == Some(passes as usize)
                    && matches!(record.state, super::TaskState::Active { .. })
                    && self.next_open(task, index, |index| Question::Turn { passes, index })
            }
        }
    }

    fn next_open(&self, task: InstanceIndex, index: u32, question: impl Fn(u32) -> Question) -> bool {
        self.recorded(task, question(index)).is_none() && (index == 0 || self.recorded(task, question(index - 1)) == Some(true))
    }

    fn condition(&self, task: InstanceIndex, question: Question) -> Option<&Condition> {
        let planned = self.execution.planned(task);
        match (question, &planned.kind) {
            (Question::Gate(index), _) => planned.conditions.get(index as usize),
            (Question::Branch(index), TaskKind::Choice { branches, .. }) => branches.get(index as usize)?.when.as_ref(),
            (Question::Turn { index, .. }, TaskKind::Loop(planned)) => match &planned.drive {
                Drive::While(conditions) | Drive::Until(conditions) | Drive::Again(conditions) => conditions.get(index as usize),
                Drive::Items(_) | Drive::ForEach(_) => None,
            },
            (Question::Branch(_) | Question::Turn { .. }, _) => None,
        }
    }
}

/// What makes a condition of an expression that gives this value.
fn comparison(value: &Value) -> String {
    match value {
        Value::Number(number) => format!("== {number}"),
        Value::String(_) => "!= ''".to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => "!= null".to_owned(),
    }
}

/// A value as a message shows it.
fn brief(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 60 { text.chars().take(57).chain("...".chars()).collect() } else { text }
}
