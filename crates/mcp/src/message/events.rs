// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Messages in a stream of server-sent events: each event has one as its data.

use super::{BYTES_MAX, Outline, read, too_large, unreadable};
use rmcp::model::{JsonRpcMessage, RequestId, ServerJsonRpcMessage};
use sse_stream::Sse;

/// The event that has begun.
pub(crate) struct Events {
    /// The request whose answer the stream is for.
    asked: Option<RequestId>,
    line: Vec<u8>,
    after_return: bool,
    event: Sse,
    data: Vec<u8>,
    /// It is too large: nothing more of it is kept.
    skipped: bool,
}

impl Events {
    pub(crate) fn new(asked: Option<RequestId>) -> Self {
        Self { asked, line: Vec::new(), after_return: false, event: Sse::default(), data: Vec::new(), skipped: false }
    }

    /// The events that these bytes complete, each with a message that can be read.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<Sse> {
        let mut events = Vec::new();
        for part in bytes.split_inclusive(|byte| matches!(byte, b'\r' | b'\n')) {
            // The second half of the end of a line.
            let half = std::mem::replace(&mut self.after_return, part.ends_with(b"\r")) && part == b"\n";
            match part {
                [words @ .., b'\r' | b'\n'] if !half => {
                    events.extend(self.grow(words));
                    events.extend(self.end_line());
                }
                _ if half => {}
                words => events.extend(self.grow(words)),
            }
        }
        events
    }

    /// The last event, if no empty line ended it.
    pub(crate) fn end(&mut self) -> Vec<Sse> {
        let mut events = self.end_line();
        events.extend(self.end_event());
        events
    }

    fn grow(&mut self, words: &[u8]) -> Option<Sse> {
        if self.skipped {
            // An empty line still ends it.
            self.line.truncate(1);
            self.line.extend(words.first());
            return None;
        }
        self.line.extend_from_slice(words);
        if self.line.len().saturating_add(self.data.len()) <= BYTES_MAX {
            return None;
        }
        self.skipped = true;
        let (data, line) = (std::mem::take(&mut self.data), std::mem::replace(&mut self.line, vec![b':']));
        let mut outline = Outline::of(&data);
        outline.push(line.strip_prefix(b"data:").unwrap_or(&line));
        // Who waits for this stream waits for what is large in it, unless the server asks something.
        let id = outline.answered().or_else(|| self.asked.clone().filter(|_| !outline.asks()))?;
        written(&unreadable(id, &too_large()))
    }

    fn end_line(&mut self) -> Vec<Sse> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return self.end_event();
        }
        let at = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(at);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let text = || String::from_utf8_lossy(value).into_owned();
        match name {
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"event" => self.event.event = Some(text()),
            b"id" if !value.contains(&0) => self.event.id = Some(text()),
            b"retry" => self.event.retry = text().parse().ok(),
            // A comment, or nothing that is known.
            _ => {}
        }
        Vec::new()
    }

    fn end_event(&mut self) -> Vec<Sse> {
        let (mut event, data) = (std::mem::take(&mut self.event), std::mem::take(&mut self.data));
        self.skipped = false;
        let is_message = matches!(event.event.as_deref(), None | Some("" | "message"));
        let messages = if is_message { read(&data) } else { Vec::new() };
        let mut events: Vec<Sse> = messages.into_iter().filter_map(|message| written(&self.addressed(message))).collect();
        if let Some(last) = events.last_mut() {
            (last.id, last.retry) = (event.id, event.retry);
        } else if event != Sse::default() {
            // It may say from where to go on, and when.
            event.data = None;
            events.push(event);
        }
        events
    }

    /// What a server answers to nothing answers what the stream is for.
    fn addressed(&self, message: ServerJsonRpcMessage) -> ServerJsonRpcMessage {
        if let JsonRpcMessage::Error(error) = &message
            && error.id.is_none()
        {
            return ServerJsonRpcMessage::error(error.error.clone(), self.asked.clone());
        }
        message
    }
}

fn written(message: &ServerJsonRpcMessage) -> Option<Sse> {
    serde_json::to_string(message).ok().map(|text| Sse::default().data(text))
}

#[cfg(test)]
mod tests {
    use super::Events;
    use rmcp::model::RequestId;
    use sse_stream::Sse;

    const ONE: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"a":1}}"#;

    fn told(text: &[u8], size: usize) -> Vec<Sse> {
        let mut events = Events::new(Some(RequestId::Number(1)));
        let mut found: Vec<Sse> = text.chunks(size).flat_map(|piece| events.push(piece)).collect();
        found.extend(events.end());
        found
    }

    #[test]
    fn events_come_in_any_pieces_and_any_ends_of_lines() {
        for end in ["\n", "\r\n", "\r"] {
            let text =
                format!(": hello{end}{end}id: 7{end}retry: 20{end}data:{end}{end}event: message{end}id: 8{end}data: {ONE}{end}{end}");
            for size in [1, 5, 1000] {
                let first = Sse { id: Some("7".into()), retry: Some(20), ..Sse::default() };
                let second = Sse { id: Some("8".into()), data: Some(ONE.into()), ..Sse::default() };
                assert_eq!(told(text.as_bytes(), size), [first, second], "{end:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn the_last_event_needs_no_end_and_data_may_have_many_lines() {
        for text in [
            format!("data: {ONE}"),
            format!("data:{ONE}\n"),
            "data: {\"jsonrpc\":\"2.0\",\ndata: \"id\":1,\ndata:\"result\":{\"a\":1}}\n\n".to_owned(),
        ] {
            assert_eq!(told(text.as_bytes(), 4), [Sse::default().data(ONE)], "{text}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_an_error_to_who_asked() {
        let half = br#"data: {"jsonrpc":"2.0","id":1,"result":{"a":"\ud83c"}}"#;
        assert_eq!(told(half, 9), [Sse::default().data("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":\"\u{fffd}\"}}")]);
        let unaddressed = br#"data: {"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}"#;
        assert_eq!(
            told(unaddressed, 9),
            [Sse::default().data(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32700,"message":"Parse error"}}"#)]
        );
        assert_eq!(told(b"data: hello\n\n", 9), []);
    }

    #[test]
    fn an_event_that_is_too_large_is_answered_once_and_the_next_is_read() {
        let mut text = br#"data: {"jsonrpc":"2.0","id":1,"result":""#.to_vec();
        text.resize(18 * 1024 * 1024, b'x');
        text.extend_from_slice(b"\"}\n\n");
        text.extend_from_slice(format!("data: {ONE}\n\n").as_bytes());
        let large = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1000001,"message":"it is larger than 16 MiB; ask for less at once"}}"#;
        assert_eq!(told(&text, 100_000), [Sse::default().data(large), Sse::default().data(ONE)]);
    }
}
