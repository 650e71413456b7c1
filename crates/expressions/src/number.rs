// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Numbers as JavaScript writes them: whoever reads a text has seen the value there.

use serde_json::{Number, Value};

/// A number as a string in JavaScript.
pub(crate) fn number_text(number: &Number) -> String {
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(double) => double_text(double),
        None => number.to_string(),
    }
}

/// `Number::toString` of ECMAScript: the shortest digits that tell the number, with an exponent beyond 21 digits and below a millionth.
pub(crate) fn double_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    let sign = if number < 0.0 { "-" } else { "" };
    if number.is_infinite() {
        return format!("{sign}Infinity");
    }
    // Rust has the same digits, as `1.25e-7`.
    let scientific = format!("{:e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    let Ok(exponent) = exponent.parse::<i32>() else { return scientific };
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    let point = exponent + 1;
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    match point {
        _ if number == 0.0 => "0".to_owned(),
        1..=21 if length <= point => format!("{sign}{digits}{}", zeros(point - length)),
        1..=21 => {
            let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or_default());
            format!("{sign}{whole}.{fraction}")
        }
        -5..=0 => format!("{sign}0.{}{digits}", zeros(-point)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let fraction = if rest.is_empty() { String::new() } else { format!(".{rest}") };
            let plus = if exponent > 0 { "+" } else { "" };
            format!("{sign}{first}{fraction}e{plus}{exponent}")
        }
    }
}

/// JSON as `JSON.stringify` writes it.
pub(crate) fn json_text(value: &Value) -> String {
    let mut text = String::new();
    write_json(value, &mut text);
    text
}

fn write_json(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                write_json(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            text.push('{');
            for (place, (key, value)) in fields.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write_json(value, text);
            }
            text.push('}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => text.push_str(&shown(value)),
    }
}

/// A value as a message shows it.
pub(crate) fn shown(value: &Value) -> String {
    if let Value::Number(number) = value { number_text(number) } else { value.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_as_javascript_writes_it() {
        // What String(number) gives there.
        for (number, wanted) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-2.5, "-2.5"),
            (0.1 + 0.2, "0.30000000000000004"),
            (100.0, "100"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (123_456_789.125, "123456789.125"),
            (1e-6, "0.000001"),
            (1.25e-7, "1.25e-7"),
            (-1e-7, "-1e-7"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(double_text(number), wanted);
        }
        assert_eq!(
            json_text(&serde_json::json!({ "b\"": [1.0, 1e21, null], "a": {}, "c": "ä\n" })),
            r#"{"b\"":[1,1e+21,null],"a":{},"c":"ä\n"}"#
        );
    }
}
