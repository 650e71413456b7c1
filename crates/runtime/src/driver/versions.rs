// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which definition of each workflow version is running: a version means one thing while anything runs by it, or is scheduled to.

use crate::Error;
use engine::Plan;
use rustc_hash::FxHashMap;
use std::sync::Arc;

#[derive(Default)]
pub(super) struct Versions {
    running: FxHashMap<(Arc<str>, Arc<str>), Running>,
}

struct Running {
    hash: Arc<str>,
    executions: usize,
}

impl Versions {
    /// An execution or a schedule of `plan` begins, unless another definition of its version is running.
    pub(super) fn admit(&mut self, plan: &Plan) -> Result<(), Error> {
        let key = (Arc::clone(&plan.workflow_id), Arc::clone(&plan.version));
        let running = self.running.entry(key).or_insert_with(|| Running { hash: Arc::clone(&plan.hash), executions: 0 });
        if running.hash != plan.hash {
            return Err(Error::DefinitionChanged { workflow: Arc::clone(&plan.workflow_id), version: Arc::clone(&plan.version) });
        }
        running.executions += 1;
        Ok(())
    }

    /// One of them has ended.
    pub(super) fn release(&mut self, plan: &Plan) {
        let key = (Arc::clone(&plan.workflow_id), Arc::clone(&plan.version));
        if let Some(running) = self.running.get_mut(&key) {
            running.executions -= 1;
            if running.executions == 0 {
                self.running.remove(&key);
            }
        }
    }
}
