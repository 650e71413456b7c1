// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A driver as its host sees it. In reading order: what each call does, what is decided for several executions at once, what a file keeps and refuses, what happens when a store fails or a
//! process ends between two writes.

#[path = "driver/admission.rs"]
mod admission;
#[path = "driver/agents.rs"]
mod agents;
#[path = "driver/attempts.rs"]
mod attempts;
#[path = "driver/below.rs"]
mod below;
#[path = "driver/calls.rs"]
mod calls;
#[path = "driver/deleting.rs"]
mod deleting;
#[path = "driver/faults.rs"]
mod faults;
#[path = "driver/files.rs"]
mod files;
#[path = "driver/formats.rs"]
mod formats;
#[path = "support/host.rs"]
mod host;
#[path = "driver/keys.rs"]
mod keys;
#[path = "driver/models.rs"]
mod models;
#[path = "driver/others.rs"]
mod others;
#[path = "driver/parking.rs"]
mod parking;
#[path = "support/plans.rs"]
mod plans;
#[path = "support/random.rs"]
mod random;
#[path = "driver/schedules.rs"]
mod schedules;
#[path = "driver/scripted.rs"]
mod scripted;
#[path = "../../engine/tests/support/stopwatch.rs"]
mod stopwatch;
