// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Whether a task may run, given how its direct dependencies ended.

/// The end of a direct dependency, as a rule sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// S: it completed.
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
}

/// The ends of a task's direct dependencies, counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) open: u32,
    pub(crate) failures: u32,
    pub(crate) successes: u32,
}

/// What a rule says once every dependency has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Run,
    /// A failure forbids it.
    UpstreamFailed,
    /// Nothing failed, and nothing succeeded either.
    UpstreamSkipped,
}

impl Tally {
    /// One dependency ended.
    pub(crate) fn count(&mut self, outcome: Outcome) {
        self.open = self.open.saturating_sub(1);
        match outcome {
            Outcome::Success => self.successes += 1,
            Outcome::Failure => self.failures += 1,
            Outcome::Skip => {}
        }
    }
}

impl TriggerRule {
    /// The verdict on a task whose dependencies have all ended. A task without dependencies always runs.
    pub(crate) fn judge(self, dependencies: usize, tally: Tally) -> Verdict {
        match self {
            _ if dependencies == 0 => Verdict::Run,
            Self::NoneFailedMinOneSuccess | Self::NoneFailed if tally.failures > 0 => Verdict::UpstreamFailed,
            Self::NoneFailedMinOneSuccess if tally.successes == 0 => Verdict::UpstreamSkipped,
            Self::NoneFailedMinOneSuccess | Self::NoneFailed => Verdict::Run,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{Failure as F, Skip as K, Success as S};
    use Verdict::{Run, UpstreamFailed, UpstreamSkipped};

    #[test]
    fn the_default_rules_follow_their_written_table() {
        // ends, with written dependencies, with implied ones
        let table: [(&[Outcome], Verdict, Verdict); 9] = [
            (&[], Run, Run),
            (&[S], Run, Run),
            (&[F], UpstreamFailed, UpstreamFailed),
            (&[K], UpstreamSkipped, Run),
            (&[S, S], Run, Run),
            (&[S, F], UpstreamFailed, UpstreamFailed),
            (&[S, K], Run, Run),
            (&[K, F], UpstreamFailed, UpstreamFailed),
            (&[K, K], UpstreamSkipped, Run),
        ];
        for (ends, written, implied) in table {
            let mut tally = Tally { open: u32::try_from(ends.len()).unwrap(), ..Tally::default() };
            for end in ends {
                tally.count(*end);
            }
            assert_eq!(tally.open, 0);
            assert_eq!(TriggerRule::NoneFailedMinOneSuccess.judge(ends.len(), tally), written, "{ends:?}");
            assert_eq!(TriggerRule::NoneFailed.judge(ends.len(), tally), implied, "{ends:?}");
        }
    }
}
