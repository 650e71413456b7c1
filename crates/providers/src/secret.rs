// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Keys, and how they are kept out of what leaves.

mod base64;
mod spelling;

use serde::Deserialize;
use spelling::Spelling;
use std::fmt;
use std::sync::Arc;

/// A value that is sent to its provider and shown to nobody else. It cannot be serialised.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps `value`.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// What the value of a header may hide: itself, the key behind the name of a scheme (`Bearer …`), a name and a password (`Basic …`),
    /// and the values of its parameters (`session=…; token="…"`).
    pub fn of_header(value: &str) -> Vec<Self> {
        let mut found = vec![value.to_owned()];
        if let Some((scheme, rest)) = value.split_once(' ') {
            found.push(rest.trim().to_owned());
            if scheme.eq_ignore_ascii_case("basic")
                && let Some(pair) = base64::decoded(rest.trim())
            {
                found.extend(pair.split(':').map(str::to_owned));
                found.push(pair);
            }
        }
        let parameters = value.split([',', ';']).filter_map(|one| one.split_once('=')).map(|(_, value)| value.trim().trim_matches('"'));
        found.extend(parameters.map(str::to_owned));
        found.into_iter().map(Self).collect()
    }

    /// The value, for the header it belongs in.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

const REDACTED: &str = "[redacted]";

/// Takes the secrets of one provider, or of one server, out of texts: as they are, and as they look in a URL, in JSON, in HTML and in base64.
/// Each call has a clone, which is the same one.
#[derive(Clone, Default)]
pub struct Redactor(Arc<[Spelling]>);

impl Redactor {
    /// One that looks for `secrets`.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut spellings: Vec<Spelling> = secrets.into_iter().flat_map(|Secret(secret)| Spelling::of(&secret)).collect();
        // A secret may be part of another (`abc` of `Bearer abc`): the longer one goes first, so that nothing of it stays.
        spellings.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        spellings.dedup();
        Self(spellings.into())
    }

    /// `text` without secrets.
    pub fn clean(&self, text: String) -> String {
        let mut clean = String::new();
        let mut kept_from = 0;
        let mut at = 0;
        while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
            match self.0.iter().find_map(|spelling| spelling.end(&text, at)) {
                Some(end) => {
                    clean.push_str(text.get(kept_from..at).unwrap_or_default());
                    clean.push_str(REDACTED);
                    (kept_from, at) = (end, end);
                }
                None => at += letter.len_utf8(),
            }
        }
        if kept_from == 0 {
            return text;
        }
        clean.push_str(text.get(kept_from..).unwrap_or_default());
        clean
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Redactor({} spellings)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{Redactor, Secret};

    fn clean(secrets: &[&str], text: &str) -> String {
        Redactor::new(secrets.iter().map(|secret| Secret::new(*secret))).clean(text.to_owned())
    }

    #[test]
    fn a_secret_is_found_however_it_is_written() {
        const KEY: &str = r#"p@ss "wörd"/\x+y"#;
        for written in [
            KEY,
            r#"p@ss \"wörd\"/\\x+y"#,
            r#"p@ss \\\"wörd\\\"\/\\\\x+y"#,
            r#"p@ss \"w\u00f6rd\"\u002f\\x+y"#,
            "p%40ss%20%22w%C3%B6rd%22%2F%5Cx%2By",
            "p%40ss+%22w%c3%b6rd%22%2f%5cx%2by",
            "p%2540ss%2520%2522w%25C3%25B6rd%2522%252F%255Cx%252By",
            "p@ss &quot;wörd&quot;/\\x+y",
            "p@ss &#34;w&#xF6;rd&#x22;/\\x+y",
        ] {
            assert_eq!(clean(&[KEY], &format!("<{written}>")), "<[redacted]>", "{written}");
        }
        assert_eq!(clean(&["planted-🔑-42"], r#""planted-\ud83d\udd11-42""#), r#""[redacted]""#);
    }

    #[test]
    fn a_secret_within_base64_is_found_wherever_it_begins() {
        // `a:`, `ab:` and `abc:` before it, as names stand before passwords; and the alphabet of URLs.
        for (written, left) in [
            ("YTpwbGFudGVkLT8+LTQy", "YT"),
            ("YWI6cGxhbnRlZC0/Pi00Mg==", "YWI6"),
            ("YWJjOnBsYW50ZWQtPz4tNDI=", "YWJjO"),
            ("YWI6cGxhbnRlZC0_Pi00Mg", "YWI6"),
        ] {
            let cleaned = clean(&["planted-?>-42"], written);
            assert!(cleaned.starts_with(left) && cleaned.contains("[redacted]") && cleaned.len() < left.len() + 16, "{written}: {cleaned}");
        }
    }

    #[test]
    fn what_is_too_short_for_a_key_stays_in_words() {
        assert_eq!(clean(&["abc", "key"], "a key of abc"), "a key of abc");
        assert_eq!(clean(&["12a4"], "pin 12a4, not 112a45"), "pin [redacted], not 112a45");
        assert_eq!(clean(&[""], "nothing"), "nothing");
    }

    #[test]
    fn the_longer_one_goes_first_and_nothing_of_it_stays() {
        assert_eq!(clean(&["planted", "planted-canary"], "planted-canary, planted"), "[redacted], [redacted]");
    }

    #[test]
    fn a_header_hides_more_than_its_value() {
        let of = |value: &str| -> Vec<String> { Secret::of_header(value).iter().map(|secret| secret.expose().to_owned()).collect() };
        assert_eq!(of("Bearer abc"), ["Bearer abc", "abc"]);
        assert_eq!(of("Basic dXNlcjpwYXNz"), ["Basic dXNlcjpwYXNz", "dXNlcjpwYXNz", "user", "pass", "user:pass"]);
        assert_eq!(of("a=b1; token=\"c2\""), ["a=b1; token=\"c2\"", "token=\"c2\"", "b1", "c2"]);
    }
}
