// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How many tokens a request will have. Nobody but the provider counts exactly, so it is bytes by a ratio that each model's answers correct.

use models::{Requirements, Tokens, Usage};
use providers::{ChatRequest, File, Image, Part, ToolCall, encoded_in};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Bytes of a token of English; other languages and code have fewer.
const BYTES_PER_TOKEN: f64 = 4.0;
/// How much the latest answer counts.
const WEIGHT: f64 = 0.2;
/// What is reserved is a little more than what is expected: an overrun is paid by those who come after.
const MARGIN: f64 = 1.1;
/// An answer that is further from the usual than so many times what it usually is away is rare enough.
const DEVIATIONS: f64 = 3.0;
/// A picture is taken for about as much as the larger ones cost.
const IMAGE_TOKENS: u64 = 1_100;
/// Shorter requests say little about the ratio: what wires add of their own weighs too much.
const LEARNED_BYTES_MIN: u64 = 400;

/// What is known of each model's tokens.
#[derive(Debug, Default)]
pub(crate) struct Estimator {
    models: BTreeMap<String, Learned>,
}

/// What answers of one model have shown.
#[derive(Clone, Copy, Debug, Default)]
struct Learned {
    bytes_per_token: Option<f64>,
    /// Tokens of an answer: how many as a rule, and how far from it.
    output: Option<(f64, f64)>,
}

/// How large a request is, before a model is known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size {
    bytes: u64,
    images: u64,
    output_max: Option<u64>,
}

impl Size {
    /// The size of what is said, of what tools are, and of the shape of the answer.
    pub(crate) fn of(request: &ChatRequest) -> Self {
        let (mut count, mut encoded) = (0, 0);
        for part in request.messages.iter().flat_map(|message| &message.content) {
            let (pictures, bytes) = match part {
                Part::Image(Image::Data { data, .. }) | Part::File(File::Data { data, .. }) => (1, data.len() as u64),
                Part::Image(Image::Url { url }) | Part::File(File::Url { url, .. }) => (1, url.len() as u64),
                Part::ToolResult { result, .. } => encoded_in(result),
                Part::Text { .. } | Part::ToolCall { .. } => (0, 0),
            };
            count += pictures;
            encoded += bytes;
        }
        let mut written = Count(0);
        let bytes = serde_json::to_writer(&mut written, request).map_or(0, |()| written.0);
        Self { bytes: bytes.saturating_sub(encoded), images: count, output_max: request.max_tokens }
    }
}

/// How many bytes of an answer have come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written(u64);

impl Written {
    pub(crate) fn of(text: &str, reasoning: &str, tool_calls: &[ToolCall]) -> Self {
        let calls = tool_calls.iter().map(|call| {
            let mut arguments = Count(0);
            let written = serde_json::to_writer(&mut arguments, &call.arguments).map_or(0, |()| arguments.0);
            call.name.len() as u64 + call.invalid_arguments.as_ref().map_or(written, |text| text.len() as u64)
        });
        Self((text.len() + reasoning.len()) as u64 + calls.sum::<u64>())
    }
}

