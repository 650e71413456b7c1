// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Alerts of the store, as JavaScript gets them.

use crate::words::micros;
use napi_derive::napi;
use runtime::store::Alert;
use std::collections::HashMap;

/// What begins, or is over.
#[napi(object)]
#[expect(missing_docs, reason = "as in `runtime::store::Alert`")]
pub struct NativeAlert {
    pub rule: String,
    #[napi(js_name = "type")]
    pub kind: String,
    pub severity: String,
    pub title: String,
    pub begins: bool,
    pub description: String,
    pub execution_id: Option<String>,
    pub cause: Option<String>,
    pub task_id: Option<String>,
    pub metrics: HashMap<String, f64>,
}

impl From<Alert> for NativeAlert {
    fn from(Alert { rule, begins, description, execution, cause, task, metrics }: Alert) -> Self {
        Self {
            rule: rule.name.to_owned(),
            kind: rule.kind.name().to_owned(),
            severity: rule.severity.name().to_owned(),
            title: rule.title.to_owned(),
            begins,
            description,
            execution_id: execution.map(|id| id.to_string()),
            cause: cause.map(|cause| cause.to_string()),
            task_id: task.map(|task| task.to_string()),
            metrics: metrics.into_iter().map(|(name, figure)| (name.to_owned(), micros(figure))).collect(),
        }
    }
}
