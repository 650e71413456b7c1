// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Where an execution is moved to; `moving` has what that does.

use crate::Plan;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where an execution is moved to.
#[derive(Clone, Debug)]
pub struct Move {
    /// What it runs from there on.
    pub plan: Arc<Plan>,
    /// The paths of what stays as it is.
    pub stay: Arc<[Arc<str>]>,
    /// Outputs of those, JSON text by path: where nothing looked at values until now, so that the host alone has them.
    pub outputs: Arc<BTreeMap<Arc<str>, Arc<str>>>,
    /// The context, where that is so too.
    pub context: Option<Arc<str>>,
    /// Passes of loops in which nothing was called that it may have, if that is said anew.
    pub idle_passes_max: Option<u64>,
    /// What its host keeps of it, JSON text.
    pub given: Option<Arc<str>>,
}

impl PartialEq for Move {
    fn eq(&self, other: &Self) -> bool {
        let plan = |one: &Self| (Arc::clone(&one.plan.definition), one.plan.default_timeout);
        let rest = |one: &Self| (one.context.clone(), one.idle_passes_max, one.given.clone());
        plan(self) == plan(other) && rest(self) == rest(other) && self.stay == other.stay && self.outputs == other.outputs
    }
}