/// How much was written, and nothing of it.
struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Estimator {
    /// What to reserve at a model whose answers have at most `output_max` tokens.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "an estimate of a size")]
    pub(crate) fn tokens(&self, provider: &str, model: &str, size: Size, output_max: Option<u64>) -> Tokens {
        let learned = self.models.get(&key(provider, model)).copied().unwrap_or_default();
        let ratio = learned.bytes_per_token.unwrap_or(BYTES_PER_TOKEN);
        let input = (size.bytes as f64 / ratio * MARGIN).ceil() as u64 + size.images * IMAGE_TOKENS;
        // Without a bound of the caller's an answer is as long as answers there are, or hardly ever longer.
        let usual = || learned.output.map_or(Requirements::OUTPUT_TOKENS, |(mean, away)| (mean + DEVIATIONS * away).ceil() as u64);
        let output = size.output_max.unwrap_or_else(usual);
        Tokens { input, output: output_max.map_or(output, |most| output.min(most)) }
    }

    /// What an answer used whose provider does not say it, or not all of it: what is missing is taken for what `written` comes to, and for all that was
    /// reserved where there is nothing to tell it by.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "an estimate of a size")]
    pub(crate) fn used(&self, provider: &str, model: &str, written: Written, told: Usage, reserved: Tokens) -> Usage {
        let ratio = self.models.get(&key(provider, model)).and_then(|learned| learned.bytes_per_token).unwrap_or(BYTES_PER_TOKEN);
        let output = if written.0 == 0 { reserved.output } else { (written.0 as f64 / ratio).ceil() as u64 };
        let or = |told: u64, estimated: u64| if told > 0 { told } else { estimated };
        Usage { input_tokens: or(told.input_tokens, reserved.input), output_tokens: or(told.output_tokens, output), ..told }
    }

    /// What a request of this size turned out to be.
    #[expect(clippy::cast_precision_loss, reason = "an estimate of a size")]
    pub(crate) fn learn(&mut self, provider: &str, model: &str, size: Size, usage: &Usage) {
        let learned = self.models.entry(key(provider, model)).or_default();
        if usage.output_tokens > 0 {
            let seen = usage.output_tokens as f64;
            let (mean, away) = learned.output.unwrap_or((seen, seen / DEVIATIONS));
            learned.output = Some((mean + WEIGHT * (seen - mean), away + WEIGHT * ((seen - mean).abs() - away)));
        }
        if usage.input_tokens > 0 && size.images == 0 && size.bytes >= LEARNED_BYTES_MIN {
            let seen = (size.bytes as f64 / usage.input_tokens as f64).clamp(0.5, 20.0);
            let ratio = learned.bytes_per_token.get_or_insert(seen);
            *ratio += WEIGHT * (seen - *ratio);
        }
    }
}

/// No name has a line break.
fn key(provider: &str, model: &str) -> String {
    format!("{provider}\n{model}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use providers::{Message, Role};

    fn request(text: &str) -> ChatRequest {
        ChatRequest { messages: vec![Message::text(Role::User, text)], ..ChatRequest::default() }
    }

    #[test]
    fn an_estimate_follows_what_the_model_counts() {
        let mut estimator = Estimator::default();
        let size = Size::of(&request(&"word ".repeat(1_000)));
        let before = estimator.tokens("p", "m", size, None).input;
        assert!((1_250..1_500).contains(&before), "{before}");
        let usage = Usage { input_tokens: 2_500, ..Usage::default() };
        for _ in 0..20 {
            estimator.learn("p", "m", size, &usage);
        }
        let after = estimator.tokens("p", "m", size, None).input;
        assert!((2_500..2_800).contains(&after), "it counts 2,500, and {after} are reserved");
    }

    #[test]
    fn answers_are_taken_for_as_long_as_they_have_been_and_hardly_ever_longer() {
        let mut estimator = Estimator::default();
        let size = Size::of(&request("hello"));
        assert_eq!(estimator.tokens("p", "m", size, None).output, Requirements::OUTPUT_TOKENS);
        for output_tokens in [40, 60, 45, 55].into_iter().cycle().take(100) {
            estimator.learn("p", "m", size, &Usage { output_tokens, ..Usage::default() });
        }
        let reserved = estimator.tokens("p", "m", size, None).output;
        assert!((60..100).contains(&reserved), "{reserved}");
    }

    #[test]
    fn an_answer_is_as_long_as_it_may_be_and_no_longer_than_the_model_can() {
        let size = Size::of(&ChatRequest { max_tokens: Some(9_000), ..request("hello") });
        let estimator = Estimator::default();
        assert_eq!(estimator.tokens("p", "m", size, None).output, 9_000);
        assert_eq!(estimator.tokens("p", "m", size, Some(4_096)).output, 4_096);
    }

    #[test]
    fn the_bytes_of_a_picture_are_no_words() {
        let mut with = request("what is this?");
        let data = "A".repeat(1_000_000);
        with.messages[0].content.push(Part::Image(Image::Data { data, media_type: "image/png".into() }));
        let tokens = Estimator::default().tokens("p", "m", Size::of(&with), None);
        assert!(tokens.input < 2 * IMAGE_TOKENS, "{}", tokens.input);
    }
}
