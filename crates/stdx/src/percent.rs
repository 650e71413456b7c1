// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Parts of addresses as they were before they became such.

/// Text with `%20` and its kind resolved; `None` where what comes of it is no Unicode. What is no escape stays as it is.
pub fn percent_decoded(text: &str) -> Option<String> {
    percent_encoding::percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::percent_decoded;

    #[test]
    fn escapes_are_resolved_and_nothing_else() {
        for (text, wanted) in [
            ("a b", Some("a b")),
            ("a%20b", Some("a b")),
            ("p%C3%A4th", Some("päth")),
            ("100%", Some("100%")),
            ("%4", Some("%4")),
            ("%zz%41", Some("%zzA")),
            // No digits, though a parser of numbers takes them.
            ("%+1", Some("%+1")),
            ("%ff", None),
        ] {
            assert_eq!(percent_decoded(text).as_deref(), wanted, "{text}");
        }
    }
}
