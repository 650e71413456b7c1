// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One secret as letters, each of which a text may write in several ways: itself, `%2F`, `\/`, `\u002f`, `&#47;`.

use super::base64;

/// What is looked for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spelling {
    letters: Vec<char>,
    /// Whether it must stand by itself, with no letter or digit beside it.
    alone: bool,
}

impl Spelling {
    /// A shorter one is no key, and whole texts would be blackened by it.
    const BYTES_MIN: usize = 6;
    /// With a digit in it, and standing alone, so little may be one.
    const BYTES_MIN_ALONE: usize = 4;

    /// All spellings that `secret` is looked for in.
    pub(super) fn of(secret: &str) -> Vec<Self> {
        let alone = secret.len() < Self::BYTES_MIN;
        if secret.len() < Self::BYTES_MIN_ALONE || (alone && !secret.bytes().any(|byte| byte.is_ascii_digit())) {
            return Vec::new();
        }
        let mut letters: Vec<char> = secret.chars().collect();
        // How many backslashes stand for one depends on how often a text was quoted.
        letters.dedup_by(|one, other| *one == '\\' && *other == '\\');
        let plain = Self { letters, alone };
        let hidden = base64::written(secret).filter(|written| written.len() >= Self::BYTES_MIN);
        let hidden = hidden.map(|written| Self { letters: written.chars().collect(), alone: false });
        std::iter::once(plain).chain(hidden).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.letters.len()
    }

    /// Where it ends in `text` if it begins `at`.
    pub(super) fn end(&self, text: &str, at: usize) -> Option<usize> {
        let mut end = at;
        for letter in &self.letters {
            end += written_length(text.get(end..)?, *letter)?;
        }
        let beside = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
        let joined = self.alone && (beside(text.get(..at)?.chars().next_back()) || beside(text.get(end..)?.chars().next()));
        (!joined).then_some(end)
    }
}

/// In how many bytes `text` begins with `letter`, however it is written.
fn written_length(text: &str, letter: char) -> Option<usize> {
    match text.bytes().next()? {
        b'\\' => quoted_length(text, letter),
        b'%' => in_url_length(text, letter).or_else(|| itself(text, letter)),
        b'&' => in_html_length(text, letter).or_else(|| itself(text, letter)),
        b'+' if letter == ' ' => Some(1),
        _ => itself(text, letter),
    }
}

fn itself(text: &str, letter: char) -> Option<usize> {
    text.starts_with(letter).then(|| letter.len_utf8())
}

/// Behind backslashes: of JSON, or of JSON in JSON.
fn quoted_length(text: &str, letter: char) -> Option<usize> {
    let slashes = text.bytes().take_while(|byte| *byte == b'\\').count();
    if letter == '\\' {
        return Some(slashes);
    }
    let rest = text.get(slashes..)?;
    if let Some(length) = itself(rest, letter).filter(|_| !letter.is_alphanumeric()) {
        return Some(slashes + length);
    }
    let mut units = [0; 2];
    let mut length = slashes;
    for (index, unit) in letter.encode_utf16(&mut units).iter().enumerate() {
        // The second half of a pair has backslashes of its own.
        if index > 0 {
            length += text.get(length..)?.bytes().take_while(|byte| *byte == b'\\').count();
        }
        let digits = text.get(length..)?.strip_prefix('u')?.get(..4)?;
        if u16::from_str_radix(digits, 16) != Ok(*unit) {
            return None;
        }
        length += 5;
    }
    Some(length)
}

/// As bytes in a URL, which may stand in another URL: `%2F`, `%252F`.
fn in_url_length(text: &str, letter: char) -> Option<usize> {
    let mut utf8 = [0; 4];
    let mut length = 0;
    for byte in letter.encode_utf8(&mut utf8).bytes() {
        let mut rest = text.get(length..)?.strip_prefix('%')?;
        while let Some(inner) = rest.strip_prefix("25").filter(|inner| inner.len() >= 2 && byte != b'%') {
            rest = inner;
        }
        if u8::from_str_radix(rest.get(..2)?, 16) != Ok(byte) {
            return None;
        }
        length = text.len() - rest.len() + 2;
    }
    Some(length)
}

fn in_html_length(text: &str, letter: char) -> Option<usize> {
    let end = text.bytes().take(10).position(|byte| byte == b';')?;
    let name = text.get(1..end)?;
    let stands_for = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    (stands_for == letter).then_some(end + 1)
}
