// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How long a provider asks to wait, in whichever of five places it says so.

use super::body::ErrorBody;
use super::spans::{http_date, number, sensible, span};
use std::time::Duration;
use stdx::Timestamp;

/// What stands before the span in a message.
const BEFORE: [&str; 4] = ["try again in ", "retry in ", "retry after ", "available in "];

/// How long to wait before the next attempt, if the provider says it: by a header (in milliseconds, seconds, or as a date), a field
/// of the body, or in the message. What is not a sensible wait is as if it were not said; how long is too long, the caller knows.
pub fn retry_after<'a>(headers: impl Fn(&str) -> Option<&'a str>, body: &str, now: Timestamp) -> Option<Duration> {
    let milliseconds = |name| number(headers(name)?, 0.001).and_then(sensible);
    let seconds = || {
        let value = headers("retry-after")?;
        number(value, 1.0).or_else(|| Some(http_date(value)?.since(now))).and_then(sensible)
    };
    let in_body = || {
        let body = ErrorBody::read(body);
        body.retry_delay.and_then(sensible).or_else(|| in_words(&body.text))
    };
    milliseconds("retry-after-ms").or_else(|| milliseconds("x-ms-retry-after-ms")).or_else(seconds).or_else(in_body)
}

fn in_words(text: &str) -> Option<Duration> {
    let after = BEFORE.iter().filter_map(|words| Some(text.split_once(words)?.1));
    after.filter_map(span).find_map(sensible)
}
