// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The ids of executions that the host names none for.

use stdx::Timestamp;
use uuid::{ContextV7, Timestamp as Instant, Uuid};

/// Draws ids that sort by when they were drawn.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// Keeps those of one millisecond apart, and in order.
    context: ContextV7,
}

impl Ids {
    /// An id that says when its execution was accepted, by the clock of its driver.
    pub(super) fn draw(&self, at: Timestamp) -> String {
        let at = at.since(Timestamp::default());
        Uuid::new_v7(Instant::from_unix(&self.context, at.as_secs(), at.subsec_nanos())).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn ids_sort_by_when_they_were_drawn_and_say_it() {
        let (ids, begin) = (Ids::default(), Timestamp::from_micros(1_700_000_000_123_000));
        let drawn: Vec<String> = (0..1000).map(|place| ids.draw(begin.after(Duration::from_micros(place / 10)))).collect();
        assert!(drawn.is_sorted_by(|one, next| one < next));
        assert!(drawn[0].starts_with("018bcfe5-687b-7"), "{}", drawn[0]);
    }
}
