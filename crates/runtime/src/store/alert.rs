// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What people must know of a store: it is told when it begins, and when it is over.
//!
//! ```text
//! quiet ──begins──▶ firing ──is over──▶ quiet         what begins again while it fires changes nothing
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

/// A kind of alert. Its name is what programs go by.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// `store:…`: where it comes from, and what it is.
    pub name: &'static str,
    /// What it is about.
    pub kind: AlertKind,
    /// How bad it is.
    pub severity: Severity,
    /// For people, in a few words.
    pub title: &'static str,
}

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertKind {
    /// Something that runs short.
    Resource,
    /// Something that is wrong.
    Error,
    /// Something that is not as it usually is.
    Anomaly,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is wrong, and it is good to know.
    Low,
    /// Everything goes on, and it must be looked at.
    Medium,
    /// Something does not go on, or is lost.
    High,
    /// Nothing new is accepted.
    Critical,
}

/// Another program reads, and the log cannot be moved into the file.
pub(super) static LOG_HELD: Rule =
    Rule { name: "store:log-held", kind: AlertKind::Resource, severity: Severity::Medium, title: "A reader holds the log of the store" };

/// Another program writes, and nothing can be committed.
pub(super) static BLOCKED: Rule = Rule {
    name: "store:blocked",
    kind: AlertKind::Resource,
    severity: Severity::High,
    title: "Another program blocks writes to the store",
};

/// The log was damaged when the file was opened. It is over when the orchestrator is closed.
pub(super) static LOG_DAMAGED: Rule =
    Rule { name: "store:log-damaged", kind: AlertKind::Error, severity: Severity::High, title: "The log of the store was damaged" };

/// The disk is full: new work is refused, and what cannot be recorded is kept and tried again.
pub(super) static FULL: Rule =
    Rule { name: "store:full", kind: AlertKind::Resource, severity: Severity::Critical, title: "The disk of the store is full" };

/// The log is longer than it may be, since another program reads: new work is refused.
pub(super) static LOG_FULL: Rule = Rule {
    name: "store:log-full",
    kind: AlertKind::Resource,
    severity: Severity::Critical,
    title: "A reader has made the log of the store too long",
};

/// The file of an older version was changed without a copy. It is over when the orchestrator is closed.
pub(super) static NOT_COPIED: Rule = Rule {
    name: "store:not-copied",
    kind: AlertKind::Resource,
    severity: Severity::Low,
    title: "The store has a new format, and was not copied before",
};

/// Facts have lacked for long what is on record. Lists of summaries wait for it, in vain as a rule.
pub(crate) static FACTS_BEHIND: Rule = Rule {
    name: "store:facts-behind",
    kind: AlertKind::Resource,
    severity: Severity::Medium,
    title: "Summaries are behind what is on record",
};

/// What takes longer, waits longer, costs more or fails more often than it did, of all that is watched.
pub(crate) static SLOWER: Rule =
    Rule { name: "anomaly:duration", kind: AlertKind::Anomaly, severity: Severity::Medium, title: "Something takes longer than it did" };
pub(crate) static WAITS: Rule =
    Rule { name: "anomaly:wait", kind: AlertKind::Anomaly, severity: Severity::Medium, title: "Something waits longer than it did" };
pub(crate) static DEARER: Rule =
    Rule { name: "anomaly:cost", kind: AlertKind::Anomaly, severity: Severity::Medium, title: "Something costs more than it did" };
pub(crate) static FAILS: Rule =
    Rule { name: "anomaly:failures", kind: AlertKind::Anomaly, severity: Severity::High, title: "Something fails more often than it did" };

/// A task was given up that ended its process again and again.
pub(crate) static POISONED: Rule =
    Rule { name: "task:poisoned", kind: AlertKind::Error, severity: Severity::High, title: "A task ends the process that runs it" };

impl AlertKind {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::Error => "error",
            Self::Anomaly => "anomaly",
        }
    }
}

impl Severity {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// One thing that begins or is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Of which kind.
    pub rule: &'static Rule,
    /// Whether it begins; else it is over.
    pub begins: bool,
    /// What has happened and what to do about it, in a sentence that stands for itself.
    pub description: String,
    /// The execution that it is about. With the rule it tells one alert from another.
    pub execution: Option<Arc<str>>,
    /// What is behind it, of which there are many: a text that tells one from another. Where it is the alert is kept over restarts.
    pub cause: Option<Arc<str>>,
    /// The task that it is about.
    pub task: Option<Arc<str>>,
    /// Figures, by name.
    pub metrics: Vec<(&'static str, u64)>,
}

impl Alert {
    /// It begins.
    pub fn begins(rule: &'static Rule, description: String) -> Self {
        Self { rule, begins: true, description, execution: None, cause: None, task: None, metrics: Vec::new() }
    }

    /// It is over.
    pub fn is_over(rule: &'static Rule, description: String) -> Self {
        Self { begins: false, ..Self::begins(rule, description) }
    }

    /// About this execution.
    #[must_use]
    pub fn about(self, execution: Arc<str>) -> Self {
        Self { execution: Some(execution), ..self }
    }

    /// With this behind it.
    #[must_use]
    pub fn caused_by(self, cause: Arc<str>, task: Option<Arc<str>>) -> Self {
        Self { cause: Some(cause), task, ..self }
    }

    /// With this figure.
    #[must_use]
    pub fn with(mut self, name: &'static str, figure: u64) -> Self {
        self.metrics.push((name, figure));
        self
    }
}

/// What tells one alert from another: its rule, the execution that it is about, and what is behind it.
type Place = (&'static str, Option<Arc<str>>, Option<Arc<str>>);

/// What is firing, and what nobody has been told yet.
#[derive(Debug, Default)]
pub(super) struct Alerts {
    firing: BTreeSet<Place>,
    untold: Vec<Alert>,
}

impl Alerts {
    /// Takes an alert, unless it says what is known: that it fires, or that it does not. Whether there is something to tell.
    pub(super) fn raise(&mut self, alert: Alert) -> bool {
        let place = (alert.rule.name, alert.execution.clone(), alert.cause.clone());
        let is_news = if alert.begins { self.firing.insert(place) } else { self.firing.remove(&place) };
        if is_news {
            self.untold.push(alert);
        }
        is_news
    }

    pub(super) fn take(&mut self) -> Vec<Alert> {
        std::mem::take(&mut self.untold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_told_when_it_begins_and_when_it_is_over_and_not_in_between() {
        let mut alerts = Alerts::default();
        let begins = |text: &str| Alert::begins(&LOG_HELD, text.to_owned());
        assert!(!alerts.raise(Alert::is_over(&LOG_HELD, "nothing was wrong".to_owned())));
        assert!(alerts.raise(begins("held")) && !alerts.raise(begins("held still")));
        assert!(alerts.raise(begins("held for one").about("one".into())), "another one");
        assert!(alerts.raise(Alert::is_over(&LOG_HELD, "free".to_owned())) && alerts.raise(begins("held again")));
        let told: Vec<_> = alerts.take().into_iter().map(|alert| alert.description).collect();
        assert_eq!(told, ["held", "held for one", "free", "held again"]);
        assert!(alerts.take().is_empty());
    }
}
