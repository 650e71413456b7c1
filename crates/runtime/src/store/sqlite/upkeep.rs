// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! When what is to be done for an open file, beside commits; `keeper` does it. Nothing here reads a clock.
//!
//! ```text
//! log:   short ─grows─▶ moved into the file ─▶ … ─still long─▶ started over ─▶ short
//!                                                                   │ a reader needs it
//!                                                                   └▶ held ─once a second─▶ started over
//! files: at rest ─written to─▶ looked at each second ─a second without─▶ at rest
//! ```

use std::time::Duration;

/// Pages that the log may grow by before it is moved into the file, however few bytes of records they hold: 16 MiB.
const MOVE_PAGES: u32 = 2_048;

/// The same for a log that is to be started over: 2 MiB.
const LONG_MOVE_PAGES: u32 = 256;

/// Pages beyond which the log is started over, with the writer held up for a moment: 24 MiB. What is written meanwhile comes on top of that.
const RESTART_PAGES: u32 = 3_072;

/// Pages beyond which nothing more is written until that was tried: 48 MiB. So a log that nobody needs is never longer than 64 MiB, but for a single unit.
pub(super) const FULL_PAGES: u32 = 6_144;

/// Bytes that the file of the log keeps: what a larger unit or a reader has made it grow by is given back.
pub(super) const LOG_BYTES: u32 = 64 << 20;

/// The same in pages.
pub(super) const LOG_PAGES: u32 = 8_192;

/// How long a checkpoint may wait for readers, and the writer for it.
pub(super) const READERS_WAIT: Duration = Duration::from_millis(20);

/// How long a log that a reader needs is left alone, at first and, twice as long each time, at most. Most readers are done in a moment.
const HELD_PAUSES: (Duration, Duration) = (READERS_WAIT, Duration::from_secs(1));

/// How long a disk that was full is left alone.
const SHORT_PAUSE: Duration = Duration::from_millis(500);

/// How often files that are written to are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How soon after the first commit: what that wrote has been flushed then.
const LOOK_SOON: Duration = Duration::from_millis(50);

/// How long another program may keep commits waiting before that is told of, and a store that is closed gives up.
const BLOCKED_LONG: Duration = Duration::from_secs(5);

/// Pages beyond which people are told of a log that a reader holds: 256 MiB.
const HELD_PAGES: u32 = 32_768;

/// What a checkpoint came to, in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    /// Whether somebody was in its way.
    pub(super) busy: bool,
    /// How long the log is.
    pub(super) log: u32,
    /// How much of it is in the file.
    pub(super) kept: u32,
}

impl Moved {
    /// Whether all that was in the log is in the file, and on the medium.
    pub(super) fn is_whole(self) -> bool {
        !self.busy && self.kept == self.log
    }
}

/// What people are to be told: whether it begins or, `false`, is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// A reader holds a log that has become very long.
    pub(super) held: Option<bool>,
    /// Another program has written for so long that nothing could be committed.
    pub(super) blocked: Option<bool>,
}

/// What is to come.
#[derive(Debug, Default)]
pub(super) struct Upkeep {
    look: Option<Duration>,
    /// A reader holds the log: when to try again, and how long it was left alone until then.
    held: Option<(Duration, Duration)>,
    /// The disk was full: when to look whether there is room again.
    short: Option<Duration>,
    /// What people know of.
    told_held: bool,
    told_blocked: bool,
}

impl Upkeep {
    /// How many pages a log that has so many may grow by before it is moved.
    pub(super) fn step(pages: u32) -> u32 {
        if pages > RESTART_PAGES { LONG_MOVE_PAGES } else { MOVE_PAGES }
    }

    /// When to come again, if nobody asks before.
    pub(super) fn next(&self) -> Option<Duration> {
        self.look.into_iter().chain(self.held.map(|(again, _)| again)).chain(self.short).min()
    }

    /// Something is written.
    pub(super) fn stirred(&mut self, now: Duration) {
        self.look.get_or_insert(now + LOOK_SOON);
    }

    /// Whether the files are to be looked at.
    pub(super) fn is_look_due(&self, now: Duration) -> bool {
        self.look.is_some_and(|at| at <= now)
    }

    /// They were; `written`: something was written since the last time.
    pub(super) fn looked(&mut self, now: Duration, written: bool) {
        self.look = written.then(|| now + LOOK_EVERY);
    }

    /// Whether files that were looked at are at rest.
    pub(super) fn is_at_rest(&self) -> bool {
        self.look.is_none()
    }

    /// Whether the log is to be moved, which somebody has `asked` for or a reader has put off.
    pub(super) fn is_move_due(&self, now: Duration, asked: bool) -> bool {
        self.held.map_or(asked, |(again, _)| again <= now)
    }

    /// Whether a log that was moved as far as nobody minds has to be started over, so that it gets no longer.
    pub(super) fn is_restart_due(moved: Moved) -> bool {
        moved.log > RESTART_PAGES
    }

    /// That was tried, or there was no need to.
    pub(super) fn restarted(&mut self, now: Duration, moved: Option<Moved>) {
        let (shortest, longest) = HELD_PAUSES;
        let pause = self.held.map_or(shortest, |(_, pause)| longest.min(2 * pause));
        self.held = moved.filter(|moved| moved.busy).map(|_| (now + pause, pause));
    }

    /// Whether a reader holds the log.
    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// The disk is full, or still is.
    pub(super) fn is_full(&mut self, now: Duration) {
        self.short = Some(now + SHORT_PAUSE);
    }

    /// Whether it is to be looked whether there is room again.
    pub(super) fn is_room_due(&self, now: Duration) -> bool {
        self.short.is_some_and(|at| at <= now)
    }

