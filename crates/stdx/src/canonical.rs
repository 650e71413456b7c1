// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One text for equal JSON values, and its hash.

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// The value as JSON text with the keys of every object in ascending order of their code points and no white space.
///
/// Two values that differ only in the order of keys give the same text, whichever map `serde_json` was built with.
pub fn canonical_json(value: &Value) -> String {
    let mut text = Vec::new();
    write_value(value, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// SHA-256 of `text` in lower-case hexadecimal, 64 characters.
pub fn sha256_hex(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

fn write_value(value: &Value, text: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            text.push(b'{');
            for (at, (key, value)) in entries.into_iter().enumerate() {
                if at > 0 {
                    text.push(b',');
                }
                let _ = serde_json::to_writer(&mut *text, key);
                text.push(b':');
                write_value(value, text);
            }
            text.push(b'}');
        }
        Value::Array(items) => {
            text.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(b',');
                }
                write_value(item, text);
            }
            text.push(b']');
        }
        // Neither fails: a Vec takes everything, and a key is a text.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let _ = serde_json::to_writer(text, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let text = canonical_json(&json!({ "b": [1, { "d": null, "c": "\u{e9}\n" }], "a": 1.5 }));
        assert_eq!(text, r#"{"a":1.5,"b":[1,{"c":"é\n","d":null}]}"#);
    }

    #[test]
    fn the_hash_is_the_published_test_vector() {
        assert_eq!(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
