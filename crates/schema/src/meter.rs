// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What judging one value may still cost. The steps of a thread are counted down by whatever looks at the value; when there are none left, every
//! part of it looks like nothing, so that what goes on is over at once and its verdict is void.

use std::cell::Cell;

thread_local! {
    static LEFT: Cell<usize> = const { Cell::new(0) };
}

/// Does `work` with `steps` to use; `None` if they did not suffice.
pub(super) fn within<T>(steps: usize, work: impl FnOnce() -> T) -> Option<T> {
    // One more, so that the last step is not taken for the one too many.
    LEFT.set(steps + 1);
    let done = work();
    (LEFT.get() > 0).then_some(done)
}

/// Uses up so many steps and one; false once there are none.
pub(super) fn charge(steps: usize) -> bool {
    let left = LEFT.get().saturating_sub(steps + 1);
    LEFT.set(left);
    left > 0
}

/// There is no use in going on.
pub(super) fn exhaust() -> bool {
    LEFT.set(0);
    false
}
