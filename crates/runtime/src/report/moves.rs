// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a journal tells of an execution that was moved: what it was before each move, since numbers of tasks are those of the plan that ran then.

use super::{live, millis, number, output, string};
use crate::effect::Number;
use crate::store::StoredExecution;
use engine::{Event, Execution, InstanceIndex, Plan, Setup, TaskState};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Outputs by instance.
pub(super) type Outputs<'a> = BTreeMap<InstanceIndex, &'a str>;

/// What the host was given for the last move that a journal tells of, JSON text.
pub(crate) fn given_last(stored: &StoredExecution) -> Option<&str> {
    let mut events = stored.records.iter().rev().flat_map(|record| record.events.iter().rev());
    events.find_map(|event| if let Event::Moved { to } = event { Some(to.given.as_deref()) } else { None }).flatten()
}

/// Whether a journal tells of a move.
pub(crate) fn was_moved(stored: &StoredExecution) -> bool {
    stored.records.iter().flat_map(|record| &record.events).any(|event| matches!(event, Event::Moved { .. }))
}

/// The outputs of an execution as its journal leaves it, and as JSON text what it was before each of its moves:
/// `[{"number","definition","defaultTimeout","stay","given","report","outputs"}]`, where `number` is that of the effect that tells of the move.
pub(super) fn told<'a>(stored: &'a StoredExecution, plan: Arc<Plan>, setup: Setup) -> (Outputs<'a>, String) {
    let mut execution = Execution::new(plan, setup);
    let mut text = String::from("[");
    let (mut own, mut before): (Outputs<'a>, BTreeMap<String, &'a str>) = Default::default();
    for record in &stored.records {
        for (place, event) in record.events.iter().enumerate() {
            if let Event::Moved { to } = event {
                let all = outputs_of(&execution, &own, &before);
                if text.len() > 1 {
                    text.push(',');
                }
                text.push_str(r#"{"number":"#);
                number(&mut text, Number::new(record.seq, place).get());
                text.push_str(r#","definition":"#);
                text.push_str(&execution.plan().definition);
                text.push_str(r#","defaultTimeout":"#);
                number(&mut text, millis(execution.plan().default_timeout));
                text.push_str(r#","stay":["#);
                for (at, path) in to.stay.iter().enumerate() {
                    if at > 0 {
                        text.push(',');
                    }
                    string(&mut text, path);
                }
                text.push_str(r#"],"given":"#);
                text.push_str(to.given.as_deref().unwrap_or("null"));
                text.push_str(r#","report":"#);
                text.push_str(&live(&execution));
                text.push_str(r#","outputs":"#);
                write(&mut text, &all);
                text.push('}');
                before = all.iter().map(|(task, output)| (execution.path(*task), *output)).collect();
                own.clear();
            }
            execution.observe(record.at, event);
            own.extend(output(event));
        }
    }
    text.push(']');
    (outputs_of(&execution, &own, &before), text)
}

/// What tasks gave since the last move, and before it those that stayed.
fn outputs_of<'a>(execution: &Execution, own: &Outputs<'a>, before: &BTreeMap<String, &'a str>) -> Outputs<'a> {
    let mut all = own.clone();
    let completed = execution.tasks().iter().filter(|(_, record)| matches!(record.state, TaskState::Completed { .. }));
    for (task, _) in completed.filter(|(task, _)| !before.is_empty() && !own.contains_key(task)) {
        all.extend(before.get(&execution.path(task)).map(|output| (task, *output)));
    }
    all
}

/// As one JSON object.
pub(super) fn write(text: &mut String, outputs: &Outputs<'_>) {
    text.push('{');
    for (at, (task, output)) in outputs.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push('"');
        number(text, task.get().into());
        text.push_str("\":");
        text.push_str(output);
    }
    text.push('}');
}
