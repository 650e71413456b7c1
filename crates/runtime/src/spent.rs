// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What models cost, as JSON: of one call in the text that tells of it, and in sums.
//!
//! ```json
//! {"provider":"openai","model":"…","usage":{"inputTokens":12,"outputTokens":5},"costNanos":4200,"costComplete":true,"requests":2,"finishReason":"stop"}
//! {"inputTokens":12,"outputTokens":5,"costNanos":4200,"calls":1,"requests":2}
//! {"provider":"openai","model":"…","spent":{"inputTokens":12,"outputTokens":5,"costNanos":4200,"calls":1,"requests":2,"finishReason":"stop"}}
//! ```
//! The last is the first in brief, with the `failure` of a call that brought no answer and what was `tried` before the request that did. The first is a call: what is not named here is its host's own, and kept. In both, what is absent is 0, a price that is known, and one request.

use engine::Spent;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;

/// The fields of a call that are looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Call<'a> {
    #[serde(borrow)]
    provider: Option<&'a RawValue>,
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    failure: Option<&'a RawValue>,
    #[serde(borrow)]
    tried: Option<&'a RawValue>,
    usage: Usage,
    cost_nanos: u64,
    cost_complete: bool,
    requests: u64,
    finish_reason: Option<String>,
}

impl Default for Call<'_> {
    fn default() -> Self {
        let (usage, cost_nanos, cost_complete, requests, finish_reason) = (Usage::default(), 0, true, 1, None);
        Self { provider: None, model: None, failure: None, tried: None, usage, cost_nanos, cost_complete, requests, finish_reason }
    }
}

/// What is known of a call that has ended.
pub(crate) struct Called {
    pub(crate) spent: Spent,
    /// The word with which the answer ended.
    pub(crate) finish: Option<Arc<str>>,
    /// All that a report says of it, JSON text.
    pub(crate) brief: Arc<str>,
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

/// What the call that this text tells of has used, with which word its answer ended, and the rest in brief.
pub(crate) fn of_call(text: &str) -> serde_json::Result<Called> {
    let Call { provider, model, failure, tried, usage, cost_nanos, cost_complete, requests, finish_reason } = serde_json::from_str(text)?;
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
    let brief = Brief { provider, model, failure, tried, spent: Sum { finish_reason: finish_reason.clone(), ..Sum::from(spent) } };
    Ok(Called { spent, finish: finish_reason.map(Into::into), brief: serde_json::to_string(&brief)?.into() })
}

/// A call in brief.
#[derive(Serialize)]
struct Brief<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tried: Option<&'a RawValue>,
    spent: Sum,
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
