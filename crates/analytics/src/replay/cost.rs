// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What models cost that an execution asked, and what they would have cost.

use super::Change;
use super::changed::Changed;
use crate::trace::Trace;

/// Both in nano-dollars. What a repeated attempt would have cost is in neither.
#[expect(clippy::cast_precision_loss, reason = "costs far below 2^53 nano-dollars")]
pub(super) fn of(trace: &Trace, changes: &[Change]) -> (f64, f64) {
    let now = Changed { trace, changes };
    let (mut before, mut after) = (0.0, 0.0);
    for (number, task) in trace.tasks.iter().enumerate() {
        let spent = |task: &crate::trace::TracedTask| -> u64 {
            task.attempts.iter().flat_map(|attempt| &attempt.calls).map(|call| call.spent.cost_nanos).sum()
        };
        before += spent(task) as f64;
        if now.is_gone(number, task) {
            continue;
        }
        let mut factor = 1.0;
        for change in changes {
            if let Change::Dearer { task: id, factor: by } = change
                && *id == task.id
            {
                factor *= by;
            }
        }
        after += spent(&now.kept(task)) as f64 * factor;
    }
    (before, after)
}
