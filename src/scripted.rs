// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The package as a user has it, before a backend that takes its time and refuses, or loses, what a test wants: in builds for tests alone.

use runtime::store::{Backend, OpenError, Script, ScriptedBackend, Store};
use runtime::{Clock, Wake};
use serde::Deserialize;
use std::time::Duration;

/// What the environment says.
#[derive(Deserialize)]
struct Text {
    /// Milliseconds that each acknowledgement and each reading takes.
    delay: u64,
    /// Ids of executions that are refused.
    #[serde(default)]
    refuse: Vec<String>,
    /// Ids of executions that are lost once they are on record, with their partitions.
    #[serde(default)]
    lose: Vec<String>,
}

/// The script that tests give a process, as JSON text.
pub(crate) fn script() -> Option<Script> {
    if !cfg!(debug_assertions) {
        return None;
    }
    let text = std::env::var("MAO_TEST_BACKEND").ok()?;
    let Text { delay, refuse, lose } = serde_json::from_str(&text).ok()?;
    let script = Script::slow(Duration::from_millis(delay));
    for id in &refuse {
        script.refuse(id);
    }
    for id in &lose {
        script.lose_with(id);
    }
    Some(script)
}

/// The backend that follows it.
pub(crate) fn backend(store: Box<dyn Store>, script: Script, clock: &Clock, wake: Wake) -> Result<Box<dyn Backend>, OpenError> {
    Ok(Box::new(ScriptedBackend::over(store, script, clock.share(), wake)?))
}
