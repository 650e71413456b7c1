// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The outermost fields of a message that is not kept, or is no JSON: which request it answers.

use rmcp::model::RequestId;

/// No id is longer.
const ID_BYTES_MAX: usize = 256;

/// What is known of a message so far. It is given piece by piece.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is true of a byte whatever the others are")]
pub(crate) struct Outline {
    /// The brackets that are open.
    open: Vec<u8>,
    in_text: bool,
    escaped: bool,
    /// The text that is being read, or was read last, at the outermost level.
    text: Vec<u8>,
    /// Whether what comes at the outermost level is the value of a field.
    in_value: bool,
    /// The value of the field `id` as it is written, once it has begun.
    id: Option<Vec<u8>>,
    in_id: bool,
    answers: bool,
    asks: bool,
}

impl Outline {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut outline = Self::default();
        outline.push(bytes);
        outline
    }

    /// The request it answers; `None` as long as that is not known.
    pub(crate) fn answered(&self) -> Option<RequestId> {
        let written = self.id.as_ref().filter(|_| self.answers && !self.asks && !self.in_id)?;
        serde_json::from_slice(written.trim_ascii()).ok()
    }

    /// Whether it is no answer.
    pub(crate) fn asks(&self) -> bool {
        self.asks
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.in_id {
                self.keep_id(byte);
            }
            if self.in_text {
                self.within_text(byte);
            } else {
                self.between_texts(byte);
            }
        }
    }

    fn keep_id(&mut self, byte: u8) {
        let over = !self.in_text && matches!(byte, b',' | b'}');
        self.in_id = !over;
        if let Some(id) = self.id.as_mut().filter(|id| !over && id.len() < ID_BYTES_MAX) {
            id.push(byte);
        }
    }

    fn within_text(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => self.in_text = false,
            // Long ones are values.
            _ if self.is_outermost() && self.text.len() < ID_BYTES_MAX => self.text.push(byte),
            _ => {}
        }
    }

    fn between_texts(&mut self, byte: u8) {
        match byte {
            b'"' => {
                self.in_text = true;
                if self.is_outermost() {
                    self.text.clear();
                }
            }
            b'{' | b'[' => self.open.push(byte),
            // What is broken may have lost one.
            b'}' => self.open.truncate(self.open.iter().rposition(|open| *open == b'{').unwrap_or(0)),
            b']' if self.open.last() == Some(&b'[') => _ = self.open.pop(),
            b',' if self.is_outermost() => self.in_value = false,
            b':' if self.is_outermost() && !self.in_value => self.begin_value(),
            _ => {}
        }
    }

    fn is_outermost(&self) -> bool {
        self.open.len() == 1
    }

    fn begin_value(&mut self) {
        self.in_value = true;
        match self.text.as_slice() {
            b"id" => {
                self.in_id = true;
                self.id = Some(Vec::new());
            }
            b"result" | b"error" => self.answers = true,
            b"method" => self.asks = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Outline;

    #[test]
    fn the_request_is_found_wherever_it_stands() {
        for (text, wanted) in [
            (r#"{"jsonrpc":"2.0","id":12,"result":{"content":["#, Some("12")),
            (r#"{"result":{"id":5,"a":"}\"{"},"jsonrpc":"2.0","id":"a,}\"b"}"#, Some("a,}\"b")),
            (r#" { "id" : 3 , "error" : {"message": "\\" } }"#, Some("3")),
            (r#"{"id":3,"result":NaN}"#, Some("3")),
            (r#"{"result":{"a":[1,{"b":2},"id":4},"id":3}"#, Some("3")),
            (r#"{"result":{"a":[1]],"id":4},"id":3}"#, Some("3")),
            (r#"{"id":3,"params":{"result":1}}"#, None),
            (r#"{"id":3,"method":"ping","params":{},"result":1}"#, None),
            (r#"{"id":3"#, None),
            (r#"{"result":{}}"#, None),
            (r#"{"id":null,"error":{}}"#, None),
            ("Listening", None),
        ] {
            assert_eq!(Outline::of(text.as_bytes()).answered().map(|id| id.to_string()).as_deref(), wanted, "{text}");
            let mut outline = Outline::default();
            for byte in text.as_bytes() {
                outline.push(std::slice::from_ref(byte));
            }
            assert_eq!(outline.answered().map(|id| id.to_string()).as_deref(), wanted, "byte by byte: {text}");
        }
    }
}
