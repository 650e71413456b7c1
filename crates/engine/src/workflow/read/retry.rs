// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! `retryPolicy`.

use super::super::fields::{Fields, shorten, wrong_type};
use super::super::problem::{ProblemKind, Problems};
use crate::RetryPolicy;
use serde_json::Value;
use std::time::Duration;
use stdx::{Backoff, Growth, nearest};

/// Attempts of one task; a larger number is a loop in disguise.
const ATTEMPTS_MAX: u64 = 10_000;

const FIELDS: &[&str] = &["maxAttempts", "backoffType", "initialDelay", "maxDelay", "jitter", "retryOn", "maxElapsed"];

pub(in super::super) fn policy(value: &Value, path: String, problems: &mut Problems) -> Option<RetryPolicy> {
    let fields = Fields::of(value, path, problems)?;
    fields.refuse_others(FIELDS, problems);
    let policy = RetryPolicy {
        max_attempts: max_attempts(&fields, problems),
        backoff: Backoff {
            growth: growth(&fields, problems),
            initial: fields.duration("initialDelay", problems).unwrap_or(Duration::from_secs(1)),
            max: fields.duration("maxDelay", problems).unwrap_or(RetryPolicy::DELAY_MAX),
            jitter: jitter(&fields, problems),
        },
        retry_on: names(&fields, "retryOn", problems),
        max_elapsed: fields.duration("maxElapsed", problems),
    };
    if policy.backoff.max < policy.backoff.initial {
        problems.push(fields.path("maxDelay"), ProblemKind::MaxDelayTooShort);
    }
    Some(policy)
}

fn max_attempts(fields: &Fields<'_>, problems: &mut Problems) -> u32 {
    if fields.get("maxAttempts").is_none() {
        let hint = "the number of all attempts, including the first";
        problems.push(fields.path("maxAttempts"), ProblemKind::Missing { field: "maxAttempts", hint });
    }
    let attempts = fields.whole("maxAttempts", 1, ATTEMPTS_MAX, "a whole number from 1 to 10000", problems);
    attempts.and_then(|attempts| u32::try_from(attempts).ok()).unwrap_or(1)
}

fn growth(fields: &Fields<'_>, problems: &mut Problems) -> Growth {
    let Some(value) = fields.get("backoffType") else { return Growth::Fixed };
    let name = value.as_str();
    name.and_then(Growth::named).unwrap_or_else(|| {
        let expected = match name.and_then(|name| nearest(name, Growth::NAMES.into_iter())) {
            Some("exponential") => "'exponential' (or 'fixed', 'linear')",
            _ => "'fixed', 'linear' or 'exponential'",
        };
        problems.push(fields.path("backoffType"), ProblemKind::OutOfRange { expected, found: shorten(value) });
        Growth::Fixed
    })
}

fn jitter(fields: &Fields<'_>, problems: &mut Problems) -> f64 {
    match fields.get("jitter") {
        None | Some(Value::Bool(false)) => 0.0,
        Some(Value::Bool(true)) => 1.0,
        Some(value) => value.as_f64().filter(|jitter| (0.0..=1.0).contains(jitter)).unwrap_or_else(|| {
            let expected = "a share from 0 to 1, or true for 1";
            problems.push(fields.path("jitter"), ProblemKind::OutOfRange { expected, found: shorten(value) });
            0.0
        }),
    }
}

/// Codes and names of errors.
pub(in super::super) fn names(fields: &Fields<'_>, field: &'static str, problems: &mut Problems) -> Option<Box<[Box<str>]>> {
    let value = fields.get(field)?;
    let Value::Array(items) = value else {
        problems.push(fields.path(field), wrong_type("an array of error codes or names", value));
        return None;
    };
    let mut names = Vec::new();
    for (place, item) in items.iter().enumerate() {
        match item.as_str() {
            Some(name) => names.push(name.into()),
            None => problems.push(format!("{}[{place}]", fields.path(field)), wrong_type("an error code or name", item)),
        }
    }
    Some(names.into())
}
