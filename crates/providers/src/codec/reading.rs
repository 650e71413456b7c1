// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! From rig's words to ours.

use super::report::Report;
use super::writing::Turn;
use crate::backend::Mode;
use crate::failure::{Failure, FailureKind, Partial};
use crate::reply::{Delta, FinishReason, Reply, ToolCall};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, StatusCode};
use models::{Ending, Usage, ending};
use rig_core::completion::{self, CompletionResponse};
use rig_core::error::{ErrorKind, ProviderError};
use rig_core::message::{AssistantContent, ToolCall as RigCall, ToolFunction};
use rig_core::streaming::StreamEvent;
use serde_json::Value;
use std::borrow::Cow;

/// What an event brings, if anything: parts that begin and pieces of arguments bring nothing that can be used yet.
pub(super) fn delta(event: StreamEvent) -> Option<Delta> {
    match event {
        StreamEvent::Text { text, .. } => Some(Delta::Text { text }),
        StreamEvent::Reasoning { text, .. } => Some(Delta::Reasoning { text }),
        StreamEvent::End { content: AssistantContent::ToolCall(call), .. } => Some(Delta::ToolCall { call: tool_call(&call) }),
        StreamEvent::Start { .. } | StreamEvent::Arguments { .. } | StreamEvent::End { .. } => None,
    }
}

fn tool_call(call: &RigCall) -> ToolCall {
    let call = &mended(call.clone());
    ToolCall {
        id: call.id.wire().into_owned(),
        name: call.function.name.as_str().to_owned(),
        arguments: call.function.arguments_value(),
        invalid_arguments: call.function.invalid_arguments.clone(),
    }
}

/// Arguments are JSON within JSON: half a surrogate pair in them is found when they are read, and hides all of them.
pub(super) fn mended(call: RigCall) -> RigCall {
    let Some(text) = call.function.invalid_arguments.as_deref() else { return call };
    let Cow::Owned(text) = stdx::well_formed_json(text) else { return call };
    RigCall { function: ToolFunction::parse(call.function.name, &text), ..call }
}

/// `refused`: whether what was said is a refusal.
pub(super) fn reply(response: &CompletionResponse, request_id: Option<&str>, refused: bool) -> Reply {
    let (finish_reason, word) = finish(response, refused);
    Reply {
        text: response.text(),
        reasoning: response.reasoning(),
        tool_calls: response.tool_calls().map(tool_call).collect(),
        usage: usage(&response.usage, &response.raw),
        counted: is_counted(response),
        finish_reason,
        finish_detail: response.error.clone().or(word),
        model: response.model().unwrap_or(&response.origin.model).to_owned(),
        request_id: response.provider_request_id.clone().or_else(|| request_id.map(str::to_owned)),
        continuation: response.message().as_ref().and_then(Turn::remember),
        warnings: Vec::new(),
    }
}

fn finish(response: &CompletionResponse, refused: bool) -> (FinishReason, Option<String>) {
    match response.finish_reason() {
        // The end of a refusal is like that of an answer.
        Some(completion::FinishReason::Stop) if refused => (FinishReason::ContentFilter, Some(response.text())),
        // Rig takes a pause for a stop.
        Some(completion::FinishReason::Stop) if is_paused(&response.raw) => (FinishReason::Pause, None),
        Some(completion::FinishReason::Stop) => (FinishReason::Stop, None),
        Some(completion::FinishReason::Length) => (FinishReason::Length, None),
        Some(completion::FinishReason::ToolCalls) => (FinishReason::ToolCalls, None),
        Some(completion::FinishReason::ContentFilter) => (FinishReason::ContentFilter, why_withheld(&response.raw)),
        Some(completion::FinishReason::Other(word)) => match ending(&word) {
            Ending::Stop if response.tool_calls().next().is_some() => (FinishReason::ToolCalls, None),
            Ending::Stop => (FinishReason::Stop, None),
            Ending::Length => (FinishReason::Length, Some(word)),
            Ending::Withheld => (FinishReason::ContentFilter, Some(word)),
            Ending::Pause => (FinishReason::Pause, Some(word)),
            Ending::Failed | Ending::Unknown => (FinishReason::Other, Some(word)),
        },
        // Rig's list may grow; ours has a word for it.
        Some(_) | None => (FinishReason::Other, None),
    }
}

/// The provider's own word for what it withholds, where that says more than that it does.
fn why_withheld(raw: &Value) -> Option<String> {
    let places = ["/candidates/0/finishReason", "/choices/0/finish_reason", "/incomplete_details/reason", "/stop_reason", "/finish_reason"];
    let word = places.into_iter().find_map(|place| raw.pointer(place)?.as_str())?;
    (!matches!(word, "content_filter" | "refusal")).then(|| word.to_owned())
}

fn is_paused(raw: &Value) -> bool {
    let word = raw.get("stop_reason").and_then(Value::as_str);
    word.is_some_and(|word| ending(word) == Ending::Pause)
}

/// Whether the provider said what was used. No request has no tokens, nor has an answer that says something; some servers write zeros
/// where they have not counted.
fn is_counted(response: &CompletionResponse) -> bool {
    let counts = |tokens: Option<u64>| tokens.is_some_and(|tokens| tokens > 0);
    let says_nothing = || response.text().is_empty() && response.reasoning().is_empty() && response.tool_calls().next().is_none();
    counts(response.usage.input_tokens) && (counts(response.usage.output_tokens) || says_nothing())
}

