// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! From the bytes of a response to what rig reads, one text at a time.
//!
//! What a body is, its first byte says, not its headers: servers send events as `text/plain`, and one document where a stream was asked for.
//!
//! ```text
//! bytes ─┬─ {, [ ─▶ documents, read at the end          Ollama's: lines, read as they come
//!        └─ else ─▶ events, read as they come ─▶ the last one also without its blank line
//! ```

use super::halves::Halves;
use super::report::{self, Report};
use crate::backend::Mode;
use crate::failure::Failure;
use rig_core::http_client::framing::{Framing, NdjsonFramer, SseEvent, SseFramer};
use rig_core::wire::WireFrame;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;
use std::mem;

/// What ends the events of Chat Completions.
const DONE: &str = "[DONE]";

/// Before the first letter of a text, and no letter of it.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// The body of one response.
pub(super) struct Intake {
    mode: Mode,
    /// What the wire makes of a stream.
    framing: Framing,
    form: Form,
    /// The body, where it is read at its end; else its beginning, for as long as nothing was found in it.
    kept: Vec<u8>,
    halves: Halves,
    /// What the provider itself reported of a failure.
    reported: Option<Report>,
    refused: bool,
    found: bool,
    done: bool,
}

/// What a body is.
enum Form {
    /// Nothing has come that would tell.
    Open,
    /// It is kept to its end: documents, or nothing that can be read.
    Kept,
    Events(SseFramer),
    Lines(NdjsonFramer),
}

impl Intake {
    pub(super) fn new(mode: Mode, framing: Framing) -> Self {
        let form = if mode == Mode::Whole { Form::Kept } else { Form::Open };
        Self { mode, framing, form, kept: Vec::new(), halves: Halves::default(), reported: None, refused: false, found: false, done: false }
    }

    /// What was reported of a failure.
    pub(super) fn take_report(&mut self) -> Option<Report> {
        self.reported.take()
    }

    /// Whether what the model says is a refusal.
    pub(super) fn is_refused(&self) -> bool {
        self.refused
    }

    /// Whether the provider said that its answer has ended, in events.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// The body is no answer, whatever it looks like.
    pub(super) fn keep(&mut self) {
        self.form = Form::Kept;
    }

    /// What waits for a second half that does not come.
    pub(super) fn held(&mut self) -> Vec<WireFrame> {
        let (held, mut frames) = (self.halves.finish(), Vec::new());
        self.give(held, &mut frames);
        frames
    }

    /// Whether the body has nothing in it but what keeps a connection awake.
    pub(super) fn is_silent(&self) -> bool {
        let mut lines = self.kept.strip_prefix(BOM).unwrap_or(&self.kept).split(|byte| matches!(byte, b'\r' | b'\n'));
        lines.all(|line| line.starts_with(b":") || line.trim_ascii().is_empty())
    }

    /// The body where it can be shown: one that is read at its end, or in which nothing was found.
    pub(super) fn kept(&self) -> &[u8] {
        &self.kept
    }

