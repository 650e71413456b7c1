// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Halves of surrogate pairs in a stream: a server of JavaScript's kind cuts its text anywhere, so that one event ends with `\ud83d` and the next one begins
//! with `\ude00`. Each half alone is no Unicode, and no reader of JSON takes it; together they are a letter.

use std::collections::VecDeque;
use std::mem;
use stdx::well_formed_json;

/// How many bytes an escape such as `\ud83d` has.
const ESCAPE: usize = 6;

/// The texts of a stream, made well-formed on their way through.
#[derive(Default)]
pub(super) struct Halves {
    /// One whose text ends with a first half, and what came after it that has no text.
    held: VecDeque<String>,
}

impl Halves {
    /// What can be read now that `text` has come: nothing, if it may go on with its second half.
    pub(super) fn push(&mut self, text: String) -> Vec<String> {
        let awaits = !self.held.is_empty();
        if awaits && says_nothing(&text) {
            self.held.push_back(text);
            return Vec::new();
        }
        if !awaits && !has_escape(&text) {
            return vec![text];
        }
        let text = self.joined(text);
        let mut ready = self.finish();
        if last_half(&text).is_some() {
            self.held.push_back(text);
        } else {
            ready.push(mended(text));
        }
        ready
    }

    /// What was held: no second half comes.
    pub(super) fn finish(&mut self) -> Vec<String> {
        mem::take(&mut self.held).into_iter().map(mended).collect()
    }

    /// `text`, with the first half that is held in front of its second one.
    fn joined(&mut self, text: String) -> String {
        let Some((first, second)) = self.held.front_mut().zip(second_half(&text)) else { return text };
        let Some(half) = last_half(first) else { return text };
        let escape: String = first.drain(half..half + ESCAPE).collect();
        let (before, after) = text.split_at(second);
        format!("{before}{escape}{after}")
    }
}

fn mended(text: String) -> String {
    match well_formed_json(&text) {
        std::borrow::Cow::Borrowed(_) => text,
        std::borrow::Cow::Owned(mended) => mended,
    }
}

/// Whether there may be half of a pair in it. Hardly any event has one, and there are many events.
fn has_escape(text: &str) -> bool {
    text.contains("\\ud") || text.contains("\\uD")
}

/// Whether an event carries no text: what keeps a connection awake comes between any two.
fn says_nothing(text: &str) -> bool {
    let bare = |wanted: &str| text.split(char::is_whitespace).collect::<String>().contains(wanted);
    text.len() < 1024 && (bare("\"type\":\"ping\"") || bare("\"choices\":[]"))
}

/// Where the first half is that a text of this document ends with, if one does.
fn last_half(text: &str) -> Option<usize> {
    let ends = |at: &usize| text.as_bytes().get(at + ESCAPE) == Some(&b'"');
    units(text).filter(|(_, unit)| matches!(unit, 0xD800..=0xDBFF)).map(|(at, _)| at).filter(ends).last()
}

/// Where the second half is that a text of this document begins with, if one does.
fn second_half(text: &str) -> Option<usize> {
    let begins = |at: &usize| text.get(..*at).is_some_and(|before| before.ends_with('"') && !before.ends_with("\\\""));
    units(text).filter(|(_, unit)| matches!(unit, 0xDC00..=0xDFFF)).map(|(at, _)| at).find(begins)
}

/// The escapes `\uXXXX` of a JSON text, and where they are.
fn units(text: &str) -> impl Iterator<Item = (usize, u16)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let escape = at + text.get(at..)?.find('\\')?;
            // An escaped backslash begins nothing.
            at = escape + 2;
            let digits = text.get(escape..escape + ESCAPE).and_then(|escape| escape.strip_prefix("\\u"));
            if let Some(unit) = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
                return Some((escape, unit));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Vec<Vec<String>> {
        let mut halves = Halves::default();
        let mut read: Vec<_> = texts.iter().map(|text| halves.push((*text).to_owned())).collect();
        read.push(halves.finish());
        read
    }

    #[test]
    fn a_pair_that_is_cut_is_one_letter_again() {
        for (what, texts, wanted) in [
            ("nothing to do", vec![r#"{"a":"x \ud83d\ude00"}"#], vec![vec![r#"{"a":"x \ud83d\ude00"}"#], vec![]]),
            (
                "the second half comes",
                vec![r#"{"a":"x \ud83d"}"#, r#"{"a":"\ude00 y"}"#],
                vec![vec![], vec![r#"{"a":"x "}"#, r#"{"a":"\ud83d\ude00 y"}"#], vec![]],
            ),
            (
                "after what keeps the connection awake",
                vec![r#"{"a":"\uD83D"}"#, r#"{"type": "ping"}"#, r#"{"a":"\uDE00"}"#],
                vec![vec![], vec![], vec![r#"{"a":""}"#, r#"{"type": "ping"}"#, r#"{"a":"\uD83D\uDE00"}"#], vec![]],
            ),
            (
                "each in its turn",
                vec![r#"{"a":"\ud83d"}"#, r#"{"a":"\ude00\ud83d"}"#, r#"{"a":"\ude01"}"#],
                vec![vec![], vec![r#"{"a":""}"#], vec![r#"{"a":"\ud83d\ude00"}"#, r#"{"a":"\ud83d\ude01"}"#], vec![]],
            ),
            ("something else comes", vec![r#"{"a":"\ud83d"}"#, "[DONE]"], vec![vec![], vec![r#"{"a":"\ufffd"}"#, "[DONE]"], vec![]]),
            ("nothing comes", vec![r#"{"a":"\ud83d"}"#], vec![vec![], vec![r#"{"a":"\ufffd"}"#]]),
            ("a second half alone", vec![r#"{"a":"\ude00"}"#], vec![vec![r#"{"a":"\ufffd"}"#], vec![]]),
            ("an escape of an escape", vec![r#"{"a":"\\ud83d"}"#], vec![vec![r#"{"a":"\\ud83d"}"#], vec![]]),
        ] {
            assert_eq!(read(&texts), wanted, "{what}");
        }
    }
}
