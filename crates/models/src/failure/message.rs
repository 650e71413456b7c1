// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a failure says to people, without what looks like a key: a 401 often repeats part of it.

use super::body::ErrorBody;

/// More than this nobody reads, and a body may be a whole page.
const CHARS_MAX: usize = 300;

/// One line that says what went wrong: the provider's own message, shortened and with anything like a key taken out, or the status.
pub fn failure_message(status: Option<u16>, body: &str) -> String {
    let said = ErrorBody::read(body).message;
    match (said, status) {
        (Some(said), _) => shortened(&without_secrets(&one_line(&said))),
        (None, Some(status)) => format!("the provider answered {status} without saying why"),
        (None, None) => "the connection to the provider failed".to_owned(),
    }
}

fn one_line(text: &str) -> String {
    let visible = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    visible.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A text without what looks like a key.
pub fn without_secrets(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut word = String::new();
    let mut after_bearer = false;
    for letter in text.chars().chain([' ']) {
        if letter.is_alphanumeric() || "_-*.".contains(letter) {
            word.push(letter);
            continue;
        }
        let hidden = !word.is_empty() && (after_bearer || is_secret(word.trim_end_matches('.')));
        clean.push_str(if hidden { "[hidden]" } else { &word });
        clean.push(letter);
        if !word.is_empty() {
            after_bearer = word.eq_ignore_ascii_case("bearer");
            word.clear();
        }
    }
    clean.truncate(clean.trim_end().len());
    clean
}

/// How keys begin, where they begin in a way of their own.
const PREFIXES: [&str; 14] = ["sk-", "sk_", "pk-", "rk-", "gsk_", "xai-", "AIza", "ya29.", "hf_", "r8_", "nvapi-", "tgp_", "AKIA", "eyJ"];

fn is_secret(word: &str) -> bool {
    let letters = word.chars().count();
    let has = |kind: fn(&char) -> bool| word.chars().any(|letter| kind(&letter));
    // Names of models and fields have no mixture of capitals, small letters and digits that is so long; keys have.
    let mixed = letters >= 20 && has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase) && has(char::is_ascii_digit);
    let hexadecimal = letters >= 32 && word.chars().all(|letter| letter.is_ascii_hexdigit());
    let prefixed = letters >= 8 && PREFIXES.iter().any(|prefix| word.starts_with(prefix));
    mixed || hexadecimal || prefixed || word.contains("***")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_short_line() {
        let long = format!(r#"{{"error":{{"message":"  too\n\tmany {}"}}}}"#, "é".repeat(400));
        let message = failure_message(Some(400), &long);
        assert!(message.starts_with("too many éé") && message.ends_with('…'), "{message}");
        assert_eq!(message.chars().count(), CHARS_MAX + 1);
        assert_eq!(failure_message(Some(502), "<html><body>Bad gateway"), "the provider answered 502 without saying why");
        assert_eq!(failure_message(None, " "), "the connection to the provider failed");
        assert_eq!(failure_message(None, "connection reset by peer"), "connection reset by peer");
    }

    #[test]
    fn what_looks_like_a_key_is_not_repeated() {
        let said = |message: &str| failure_message(Some(401), &serde_json::json!({ "error": { "message": message } }).to_string());
        assert_eq!(
            said("Incorrect API key provided: sk-proj-ab12. See https://a.b/keys."),
            "Incorrect API key provided: [hidden] See https://a.b/keys."
        );
        assert_eq!(said("key abcd****wxyz is off"), "key [hidden] is off");
        assert_eq!(said("(Authorization: Bearer tiny)"), "(Authorization: Bearer [hidden])");
        assert_eq!(said("at https://g.co/v1?key=AIzaSyD-123&alt=sse"), "at https://g.co/v1?key=[hidden]&alt=sse");
        assert_eq!(said("0123456789abcdef0123456789abcdef"), "[hidden]");
        for harmless in
            ["model claude-sonnet-4-5-20250929 is not there", "GenerateContentRequest.contents is empty", "max_completion_tokens"]
        {
            assert_eq!(said(harmless), harmless);
        }
    }
}
