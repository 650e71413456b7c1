// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What failures have in common: the message without what differs from one to the next.
//!
//! ```text
//! order 4711 of `a81f-22` timed out after 30.5 s     ┐
//! order 12 of `09bc-7e` timed out after 4 s          ┘─▶ order # of `#` timed out after # s
//! ```
//! Numbers, ids, addresses, paths and what stands in quotes become `#`. Words stay, so that people read the print itself.

/// The longest print: what follows the beginning of a message seldom says more of its kind.
const LONGEST: usize = 200;

/// The print of a message: equal for messages that differ in numbers, ids, paths and quotations alone.
pub fn fingerprint(message: &str) -> String {
    let mut print = String::new();
    let mut rest = message.lines().next().unwrap_or_default().trim();
    while let Some(first) = rest.chars().next() {
        if print.len() >= LONGEST {
            break;
        }
        if let Some(after) = quoted(rest, first) {
            print.extend([first, '#', first]);
            rest = after;
        } else if is_part(first) {
            let end = rest.find(|other: char| !is_part(other)).unwrap_or(rest.len());
            let (token, after) = rest.split_at(end);
            let (word, tail) = token.split_at(token.trim_end_matches(['.', ':', '/', '-']).len());
            print.push_str(if differs(word) { "#" } else { word });
            print.push_str(tail);
            rest = after;
        } else {
            // Any white space is one space.
            if !first.is_whitespace() {
                print.push(first);
            } else if !print.ends_with(' ') {
                print.push(' ');
            }
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    print.truncate(print.floor_char_boundary(LONGEST));
    print.truncate(print.trim_end().len());
    print
}

/// What follows a quotation that begins here, if one does: not an apostrophe within a word.
fn quoted(rest: &str, quote: char) -> Option<&str> {
    if !matches!(quote, '`' | '"' | '\'') {
        return None;
    }
    let (inner, after) = rest.get(1..)?.split_once(quote)?;
    (!inner.is_empty() && !after.starts_with(char::is_alphanumeric)).then_some(after)
}

/// Whether a character is part of a word, a number, an id, an address or a path.
fn is_part(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | ':' | '/' | '@' | '%' | '+' | '~' | '\\')
}

/// Whether a token is of one failure alone: it has a digit, is a path or an address, or a long id of hexadecimal digits.
fn differs(token: &str) -> bool {
    let is_path = token.contains('/') && token.len() > 1 || token.contains('\\') || token.contains('@');
    token.bytes().any(|byte| byte.is_ascii_digit()) || is_path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_differ_in_what_is_of_one_failure_alone_have_one_print() {
        let cases: &[(&[&str], &str)] = &[
            (
                &["order 4711 of `a81f` timed out after 30.5 s", "order 12 of `09bc-7e` timed out after 4 s"],
                "order # of `#` timed out after # s",
            ),
            (&["connect ECONNREFUSED 127.0.0.1:5432", "connect ECONNREFUSED 10.0.0.7:80"], "connect ECONNREFUSED #"),
            (
                &["ENOENT: no such file or directory, open '/tmp/a.txt'", "ENOENT: no such file or directory, open '/var/x'"],
                "ENOENT: no such file or directory, open '#'",
            ),
            (&["user 01a22bbf-b050-7563-969e-3b8678bec749 is gone", "user 7 is gone"], "user # is gone"),
            (&["GET https://example.com/a?b=1 failed", "GET https://example.org/c?b=22 failed"], "GET #?b=# failed"),
            (&["it doesn't work, and it won't", "it  doesn't\twork, and it won't\n    at line 3"], "it doesn't work, and it won't"),
            (&[""], ""),
        ];
        for (messages, print) in cases {
            for message in *messages {
                assert_eq!(fingerprint(message), *print, "{message}");
            }
        }
        assert_ne!(fingerprint("order 1 timed out"), fingerprint("order 1 was refused"));
    }

    #[test]
    fn a_print_is_its_own_print_and_not_long() {
        for message in ["a 1 b `c` d", &"word ".repeat(1000), &"ü".repeat(1000), "' '' `` \" `a"] {
            let print = fingerprint(message);
            assert_eq!(fingerprint(&print), print, "{message}");
            assert!(print.len() <= LONGEST, "{}", print.len());
        }
    }
}