    /// More of the body; it may be cut anywhere.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<WireFrame> {
        let room = if matches!(self.form, Form::Open | Form::Kept) { usize::MAX } else { Failure::BODY_BYTES_MAX };
        if !self.found && self.kept.len() < room {
            self.kept.extend_from_slice(bytes);
        }
        let frames = match &mut self.form {
            Form::Kept => Vec::new(),
            Form::Open => self.begin(),
            Form::Events(framer) => {
                let events: Vec<SseEvent> = framer.push(bytes).collect();
                self.events(events)
            }
            Form::Lines(framer) => {
                let lines: Vec<Vec<u8>> = framer.push(bytes).collect();
                self.lines(lines)
            }
        };
        if self.found && !matches!(self.form, Form::Kept) {
            self.kept = Vec::new();
        }
        frames
    }

    /// Decides what the body is, once something has come.
    fn begin(&mut self) -> Vec<WireFrame> {
        if self.kept.len() < BOM.len() && BOM.starts_with(&self.kept) {
            return Vec::new();
        }
        let body = self.kept.strip_prefix(BOM).unwrap_or(&self.kept);
        let Some(first) = body.iter().copied().find(|byte| !byte.is_ascii_whitespace()) else { return Vec::new() };
        match first {
            b'{' if self.framing == Framing::Ndjson => {
                let mut framer = NdjsonFramer::new();
                let lines: Vec<Vec<u8>> = framer.push(body).collect();
                self.form = Form::Lines(framer);
                self.lines(lines)
            }
            // A page of HTML is nothing that anything could be read from.
            b'{' | b'[' | b'<' => {
                self.form = Form::Kept;
                Vec::new()
            }
            _ => {
                let mut framer = SseFramer::new();
                let events: Vec<SseEvent> = framer.push(body).collect();
                self.form = Form::Events(framer);
                self.events(events)
            }
        }
    }

    /// The body has ended: what is left of it, and the document, if it is one.
    pub(super) fn finish(&mut self) -> (Vec<WireFrame>, Option<Value>) {
        let mut document = None;
        let mut frames = match &mut self.form {
            Form::Open => Vec::new(),
            Form::Kept => {
                let body = mem::take(&mut self.kept);
                let (frames, whole) = self.documents(&body);
                self.kept = body;
                document = whole;
                frames
            }
            Form::Events(framer) => {
                // Half an event is a stream that was cut, not one that makes no sense.
                let last: Vec<SseEvent> = framer.push(b"\n\n").filter(is_last).collect();
                self.events(last)
            }
            Form::Lines(framer) => {
                let last: Vec<Vec<u8>> = framer.finish().into_iter().filter(|line| is_whole(&String::from_utf8_lossy(line))).collect();
                self.lines(last)
            }
        };
        frames.extend(self.held());
        (frames, document)
    }

    /// The events or documents of a body that was kept.
    fn documents(&mut self, body: &[u8]) -> (Vec<WireFrame>, Option<Value>) {
        let text = String::from_utf8_lossy(body.strip_prefix(BOM).unwrap_or(body));
        let text = stdx::well_formed_json(text.trim());
        let mut frames = Vec::new();
        if self.mode == Mode::Whole && ["data:", "event:", "id:", "retry:", ":"].iter().any(|field| text.starts_with(field)) {
            let mut whole = SseFramer::new();
            let mut events: Vec<SseEvent> = whole.push(body).collect();
            events.extend(whole.push(b"\n\n").filter(is_last));
            return (self.events(events), None);
        }
        let documents = documents(&text);
        // What is none says itself what is wrong with it, where a document was asked for.
        let documents =
            if documents.is_empty() && self.mode == Mode::Whole && !text.is_empty() { vec![text.into_owned()] } else { documents };
        let document = if let [only] = documents.as_slice() { serde_json::from_str(only).ok() } else { None };
        self.give(documents, &mut frames);
        (frames, document)
    }

    fn events(&mut self, events: Vec<SseEvent>) -> Vec<WireFrame> {
        let mut frames = Vec::new();
        // An event of blanks only keeps the connection awake.
        for SseEvent { event, data, .. } in events.into_iter().filter(|event| !event.data.trim().is_empty()) {
            if event == "error" && self.reported.is_none() {
                self.reported = Some(report::of_event(&data));
                self.found = true;
                continue;
            }
            for text in split(data) {
                let ready = self.halves.push(text);
                self.give(ready, &mut frames);
            }
        }
        frames
    }

    fn lines(&mut self, lines: Vec<Vec<u8>>) -> Vec<WireFrame> {
        let mut frames = Vec::new();
        for line in lines {
            let text = String::from_utf8_lossy(&line).into_owned();
            // A document that was set in lines.
            if !self.found && !is_whole(&text) {
                self.form = Form::Kept;
                return Vec::new();
            }
            let ready = self.halves.push(text);
            self.give(ready, &mut frames);
        }
        frames
    }

    fn give(&mut self, texts: Vec<String>, frames: &mut Vec<WireFrame>) {
        for text in texts {
            self.found = true;
            self.done |= text == DONE;
            self.reported = self.reported.take().or_else(|| report::find(&text));
            self.refused |= report::refuses(&text);
            frames.push(WireFrame::Text(if matches!(self.form, Form::Events(_)) { as_chunk(text) } else { text }));
        }
    }
}

/// Whether an event that nothing has ended is one: half of it is nothing.
fn is_last(event: &SseEvent) -> bool {
    event.event == "error" || split(event.data.clone()).iter().all(|text| is_whole(text))
}

/// The texts of one event. Some servers leave out the blank lines between their events, so that each has a line of its own.
fn split(data: String) -> Vec<String> {
    let trimmed = data.trim();
    if trimmed == DONE {
        return vec![DONE.to_owned()];
    }
    let lines = || trimmed.lines().map(str::trim).filter(|line| !line.is_empty());
    if !trimmed.contains('\n') || is_whole(trimmed) || !lines().all(is_whole) { vec![data] } else { lines().map(str::to_owned).collect() }
}

/// Whether a text can be read by itself.
fn is_whole(text: &str) -> bool {
    let text = text.trim();
    text == DONE || serde_json::from_str::<IgnoredAny>(&stdx::well_formed_json(text)).is_ok()
}

/// The documents in a text: one, several after each other, or those of a list, as Gemini sends a stream that is not asked for as events. None, if something
/// else is among them.
fn documents(text: &str) -> Vec<String> {
    if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(text) {
        return list.into_iter().map(|one| one.get().to_owned()).collect();
    }
    let read = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    read.map(|one| one.map(|one| one.get().to_owned())).collect::<Result<_, _>>().unwrap_or_default()
}

/// A piece of a stream whose server calls it a whole answer: rig goes by the name, its peers by what is in it.
fn as_chunk(text: String) -> String {
    if !text.contains("\"chat.completion\"") {
        return text;
    }
    let Ok(Value::Object(mut chunk)) = serde_json::from_str::<Value>(&text) else { return text };
    let choices = chunk.get("choices").and_then(Value::as_array);
    if choices.is_some_and(|choices| choices.iter().any(|choice| choice.get("message").is_some())) {
        return text;
    }
    chunk.insert("object".to_owned(), Value::from("chat.completion.chunk"));
    Value::Object(chunk).to_string()
}
