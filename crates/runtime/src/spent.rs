// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What models cost, as JSON: of one call in the text that tells of it, and in sums.
//!
//! ```json
//! {"provider":"openai","model":"…","usage":{"inputTokens":12,"outputTokens":5},"costNanos":4200,"costComplete":true,"requests":2,"finishReason":"stop"}
//! {"inputTokens":12,"outputTokens":5,"costNanos":4200,"calls":1,"requests":2}
//! ```
//! The first is a call: what is not named here is its host's own, and kept. In both, what is absent is 0, a price that is known, and one request.

use engine::Spent;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The fields of a call that are looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Call {
    usage: Usage,
    cost_nanos: u64,
    cost_complete: bool,
    requests: u64,
    finish_reason: Option<String>,
}

impl Default for Call {
    fn default() -> Self {
        Self { usage: Usage::default(), cost_nanos: 0, cost_complete: true, requests: 1, finish_reason: None }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Usage {
    #[serde(rename = "inputTokens")]
    input: u64,
    #[serde(rename = "outputTokens")]
    output: u64,
    #[serde(rename = "cacheReadTokens")]
    cache_read: u64,
    #[serde(rename = "cacheWriteTokens")]
    cache_write: u64,
    #[serde(rename = "reasoningTokens")]
    reasoning: u64,
}

/// What the call that this text tells of has used, and the word with which its answer ended.
pub(crate) fn of_call(text: &str) -> serde_json::Result<(Spent, Option<Arc<str>>)> {
    let Call { usage, cost_nanos, cost_complete, requests, finish_reason } = serde_json::from_str(text)?;
    let spent = Spent {
        input_tokens: usage.input,
        output_tokens: usage.output,
        cache_read_tokens: usage.cache_read,
        cache_write_tokens: usage.cache_write,
        reasoning_tokens: usage.reasoning,
        cost_nanos,
        calls: 1,
        requests,
        unpriced: u64::from(!cost_complete),
    };
    Ok((spent, finish_reason.map(Into::into)))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Each field of a sum, once: a missing one does not compile.
macro_rules! sum {
    ($($field:ident)*) => {
        /// A sum as it is written.
        #[derive(Default, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub(crate) struct Sum {
            $(#[serde(skip_serializing_if = "is_zero")] $field: u64,)*
            #[serde(skip_serializing_if = "Option::is_none", skip_deserializing)]
            finish_reason: Option<String>,
        }

        impl From<Sum> for Spent {
            fn from(sum: Sum) -> Self {
                Self { $($field: sum.$field,)* }
            }
        }

        impl From<Spent> for Sum {
            fn from(spent: Spent) -> Self {
                Self { $($field: spent.$field,)* finish_reason: None }
            }
        }
    };
}

sum!(input_tokens output_tokens cache_read_tokens cache_write_tokens reasoning_tokens cost_nanos calls requests unpriced);

/// What a task spent, with the word with which its last answer ended, as JSON text.
pub fn of_task(spent: Spent, finish: Option<&str>) -> String {
    let sum = Sum { finish_reason: finish.map(str::to_owned), ..Sum::from(spent) };
    serde_json::to_string(&sum).unwrap_or_default()
}

/// A sum as JSON text.
pub fn text(spent: Spent) -> String {
    // Numbers alone: it cannot fail.
    serde_json::to_string(&Sum::from(spent)).unwrap_or_default()
}
