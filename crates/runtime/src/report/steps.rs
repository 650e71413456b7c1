// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The steps of tasks in a report.

use super::{number, string};
use engine::{Execution, Steps, TakenStep};
use std::fmt::Write as _;

/// The steps that a retry goes on from.
pub(super) fn left(text: &mut String, execution: &Execution) {
    let mut first = true;
    for (task, _) in execution.tasks().iter() {
        let Some(left) = execution.steps_left(task) else { continue };
        text.push_str(if std::mem::take(&mut first) { r#","steps":{"# } else { "," });
        string(text, &execution.path(task));
        text.push(':');
        text.push_str(&steps(left));
    }
    if !first {
        text.push('}');
    }
}

/// The steps of a task: `{"era":0,"taken":{"charge":{"print":"00000000000000ff","value":{"id":7}},"ship":{}}}`.
pub fn steps(steps: &Steps) -> String {
    let mut text = String::from(r#"{"era":"#);
    number(&mut text, steps.era.into());
    text.push_str(r#","taken":{"#);
    for (at, (name, TakenStep { input, value })) in steps.taken.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        string(&mut text, name);
        text.push_str(":{");
        if let Some(print) = input {
            text.push_str(r#""print":""#);
            // Writing to a string does not fail.
            let _ = write!(text, "{print:016x}");
            text.push('"');
        }
        if let Some(value) = value {
            text.push_str(if input.is_some() { r#","value":"# } else { r#""value":"# });
            text.push_str(value);
        }
        text.push('}');
    }
    text.push_str("}}");
    text
}
