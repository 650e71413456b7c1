// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How long a thread takes, at work or waiting for something: the time in which it could have gone on and the machine was busy with others does not count.

use std::time::{Duration, Instant};

/// Runs from its making on, for the thread that made it.
pub(crate) struct Stopwatch {
    began: Instant,
    delayed: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { began: Instant::now(), delayed: delayed() }
    }

    pub(crate) fn taken(&self) -> Duration {
        let delayed = delayed().saturating_sub(self.delayed);
        self.began.elapsed().saturating_sub(delayed)
    }
}

/// How long this thread has waited for a processor; nothing where the system does not say.
fn delayed() -> Duration {
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    said.and_then(|text| text.split(' ').nth(1)?.parse().ok()).map_or(Duration::ZERO, Duration::from_nanos)
}
