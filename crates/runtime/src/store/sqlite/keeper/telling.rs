// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What people are told of an open file, and when new work is refused.

use super::Work;
use crate::store::Shortage;
use crate::store::alert::{self, Alert};
use crate::store::sqlite::schema::PAGE_BYTES;
use crate::store::sqlite::upkeep::News;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Below this many bytes a log is short, however little is free: one that nobody reads may have as many.
const LEAST_BOUND: u64 = 64 << 20;

impl Work {
    /// New work is refused from the commit that found no room on, until there is room for it. What runs has the room that was held back.
    pub(super) fn look_for_room(&mut self, full: bool) {
        let now = self.shared.stopwatch.elapsed();
        let path = self.path.display();
        if full {
            self.upkeep.is_full(now);
            self.reserve.give_up();
            if !std::mem::replace(&mut self.is_short, true) {
                let why = format!(
                    "the disk of `{path}` is full: new work is refused until there is room on it again; what runs goes on as far as it can be \
                     recorded, and what agents answered is kept"
                );
                self.shared.health.raise(Alert::begins(&alert::FULL, format!("{why}: make room")));
                self.shared.health.short(Shortage::Disk, Some(format!("{why}; make room, and call again")));
                self.shared.wake();
            }
        } else if self.upkeep.is_room_due(now) {
            if self.reserve.has_room() {
                self.upkeep.has_room();
                self.reserve.keep();
                self.is_short = false;
                self.shared
                    .health
                    .raise(Alert::is_over(&alert::FULL, format!("the disk of `{path}` has room again, and what waited is recorded")));
                self.shared.health.short(Shortage::Disk, None);
                self.shared.wake();
            } else {
                self.upkeep.is_full(now);
            }
        }
    }

    /// New work is refused as long as a reader holds a log that is longer than it may be.
    pub(super) fn bound_log(&mut self) {
        let bytes = bytes_of(self.shared.pages.load(Ordering::Relaxed));
        // Half of what would be free without it.
        let bound = || self.files.log_max.min(self.reserve.free().map_or(u64::MAX, |free| u64::midpoint(free, bytes)));
        let is_long = self.upkeep.is_held() && (self.is_long || (bytes > LEAST_BOUND.min(self.files.log_max) && bytes > bound()));
        if std::mem::replace(&mut self.is_long, is_long) == is_long {
            return;
        }
        let path = self.path.display();
        let (alert, why) = if is_long {
            let why = format!(
                "another program has been reading `{path}` for so long that its log has {} MiB (`storage.maxLog`): new work is refused, and what runs \
                 goes on; end that program (a database shell, a report, a backup)",
                bytes >> 20
            );
            (Alert::begins(&alert::LOG_FULL, why.clone()).with("logBytes", bytes), Some(why))
        } else {
            (Alert::is_over(&alert::LOG_FULL, format!("the log of `{path}` has room again")), None)
        };
        self.shared.health.raise(alert);
        self.shared.health.short(Shortage::Log, why);
        self.shared.wake();
    }

    /// Has people told what begins, or is over.
    pub(super) fn tell(&mut self, blocked: Option<Duration>) {
        let pages = self.shared.pages.load(Ordering::Relaxed);
        let news = self.upkeep.news(pages, blocked);
        if news == News::default() {
            return;
        }
        let path = self.path.display();
        let held = news.held.map(|begins| {
            if !begins {
                return Alert::is_over(&alert::LOG_HELD, format!("no other program holds the log of `{path}` any more, and its room is given back"));
            }
            let message = format!(
                "another program is reading `{path}`, so its log cannot be moved into it and has grown to {} MiB; end that program (a database \
                 shell, a report, a backup) to give the room back",
                bytes_of(pages) / (1 << 20)
            );
            Alert::begins(&alert::LOG_HELD, message).with("logBytes", bytes_of(pages))
        });
        let blocked = news.blocked.map(|begins| {
            if !begins {
                return Alert::is_over(&alert::BLOCKED, format!("`{path}` can be written to again, and what waited is recorded"));
            }
            let message = format!(
                "another program has kept `{path}` from being written to for {} s; what is to be recorded waits, and nothing is lost: end that \
                 program (a database shell with an open transaction, a backup)",
                blocked.unwrap_or_default().as_secs()
            );
            Alert::begins(&alert::BLOCKED, message)
        });
        for alert in held.into_iter().chain(blocked) {
            self.shared.health.raise(alert);
        }
        self.shared.wake();
    }
}

/// How long a log of so many pages is.
fn bytes_of(pages: u32) -> u64 {
    u64::from(pages) * PAGE_BYTES
}
