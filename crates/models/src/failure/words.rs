// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The words by which providers tell one failure from another. Tests hold them to bodies in `tests/failures/classes.txt`.

use super::{FailureClass, too_long};

use FailureClass::{Auth, Content, Context, Invalid, Overload, Quota, Rate};

/// What a message says where the code says less, or something else. The first that is found counts; what is too long is in [`too_long`].
const PHRASES: [(&str, FailureClass); 18] = [
    ("too many tokens, please wait", Rate),
    ("too many requests", Rate),
    ("content management policy", Content),
    ("content filtering policy", Content),
    ("requires moderation", Content),
    ("rejected as a result of our safety system", Content),
    ("violate our usage polic", Content),
    ("content exists risk", Content),
    ("inappropriate content", Content),
    ("prompt was blocked", Content),
    ("credit balance is too low", Quota),
    ("insufficient credits", Quota),
    ("insufficient balance", Quota),
    ("used all available credits", Quota),
    ("monthly spending limit", Quota),
    ("api key not valid", Auth),
    ("invalid api key", Auth),
    ("incorrect api key", Auth),
];

/// Codes that leave no doubt, whatever the status.
const DECISIVE: [(&str, FailureClass); 33] = [
    ("context_length_exceeded", Context),
    ("exceed_context_size_error", Context),
    ("context_window_exceeded", Context),
    ("request_too_large", Context),
    ("string_above_max_length", Context),
    ("tokens_limit_reached", Context),
    ("content_filter", Content),
    ("content_policy_violation", Content),
    ("responsibleaipolicyviolation", Content),
    ("moderation_blocked", Content),
    ("data_inspection_failed", Content),
    ("prohibited_content", Content),
    ("safety", Content),
    ("blocklist", Content),
    ("insufficient_quota", Quota),
    ("billing_hard_limit_reached", Quota),
    ("billing_not_active", Quota),
    ("billing_error", Quota),
    ("quota_exceeded", Quota),
    ("insufficient_balance", Quota),
    ("payment_required", Quota),
    ("servicequotaexceededexception", Quota),
    ("authentication_error", Auth),
    ("invalid_api_key", Auth),
    ("api_key_invalid", Auth),
    ("permission_error", Auth),
    ("permission_denied", Auth),
    ("unauthenticated", Auth),
    ("account_deactivated", Auth),
    ("accessdeniedexception", Auth),
    ("unrecognizedclientexception", Auth),
    ("expiredtokenexception", Auth),
    ("overloaded_error", Overload),
];

/// Codes that count only where no status says more, as in a stream: servers put `api_error` on a 404 as well.
const INDICATIVE: [(&str, FailureClass); 25] = [
    ("rate_limit_exceeded", Rate),
    ("rate_limit_error", Rate),
    ("rate_limited", Rate),
    ("resource_exhausted", Rate),
    ("too_many_requests", Rate),
    ("throttlingexception", Rate),
    ("server_is_overloaded", Overload),
    ("engine_overloaded_error", Overload),
    ("slow_down", Overload),
    ("unavailable", Overload),
    ("service_unavailable", Overload),
    ("serviceunavailableexception", Overload),
    ("server_error", Overload),
    ("internal_server_error", Overload),
    ("internalserverexception", Overload),
    ("internal", Overload),
    ("api_error", Overload),
    ("timeout_error", Overload),
    ("deadline_exceeded", Overload),
    ("not_found_error", Invalid),
    ("model_not_found", Invalid),
    ("validationexception", Invalid),
    ("invalid_argument", Invalid),
    ("invalid_prompt", Invalid),
    ("invalid_request_error", Invalid),
];

pub(super) fn phrased(text: &str, status: Option<u16>) -> Option<FailureClass> {
    if too_long::is_too_long(text, status == Some(429)) {
        return Some(Context);
    }
    PHRASES.iter().find(|(phrase, _)| text.contains(phrase)).map(|(_, class)| *class)
}

pub(super) fn decisive(names: &[String]) -> Option<FailureClass> {
    // Gemini names a quota like `GenerateRequestsPerDayPerProjectPerModel-FreeTier`; one of a minute is a rate.
    let of_the_day = names.iter().any(|name| name.contains("perday")).then_some(Quota);
    of_the_day.or_else(|| found(&DECISIVE, names))
}

pub(super) fn indicative(names: &[String]) -> Option<FailureClass> {
    found(&INDICATIVE, names)
}

fn found(table: &[(&str, FailureClass)], names: &[String]) -> Option<FailureClass> {
    table.iter().find(|(word, _)| names.iter().any(|name| name == word)).map(|(_, class)| *class)
}
