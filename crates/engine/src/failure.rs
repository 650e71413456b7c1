// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Why an attempt failed, as it is recorded.

use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// What went wrong in an attempt. The event and the state share it, and stay small for the many attempts that go well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Stable code, such as `ERR_TIMEOUT` or `ERR_AGENT`.
    pub code: Arc<str>,
    /// For a person: what happened, with the value it happened to.
    pub message: Arc<str>,
    /// JSON text of what else the host knows (name, stack, the issues of a schema), if anything.
    pub details: Option<Arc<str>>,
    /// Whether another attempt may go differently.
    pub retryable: bool,
    /// The shortest wait before another attempt, if whoever refused said so.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure that no other attempt would change.
    pub fn coded(code: &str, message: String) -> Self {
        Self { code: code.into(), message: message.into(), details: None, retryable: false, retry_after: None }
    }

    /// Whether one of `names` is what it may be called: its code, or the name or code of what was thrown, where the host told them.
    pub(crate) fn is_named(&self, names: &[Box<str>]) -> bool {
        let is_wanted = |name: &str| names.iter().any(|wanted| **wanted == *name);
        let details: Option<Value> = self.details.as_deref().and_then(|details| serde_json::from_str(details).ok());
        let thrown = |field| details.as_ref().and_then(|details| details.get(field)?.as_str());
        is_wanted(&self.code) || ["name", "code"].into_iter().filter_map(thrown).any(is_wanted)
    }

    /// Whether a whole workflow that failed with this may go otherwise when it runs anew. What an attempt found in vain is in vain then too; but what the
    /// machine judged by time or by what tasks gave (a wait, a join, a branch) may come out otherwise.
    pub fn may_pass_anew(&self) -> bool {
        const BY_CHANCE: &[&str] =
            &["ERR_WAIT_TIMEOUT", "ERR_TOTAL_TIMEOUT", "ERR_JOIN_UNREACHABLE", "ERR_NO_BRANCH", "ERR_LOOP_LIMIT", "ERR_LOOP_ITEMS"];
        let is_bound = self.code.starts_with("ERR_BUDGET") || ["ERR_DEADLINE", "ERR_JOURNAL_LIMIT"].contains(&&*self.code);
        !is_bound && (self.retryable || BY_CHANCE.contains(&&*self.code))
    }

    /// Whether what an attempt did before it failed is as good as before: its time, a connection or its process ended, and nothing it did is why.
    pub fn is_passing(&self) -> bool {
        const PASSING: &[&str] = &[
            "ERR_TIMEOUT",
            "ERR_HEARTBEAT_TIMEOUT",
            "ERR_TOTAL_TIMEOUT",
            "ERR_DEADLINE",
            "ERR_AGENT_LOST",
            "ERR_INTERRUPTED",
            "ERR_SHUTDOWN",
            "ERR_MCP_CONNECT",
            "ERR_MCP_LOST",
        ];
        PASSING.contains(&&*self.code) || (&*self.code == "ERR_MODEL" && self.is_of_class(&["network", "overload", "rate"]))
    }

    /// Whether the host told one of `classes` of it.
    fn is_of_class(&self, classes: &[&str]) -> bool {
        let details: Option<Value> = self.details.as_deref().and_then(|details| serde_json::from_str(details).ok());
        let class = |place| details.as_ref().and_then(|details| details.pointer(place)?.as_str());
        ["/fields/class", "/fields/details/class"].into_iter().filter_map(class).any(|class| classes.contains(&class))
    }

    /// An attempt that was still running when its `timeout` had passed.
    pub(crate) fn timeout(timeout: Duration) -> Self {
        // Who wrote 30 and meant seconds learns it here.
        let hint = if timeout < Duration::from_secs(1) { "; numbers are milliseconds, and '30s' is 30 seconds" } else { "" };
        let message = format!("the attempt did not end within its timeout of {} ms{hint}", timeout.as_millis());
        Self { retryable: true, ..Self::coded("ERR_TIMEOUT", message) }
    }

    /// An attempt that gave no sign of life for its `heartbeatTimeout`.
    pub(crate) fn silence(timeout: Duration) -> Self {
        let message = format!("the attempt sent no heartbeat for {} ms; call `ctx.heartbeat()` more often", timeout.as_millis());
        Self { retryable: true, ..Self::coded("ERR_HEARTBEAT_TIMEOUT", message) }
    }

    /// A task that had not ended when its `totalTimeout` had passed.
    pub(crate) fn total_timeout(timeout: Duration) -> Self {
        Self::coded("ERR_TOTAL_TIMEOUT", format!("the task did not end within its total timeout of {} ms", timeout.as_millis()))
    }

    /// A wait that nobody ended in time; `untaken` says what came instead.
    pub(crate) fn wait_timeout(signal: &str, timeout: Duration, untaken: &str) -> Self {
        Self::coded("ERR_WAIT_TIMEOUT", format!("no signal `{signal}` came within {} ms{untaken}", timeout.as_millis()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_says_nothing_of_what_an_attempt_did() {
        let of_class = |class: &str| Failure {
            details: Some(format!(r#"{{"name":"ModelError","fields":{{"details":{{"class":"{class}"}}}}}}"#).into()),
            ..Failure::coded("ERR_MODEL", "no".to_owned())
        };
        for class in ["network", "overload", "rate"] {
            assert!(of_class(class).is_passing(), "{class}");
        }
        for class in ["content", "invalid", "quota", "context"] {
            assert!(!of_class(class).is_passing(), "{class}");
        }
        for (code, passes) in
            [("ERR_TIMEOUT", true), ("ERR_AGENT_LOST", true), ("ERR_MODEL_CUT", false), ("ERR_MODEL", false), ("ERR_AGENT", false)]
        {
            assert_eq!(Failure::coded(code, "no".to_owned()).is_passing(), passes, "{code}");
        }
    }

    #[test]
    fn a_workflow_may_pass_anew_unless_an_attempt_said_that_it_would_be_in_vain() {
        let thrown = |code: &str, retryable| Failure { retryable, ..Failure::coded(code, "no".to_owned()) };
        for code in ["ERR_AGENT", "ERR_TIMEOUT", "ERR_TASK_FAILED"] {
            assert_eq!([true, false].map(|retryable| thrown(code, retryable).may_pass_anew()), [true, false], "{code}");
        }
        for code in ["ERR_WAIT_TIMEOUT", "ERR_JOIN_UNREACHABLE", "ERR_NO_BRANCH", "ERR_LOOP_LIMIT", "ERR_LOOP_ITEMS", "ERR_TOTAL_TIMEOUT"] {
            assert!(thrown(code, false).may_pass_anew(), "{code}");
        }
        for code in ["ERR_BUDGET", "ERR_BUDGET_EXCEEDED", "ERR_DEADLINE", "ERR_JOURNAL_LIMIT"] {
            assert!(!thrown(code, true).may_pass_anew(), "{code}");
        }
    }
}
