// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A JSON Schema (draft 2020-12 unless `$schema` says otherwise) that judges a value.

use serde_json::Value;
use std::fmt;

/// A compiled JSON Schema. Patterns run on a linear-time engine, and nothing is ever fetched: a remote `$ref` is refused.
pub struct Schema(jsonschema::Validator);

/// One thing a value does that its schema forbids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaIssue {
    /// JSON Pointer into the value; empty for the value itself.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

impl Schema {
    /// At most this many issues are reported of one value.
    pub const ISSUES_MAX: usize = 20;

    /// Compiles a schema, or says what is wrong with it.
    pub fn compile(schema: &Value) -> Result<Self, String> {
        jsonschema::options()
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .build(schema)
            .map(Self)
            .map_err(|error| error.to_string())
    }

    /// What `value` does that the schema forbids; empty when it fits.
    pub fn judge(&self, value: &Value) -> Vec<SchemaIssue> {
        self.0
            .iter_errors(value)
            .take(Self::ISSUES_MAX)
            .map(|error| SchemaIssue { pointer: error.instance_path().to_string(), message: error.to_string() })
            .collect()
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schema")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_judged_and_each_issue_says_where() {
        let schema =
            Schema::compile(&json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["id"] })).unwrap();
        assert_eq!(schema.judge(&json!({ "id": 1, "n": 2 })), []);
        let issues = schema.judge(&json!({ "n": "two" }));
        assert_eq!(issues.iter().map(|issue| issue.pointer.as_str()).collect::<Vec<_>>(), ["", "/n"]);
    }

    #[test]
    fn a_schema_that_is_none_or_would_fetch_is_refused() {
        assert!(Schema::compile(&json!({ "type": "strnig" })).is_err());
        assert!(Schema::compile(&json!({ "$ref": "https://example.com/schema.json" })).is_err());
        assert!(Schema::compile(&json!({ "pattern": "(?=a)b" })).is_err());
    }
}
