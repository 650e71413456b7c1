// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Durations as authors write them: a number of milliseconds, or a text such as `'30s'`.

use serde_json::Value;
use std::time::Duration;

/// The longest duration a definition may name: a year, so that no sum of instants leaves the exact range.
pub(super) const DURATION_MAX: Duration = Duration::from_hours(366 * 24);

/// The duration, or `None` if the value is none or is longer than [`DURATION_MAX`].
pub(super) fn parse(value: &Value) -> Option<Duration> {
    let duration = match value {
        Value::Number(number) => Duration::try_from_secs_f64(number.as_f64()? / 1000.0).ok()?,
        Value::String(text) => parse_text(text)?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (duration <= DURATION_MAX).then_some(duration)
}

/// What a text that is no duration probably meant: `'30'`, `'30 seconds'`, `'5min'`.
pub(super) fn meant(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let number = number.parse::<f64>().ok().map(|_| number)?;
    let ours = match unit.trim().to_ascii_lowercase().as_str() {
        "" => return Some(format!("write '{number}s' for seconds, or the number {number} for milliseconds")),
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        _ => return None,
    };
    let written = format!("{number}{ours}");
    (written != value.as_str()?).then(|| format!("did you mean '{written}'?"))
}

fn parse_text(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_at);
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_nearly_a_duration_is_told_as_one() {
        for (text, told) in [
            ("30", Some("write '30s' for seconds, or the number 30 for milliseconds")),
            ("30 seconds", Some("did you mean '30s'?")),
            ("1.5 Hours", Some("did you mean '1.5h'?")),
            ("5min", Some("did you mean '5m'?")),
            ("soon", None),
            ("400d", None),
            ("3 weeks", None),
        ] {
            assert_eq!(meant(&json!(text)).as_deref(), told, "{text}");
        }
    }

    use super::*;
    use serde_json::json;

    #[test]
    fn milliseconds_and_texts_with_a_unit_are_durations() {
        let millis = |value: Value| parse(&value).map(|duration| duration.as_millis());
        assert_eq!(millis(json!(250)), Some(250));
        assert_eq!(millis(json!("250ms")), Some(250));
        assert_eq!(millis(json!("1.5s")), Some(1500));
        assert_eq!(millis(json!("2h")), Some(7_200_000));
        assert_eq!(millis(json!("1d")), Some(86_400_000));
        for bad in
            [json!(-1), json!("30"), json!("s"), json!("-1s"), json!("1 week"), json!(true), json!(1e300), json!("400d"), json!(null)]
        {
            assert_eq!(millis(bad.clone()), None, "{bad}");
        }
    }
}
