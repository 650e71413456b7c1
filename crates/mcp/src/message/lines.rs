// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Messages of a program: each is a line.

use super::{BYTES_MAX, Outline, read, too_large, unreadable};
use rmcp::model::ServerJsonRpcMessage;

/// The line that has begun. One that is too large is not kept: it is only looked at for the request it answers.
#[derive(Default)]
pub(crate) struct Lines {
    line: Vec<u8>,
    large: Option<Large>,
}

#[derive(Default)]
struct Large {
    outline: Outline,
    told: bool,
}

impl Lines {
    /// The messages that these bytes complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<ServerJsonRpcMessage> {
        let mut messages = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            messages.extend(self.grow(part));
            if part.ends_with(b"\n") {
                messages.extend(self.end());
            }
        }
        messages
    }

    /// The messages of the last line, if nothing ended it.
    pub(crate) fn end(&mut self) -> Vec<ServerJsonRpcMessage> {
        let messages = if self.large.take().is_some() { Vec::new() } else { read(&self.line) };
        // A large one is not held on to.
        self.line.clear();
        self.line.shrink_to(64 * 1024);
        messages
    }

    fn grow(&mut self, part: &[u8]) -> Option<ServerJsonRpcMessage> {
        if self.large.is_none() && self.line.len().saturating_add(part.len()) <= BYTES_MAX {
            self.line.extend_from_slice(part);
            return None;
        }
        let before = std::mem::take(&mut self.line);
        let large = self.large.get_or_insert_default();
        large.outline.push(&before);
        large.outline.push(part);
        let id = large.outline.answered().filter(|_| !large.told)?;
        large.told = true;
        Some(unreadable(id, &too_large()))
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;
    use crate::message::BYTES_MAX;

    fn told(lines: &mut Lines, bytes: &[u8]) -> Vec<String> {
        lines.push(bytes).iter().map(|message| serde_json::to_string(message).unwrap()).collect()
    }

    const ONE: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"a":1}}"#;
    const TWO: &str = r#"{"jsonrpc":"2.0","id":2,"result":{"a":2}}"#;

    #[test]
    fn lines_come_in_any_pieces() {
        let text = format!("Starting\n\n{ONE}\r\n{TWO}\n");
        for size in [1, 7, 64, 1000] {
            let mut lines = Lines::default();
            let found: Vec<String> = text.as_bytes().chunks(size).flat_map(|piece| told(&mut lines, piece)).collect();
            assert_eq!(found, [ONE, TWO], "in pieces of {size}");
        }
        let mut lines = Lines::default();
        assert_eq!(told(&mut lines, ONE.as_bytes()), [""; 0]);
        assert_eq!(lines.end().len(), 1, "the last one needs no end");
    }

    #[test]
    fn a_line_that_is_too_large_is_answered_once_and_the_next_is_read() {
        for (before, after) in [(r#"{"jsonrpc":"2.0","id":1,"result":""#, r#""}"#), (r#"{"result":""#, r#"","jsonrpc":"2.0","id":1}"#)] {
            let mut lines = Lines::default();
            let mut found = told(&mut lines, before.as_bytes());
            let piece = vec![b'x'; 1024 * 1024];
            for _ in 0..20 {
                found.extend(told(&mut lines, &piece));
                assert!(lines.line.len() <= BYTES_MAX);
            }
            found.extend(told(&mut lines, format!("{after}\n{TWO}\n").as_bytes()));
            let wanted = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1000001,"message":"it is larger than 16 MiB; ask for less at once"}}"#;
            assert_eq!(found, [wanted, TWO], "{before}");
        }
    }
}