    /// There is.
    pub(super) fn has_room(&mut self) {
        self.short = None;
    }

    /// How long to wait before a commit is tried again that another program has kept waiting for so long.
    pub(super) fn retry_after(blocked: Duration) -> Duration {
        (blocked / 4).clamp(Duration::from_millis(2), Duration::from_millis(100))
    }

    /// Whether that is long.
    pub(super) fn is_long(blocked: Duration) -> bool {
        blocked >= BLOCKED_LONG
    }

    /// What to tell now of a log with so many pages, and of commits that have waited for so long.
    pub(super) fn news(&mut self, pages: u32, blocked: Option<Duration>) -> News {
        let is_held = self.is_held() && (self.told_held || pages > HELD_PAGES);
        News { held: turned(&mut self.told_held, is_held), blocked: turned(&mut self.told_blocked, blocked.is_some_and(Self::is_long)) }
    }
}

/// What it has become, if that is another than before.
fn turned(before: &mut bool, is: bool) -> Option<bool> {
    (std::mem::replace(before, is) != is).then_some(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn moved(log: u32, busy: bool) -> Moved {
        Moved { busy, log, kept: log }
    }

    #[test]
    fn files_are_looked_at_soon_after_the_first_commit_then_each_second_until_nothing_is_written() {
        let (mut upkeep, begin) = (Upkeep::default(), Duration::ZERO);
        assert!(upkeep.is_at_rest() && upkeep.next().is_none());
        upkeep.stirred(begin);
        upkeep.stirred(begin + SECOND);
        assert_eq!(upkeep.next(), Some(begin + LOOK_SOON), "the first counts");
        assert!(!upkeep.is_look_due(begin) && upkeep.is_look_due(begin + LOOK_SOON));
        upkeep.looked(begin + LOOK_SOON, true);
        assert_eq!(upkeep.next(), Some(begin + LOOK_SOON + SECOND));
        upkeep.looked(begin + 2 * SECOND, false);
        assert!(upkeep.is_at_rest() && !upkeep.is_look_due(begin + 9 * SECOND));
    }

    #[test]
    fn a_log_is_started_over_when_it_is_long_and_left_alone_for_longer_and_longer_when_a_reader_needs_it() {
        let (mut upkeep, begin) = (Upkeep::default(), Duration::ZERO);
        assert!(!upkeep.is_move_due(begin, false) && upkeep.is_move_due(begin, true));
        assert!(!Upkeep::is_restart_due(moved(RESTART_PAGES, false)) && Upkeep::is_restart_due(moved(RESTART_PAGES + 1, false)));
        assert!(FULL_PAGES + Upkeep::step(FULL_PAGES) < 8_000, "64 MiB, and room for a unit");
        upkeep.restarted(begin, Some(moved(9_000, true)));
        assert!(upkeep.is_held() && !upkeep.is_move_due(begin, true), "however much is written meanwhile");
        assert_eq!(upkeep.next(), Some(begin + READERS_WAIT));
        assert!(upkeep.is_move_due(begin + READERS_WAIT, false), "even if nothing is");
        let mut pauses = Vec::new();
        for tried in 1..=7 {
            upkeep.restarted(tried * SECOND, Some(moved(9_000, true)));
            pauses.push(upkeep.next().unwrap().saturating_sub(tried * SECOND).as_millis());
        }
        assert_eq!(pauses, [40, 80, 160, 320, 640, 1000, 1000]);
        upkeep.restarted(8 * SECOND, Some(moved(9_000, false)));
        assert!(!upkeep.is_held() && upkeep.next().is_none());
        upkeep.restarted(9 * SECOND, Some(moved(9_000, true)));
        assert_eq!(upkeep.next(), Some(9 * SECOND + READERS_WAIT), "another reader");
    }

    #[test]
    fn what_is_wrong_is_told_when_it_begins_and_when_it_is_over() {
        let (mut upkeep, begin, quiet) = (Upkeep::default(), Duration::ZERO, News::default());
        assert_eq!(u64::from(HELD_PAGES) * super::super::schema::PAGE_BYTES, 256 << 20);
        assert_eq!(upkeep.news(HELD_PAGES + 1, None), quiet, "a log that nobody holds is about to be started over");
        upkeep.restarted(begin, Some(moved(9_000, true)));
        assert_eq!(upkeep.news(HELD_PAGES, Some(BLOCKED_LONG / 2)), quiet, "neither is bad yet");
        assert_eq!(upkeep.news(HELD_PAGES + 1, None), News { held: Some(true), blocked: None });
        assert_eq!(upkeep.news(HELD_PAGES + 2, Some(BLOCKED_LONG)), News { held: None, blocked: Some(true) }, "each by itself");
        assert_eq!(upkeep.news(HELD_PAGES + 3, Some(2 * BLOCKED_LONG)), quiet, "once");
        assert_eq!(upkeep.news(100, None), News { held: None, blocked: Some(false) }, "a reader is there until a checkpoint finds none");
        upkeep.restarted(begin + SECOND, Some(moved(9_000, false)));
        assert_eq!(upkeep.news(100, None), News { held: Some(false), blocked: None });
    }

    #[test]
    fn a_commit_is_tried_again_soon_at_first_and_more_seldom_later() {
        let after = |millis| Upkeep::retry_after(Duration::from_millis(millis)).as_millis();
        assert_eq!([after(0), after(40), after(60_000)], [2, 10, 100]);
        assert!(!Upkeep::is_long(Duration::from_millis(4_999)) && Upkeep::is_long(BLOCKED_LONG));
    }
}
