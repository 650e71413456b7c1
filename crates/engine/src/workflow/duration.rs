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
