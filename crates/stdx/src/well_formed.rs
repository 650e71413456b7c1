// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! JSON text whose strings are Unicode.

use std::borrow::Cow;

/// How many bytes an escape such as `\ud83d` has.
const ESCAPE: usize = 6;

/// JSON text with `\ufffd` in place of each escape that is half of a surrogate pair: JavaScript has such texts, and JSON that we read does not.
///
/// Earlier versions recorded them as they came. Text without one is given back as it is.
pub fn well_formed_json(text: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('\\')) {
        let escape = at + found;
        // An escaped backslash begins nothing.
        at = escape + 2;
        let Some(unit) = unit(text, escape) else { continue };
        let is_pair = matches!(unit, 0xD800..=0xDBFF) && matches!(self::unit(text, escape + ESCAPE), Some(0xDC00..=0xDFFF));
        if is_pair {
            at = escape + 2 * ESCAPE;
        } else if matches!(unit, 0xD800..=0xDFFF) {
            mended.push_str(text.get(copied..escape).unwrap_or_default());
            mended.push_str("\\ufffd");
            at = escape + ESCAPE;
            copied = at;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(mended)
}

/// The UTF-16 unit of the escape `\uXXXX` that begins here, if one does.
fn unit(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + ESCAPE)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_pair_is_mended_and_nothing_else_is_touched() {
        for (text, wanted) in [
            (r#"{"a":"x"}"#, r#"{"a":"x"}"#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\ud83d\ude00 \ud83d\ud83d\ude00""#, r#""\ud83d\ude00 \ufffd\ud83d\ude00""#),
            (r#""\\ud83d \\\ud83d""#, r#""\\ud83d \\\ufffd""#),
            (r#"{"\udfff":"ä\n\u00e4 😀"}"#, r#"{"\ufffd":"ä\n\u00e4 😀"}"#),
            (r#""\"#, r#""\"#),
            (r#""\ud8"#, r#""\ud8"#),
        ] {
            assert_eq!(well_formed_json(text), wanted, "{text}");
        }
        assert!(matches!(well_formed_json(r#""\n\ud83d\ude00""#), Cow::Borrowed(_)));
    }
}