/// All of the request. Mistral counts what was heard beside what was read, and in some of its answers only in its total; those who count for us do not agree
/// on it. Its own total decides, for that is what it asks payment for: what is not of the answer is of the request.
fn input(told: &completion::Usage, raw: &Value) -> u64 {
    let heard = ["/usage/prompt_audio_seconds", "/usage/prompt_tokens_details/audio_tokens"];
    let heard = heard.iter().any(|place| raw.pointer(place).and_then(Value::as_f64).is_some_and(|much| much > 0.0));
    let input = told.input_tokens.unwrap_or(0);
    let rest = told.total_tokens.unwrap_or(0).saturating_sub(told.output_tokens.unwrap_or(0));
    if heard { input.max(rest) } else { input }
}

fn usage(told: &completion::Usage, raw: &Value) -> Usage {
    // Rig adds both lives of Anthropic's cache, which have different prices.
    let hour = raw.pointer("/usage/cache_creation/ephemeral_1h_input_tokens").and_then(Value::as_u64).unwrap_or(0);
    let written = told.cache_creation_input_tokens.unwrap_or(0);
    Usage {
        input_tokens: input(told, raw),
        cache_read_tokens: told.cached_input_tokens.unwrap_or(0),
        cache_write_tokens: written.saturating_sub(hour),
        cache_write_hour_tokens: hour.min(written),
        output_tokens: told.output_tokens.unwrap_or(0),
        reasoning_tokens: told.reasoning_tokens.unwrap_or(0),
    }
}

impl Failure {
    /// With what had arrived of an answer, and what that used, where it was said.
    pub(super) fn with_begun(mut self, begun: Option<&CompletionResponse>) -> Self {
        let Some(begun) = begun else { return self };
        let partial = Partial { text: begun.text(), tool_calls: begun.tool_calls().map(tool_call).collect() };
        self.partial = (partial != Partial::default()).then(|| Box::new(partial));
        self.usage = is_counted(begun).then(|| Box::new(usage(&begun.usage, &begun.raw)));
        self
    }
}

/// An answer of which the provider itself says that it failed.
pub(super) fn reported(report: &Report, begun: Option<&CompletionResponse>) -> Failure {
    let told = words(&report.body).unwrap_or_else(|| "that it failed".to_owned());
    let failure = Failure::new(FailureKind::Provider, format!("the provider answered: {told}"));
    let failure = failure.with_body(report.body.to_string().as_bytes()).with_begun(begun);
    Failure { usage: failure.usage.or_else(|| report.usage.map(Box::new)), ..failure }
}

/// A response that has no answer in it, by its status.
pub(super) fn no_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
    if status.is_redirection() {
        let host = headers.get(LOCATION).and_then(|to| to.to_str().ok()).and_then(|to| to.parse::<http::Uri>().ok());
        let host = host.as_ref().and_then(http::Uri::host).unwrap_or("another path");
        let message = format!(
            "the endpoint redirects to {host} (status {}); redirects are not followed, since they would pass on the key: set `endpoint` to the final address",
            status.as_u16()
        );
        return Failure::new(FailureKind::Refused, message).with_body(body);
    }
    let words = serde_json::from_str::<Value>(&text_of(body)).ok().as_ref().and_then(words).unwrap_or_default();
    let message = format!("the provider answered with status {}", status.as_u16());
    let message = if words.is_empty() { message } else { format!("{message}: {words}") };
    Failure::new(FailureKind::Provider, message).with_body(body)
}

/// A response in which nothing is what this wire has.
pub(super) fn no_stream(headers: &HeaderMap) -> Failure {
    let told = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("a body of no type");
    let message =
        format!("the provider answered with {told}, which is not an answer of this kind of provider; check `kind` and `endpoint`");
    Failure::new(FailureKind::Malformed, message)
}

/// The body of an error, which may hold half a surrogate pair as any text may.
fn text_of(body: &[u8]) -> String {
    stdx::well_formed_json(&String::from_utf8_lossy(body)).into_owned()
}

/// The words in an error's body. Providers write them in different places, seen in recordings.
fn words(body: &Value) -> Option<String> {
    let places = ["/error/message", "/message", "/detail", "/error", "/0/error/message", "/detail/0/msg"];
    places.into_iter().find_map(|place| body.pointer(place)?.as_str()).map(|words| words.chars().take(WORDS_MAX).collect())
}

/// The most of a provider's words that a message repeats; the body has them all.
const WORDS_MAX: usize = 500;

/// What a response that began well came to.
pub(super) fn failure(error: &ProviderError, mode: Mode) -> Failure {
    let failure = if matches!(error.kind(), ErrorKind::ProviderResponse | ErrorKind::Provider) {
        let body = error.provider_response_json().ok().flatten();
        let words = body.as_ref().and_then(words).unwrap_or_else(|| plain(error));
        Failure::new(FailureKind::Provider, format!("the provider answered: {words}"))
    } else if matches!(error, ProviderError::Truncated) && mode == Mode::Streamed {
        Failure::new(FailureKind::Network, "the answer was cut before its end")
    } else {
        Failure::new(FailureKind::Malformed, format!("the provider's answer cannot be read: {}", plain(error)))
    };
    match error.provider_response_body() {
        Some(body) => failure.with_body(body.as_bytes()),
        None => failure,
    }
}

/// Rig's words without the name of its variant in front.
pub(super) fn plain(error: &ProviderError) -> String {
    let text = error.to_string();
    match text.split_once("Error: ") {
        Some((name, rest)) if name.chars().all(char::is_alphanumeric) => rest.to_owned(),
        _ => text,
    }
}
