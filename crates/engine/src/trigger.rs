// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Whether a task may run, given how its direct dependencies ended.

/// The end of a direct dependency, as a rule sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// S: it completed, or its failure was tolerated.
    Success,
    /// F: it failed, was cancelled, or was skipped because something before it failed.
    Failure,
    /// K: it was skipped for any other reason.
    Skip,
}

/// When a task runs. Rules look at direct dependencies only, at their final ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerRule {
    /// No failure and at least one success: the default where dependencies are written.
    NoneFailedMinOneSuccess,
    /// No failure: the default where predecessors are implied by order, so that a skip travels only along written edges.
    NoneFailed,
    /// Every one succeeded.
    AllSuccess,
    /// Every one failed.
    AllFailed,
    /// Every one ended, however.
    AllDone,
    /// One succeeded, whatever the others do.
    OneSuccess,
    /// One failed, whatever the others do.
    OneFailed,
}

/// The ends of a task's direct dependencies, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Not ended yet.
    pub open: u32,
    /// S.
    pub successes: u32,
    /// F.
    pub failures: u32,
    /// K.
    pub skips: u32,
}

/// What a rule says once it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The task may run.
    Run,
    /// A failure forbids it.
    UpstreamFailed,
    /// Everything before it was skipped.
    UpstreamSkipped,
    /// The dependencies ended in another way than the rule asks.
    RuleNotMet,
}

impl Tally {
    /// One dependency ended.
    pub fn count(&mut self, outcome: Outcome) {
        self.open = self.open.saturating_sub(1);
        match outcome {
            Outcome::Success => self.successes += 1,
            Outcome::Failure => self.failures += 1,
            Outcome::Skip => self.skips += 1,
        }
    }

    fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl TriggerRule {
    /// Whether it means something for a task that depends on nothing.
    pub fn needs_dependencies(self) -> bool {
        matches!(self, Self::OneSuccess | Self::OneFailed | Self::AllFailed)
    }

    /// Whether a task with this rule still runs when its scope stops.
    pub fn is_cleanup(self) -> bool {
        matches!(self, Self::AllDone | Self::OneFailed | Self::AllFailed)
    }

    /// The verdict, as soon as there is one. A task without dependencies always runs.
    pub fn judge(self, tally: Tally) -> Option<Verdict> {
        let Tally { open, successes, failures, .. } = tally;
        match self {
            Self::OneSuccess if successes > 0 => return Some(Verdict::Run),
            Self::OneFailed if failures > 0 => return Some(Verdict::Run),
            Self::NoneFailedMinOneSuccess
            | Self::NoneFailed
            | Self::AllSuccess
            | Self::AllFailed
            | Self::AllDone
            | Self::OneSuccess
            | Self::OneFailed => {}
        }
        if open > 0 {
            return None;
        }
        if tally.is_empty() {
            return Some(Verdict::Run);
        }
        let met = match self {
            Self::NoneFailedMinOneSuccess => failures == 0 && successes > 0,
            Self::NoneFailed => failures == 0,
            Self::AllSuccess => failures == 0 && tally.skips == 0,
            Self::AllFailed => successes == 0 && tally.skips == 0,
            Self::AllDone => true,
            Self::OneSuccess | Self::OneFailed => false,
        };
        let wants_failures = matches!(self, Self::AllFailed | Self::OneFailed);
        Some(match () {
            () if met => Verdict::Run,
            () if failures > 0 && !wants_failures => Verdict::UpstreamFailed,
            () if successes == 0 && failures == 0 => Verdict::UpstreamSkipped,
            () => Verdict::RuleNotMet,
        })
    }
}
