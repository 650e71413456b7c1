// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How providers write spans of time and instants: `6m0s`, `20ms`, `1.5 seconds`, `34.07s`, seconds, RFC 3339, the date of HTTP.

use std::time::Duration;
use stdx::Timestamp;

/// A span that is longer is a mistake, an instant read as a span for one.
const SPAN_MAX: Duration = Duration::from_hours(7 * 24);

/// `duration`, if it is one that somebody may have meant.
pub(crate) fn sensible(duration: Duration) -> Option<Duration> {
    (duration > Duration::ZERO && duration <= SPAN_MAX).then_some(duration)
}

/// A number of units, `unit` seconds each: `2`, `0.25`.
pub(crate) fn number(text: &str, unit: f64) -> Option<Duration> {
    let number: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(number * unit).ok()
}

/// A span written with its units, as at the beginning of `text`: `1h2m3.5s`, `20ms`, `26 seconds`. Zero is a span.
pub(crate) fn span(text: &str) -> Option<Duration> {
    let mut rest = text.trim_start();
    let mut sum = None;
    while let Some((part, after)) = unit(rest) {
        sum = Some(sum.unwrap_or(Duration::ZERO).saturating_add(part));
        rest = after;
    }
    sum
}

/// One number with its unit, and what follows it.
fn unit(text: &str) -> Option<(Duration, &str)> {
    let (digits, rest) = split(text, |letter| letter.is_ascii_digit() || letter == '.');
    let (word, rest) = split(rest.trim_start(), |letter| letter.is_ascii_alphabetic());
    let seconds = match word.to_ascii_lowercase().as_str() {
        "ms" | "millisecond" | "milliseconds" => 0.001,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    };
    // A full stop after the span ends the sentence.
    Some((number(digits, seconds)?, rest))
}

fn split(text: &str, keep: fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|letter| !keep(letter)).unwrap_or(text.len()))
}

/// An instant as RFC 3339 writes it.
pub(crate) fn rfc3339(text: &str) -> Option<Timestamp> {
    text.trim().parse().ok().and_then(instant)
}

/// An instant as the headers of HTTP write it: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok().and_then(instant)
}

fn instant(instant: jiff::Timestamp) -> Option<Timestamp> {
    u64::try_from(instant.as_microsecond()).ok().map(Timestamp::from_micros)
}
