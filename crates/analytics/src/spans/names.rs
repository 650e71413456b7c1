// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Names and attributes of spans, by the semantic conventions for generative AI: what they are called now and, for one release more, what they were called in
//! v1.41.0 of the conventions and before. Nothing of what is asked or answered is in them.
//!
//! | what | now (`semantic-conventions-genai`) | before (`semantic-conventions` up to v1.41.0) |
//! |---|---|---|
//! | who serves the model | `gen_ai.provider.name` | `gen_ai.system` (until v1.36) |
//! | tokens written to a cache | `gen_ai.usage.cache_write.input_tokens` | `gen_ai.usage.cache_creation.input_tokens` |
//! | everything else | the same | the same |

use crate::Kind;
use crate::trace::{ModelRequest, Trace, TracedAttempt, TracedTask};
use std::fmt::Write as _;

pub(super) const INTERNAL: u8 = 1;
pub(super) const CLIENT: u8 = 3;

pub(super) const INVOKE_WORKFLOW: &str = "invoke_workflow";
const INVOKE_AGENT: &str = "invoke_agent";
const EXECUTE_TOOL: &str = "execute_tool";
const CHAT: &str = "chat";

/// Of an attempt that its process did not live to see the end of, and that was done again.
const INTERRUPTED: &str = "mao.task.interrupted";
const OPERATION: &str = "gen_ai.operation.name";
/// Each as it is called now, and as it was before.
const PROVIDER: [&str; 2] = ["gen_ai.provider.name", "gen_ai.system"];
const CACHE_WRITE: [&str; 2] = ["gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens"];

/// Appends a JSON string.
pub(super) fn string(text: &mut String, value: &str) {
    text.push_str(&serde_json::to_string(value).unwrap_or_default());
}

/// Appends an attribute that is a text.
pub(super) fn attribute(text: &mut String, name: &str, value: &str) {
    _ = write!(text, r#"{{"key":"{name}","value":{{"stringValue":"#);
    string(text, value);
    text.push_str("}}");
}

/// Attributes in the making.
#[derive(Default)]
struct Attributes(String);

impl Attributes {
    fn next(&mut self) -> &mut String {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        &mut self.0
    }

    fn text(mut self, name: &str, value: &str) -> Self {
        attribute(self.next(), name, value);
        self
    }

    fn whole(mut self, name: &str, value: u64) -> Self {
        _ = write!(self.next(), r#"{{"key":"{name}","value":{{"intValue":"{value}"}}}}"#);
        self
    }

    fn number(mut self, name: &str, value: f64) -> Self {
        _ = write!(self.next(), r#"{{"key":"{name}","value":{{"doubleValue":{value}}}}}"#);
        self
    }
}

pub(super) fn of_execution(trace: &Trace) -> String {
    let own = Attributes::default().text(OPERATION, INVOKE_WORKFLOW).text("gen_ai.workflow.name", &trace.workflow);
    own.text("mao.execution.id", &trace.execution).text("mao.workflow.version", &trace.version).0
}

/// The name and the attributes of an attempt.
pub(super) fn of_attempt(task: &TracedTask, attempt: &TracedAttempt, interrupted: bool) -> (String, String) {
    let agent = attempt.agent.as_deref().or(task.agent.as_deref());
    let (name, own) = match (task.kind, agent) {
        (Kind::Workflow | Kind::Wait | Kind::Group, _) | (Kind::Agent, None) => (format!("task {}", task.id), Attributes::default()),
        (Kind::Agent, Some(agent)) => {
            let own = Attributes::default().text(OPERATION, INVOKE_AGENT).text("gen_ai.agent.name", agent);
            (format!("{INVOKE_AGENT} {agent}"), own)
        }
    };
    let waited = attempt.admitted.saturating_sub(attempt.ready);
    let own = own.text("mao.task.path", &task.path).whole("mao.task.attempt", attempt.attempt.into());
    let own = own.whole("mao.task.wait_us", waited);
    (name, if interrupted { own.whole(INTERRUPTED, 1) } else { own }.0)
}

/// Those of a step. A built-in agent takes each result of a tool as one, named like `result 1.2 of search`.
pub(super) fn of_step(name: &str) -> (String, String) {
    match name.strip_prefix("result ").and_then(|rest| rest.split_once(" of ")) {
        Some((_, tool)) => {
            let own = Attributes::default().text(OPERATION, EXECUTE_TOOL).text("gen_ai.tool.name", tool);
            (format!("{EXECUTE_TOOL} {tool}"), own.0)
        }
        None => (format!("step {name}"), Attributes::default().text("mao.step.name", name).0),
    }
}

/// Those of a call of a model.
#[expect(clippy::cast_precision_loss, reason = "nano-dollars of one call are far below 2^53")]
pub(super) fn of_call(call: &ModelRequest) -> (String, String) {
    let (provider, model) = call.model.split_once('/').unwrap_or(("", &call.model));
    let spent = call.spent;
    let mut own = Attributes::default().text(OPERATION, CHAT);
    for name in PROVIDER {
        own = own.text(name, provider);
    }
    own = own.text("gen_ai.request.model", model);
    own = own.whole("gen_ai.usage.input_tokens", spent.input_tokens).whole("gen_ai.usage.output_tokens", spent.output_tokens);
    own = own.whole("gen_ai.usage.cache_read.input_tokens", spent.cache_read_tokens);
    for name in CACHE_WRITE {
        own = own.whole(name, spent.cache_write_tokens);
    }
    own = own.whole("gen_ai.usage.reasoning.output_tokens", spent.reasoning_tokens);
    // A price that is not known is no price, and never 0.
    if spent.unpriced == 0 {
        own = own.number("mao.cost.usd", spent.cost_nanos as f64 / 1e9);
    }
    (format!("{CHAT} {model}"), own.0)
}
