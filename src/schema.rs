// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A JSON Schema that belongs to no workflow, such as that of the arguments of a tool.

use crate::plan::judged;
use ::engine::Schema;
use napi_derive::napi;

/// A JSON Schema, or what is wrong with it.
#[napi]
pub struct NativeSchema {
    schema: Result<Schema, String>,
}

#[napi]
impl NativeSchema {
    /// From JSON text.
    #[napi(constructor, catch_unwind)]
    pub fn new(schema: String) -> Self {
        let schema = serde_json::from_str(&schema).map_err(|error| error.to_string());
        Self { schema: schema.and_then(|schema| Schema::compile(&schema).map_err(|error| error.to_string())) }
    }

    /// Why it judges nothing; null if it does.
    #[napi(catch_unwind)]
    pub fn problem(&self) -> Option<String> {
        self.schema.as_ref().err().cloned()
    }

    /// What a value (JSON text) does that it forbids: `[{ pointer, message }]` as JSON text, or null.
    #[napi(catch_unwind)]
    pub fn judge(&self, value: String) -> Option<String> {
        judged(self.schema.as_ref().ok()?, &value)
    }
}
