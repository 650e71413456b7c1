// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a provider reports of a failure within something that looks like an answer: an error beside its choices or in one of them, in an
//! event of a stream, a prompt that was blocked. Rig reads on over most of these, so that half an answer would pass for a whole one.

use models::{Ending, Usage, ending};
use rig_core::completion::{CompletionResponse, FinishReason};
use serde_json::{Value, json};

/// That an answer failed.
pub(super) struct Report {
    /// In the form of an error's body.
    pub(super) body: Value,
    /// What was used, as far as it stands beside it.
    pub(super) usage: Option<Usage>,
}

/// The report in a document or an event.
pub(super) fn find(text: &str) -> Option<Report> {
    // Hardly any event has one, and there are many events.
    if !text.contains("\"error\"") && !text.contains("\"blockReason\"") {
        return None;
    }
    let document: Value = serde_json::from_str(text).ok()?;
    of(&document).map(|body| Report { body, usage: usage(&document) })
}

/// Whether a document or an event holds words of a refusal. `OpenAI`'s wires have a place of their own for them, and rig takes them for the answer.
pub(super) fn refuses(text: &str) -> bool {
    // Hardly any event has that, and the first of most streams says that there is none.
    if !text.contains("\"refusal\"") {
        return false;
    }
    let Ok(document) = serde_json::from_str::<Value>(text) else { return false };
    let said = |words: Option<&Value>| words.and_then(Value::as_str).is_some_and(|words| !words.is_empty());
    let list = |of: &Value, name: &str| of.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let in_choices = list(&document, "choices")
        .iter()
        .any(|choice| ["message", "delta"].iter().any(|part| said(choice.pointer(&format!("/{part}/refusal")))));
    let whole = document.get("response").unwrap_or(&document);
    let in_parts = list(whole, "output").iter().flat_map(|item| list(item, "content")).any(|part| said(part.get("refusal")));
    in_choices || in_parts
}

/// The report of an event whose name says that it is one, whatever form it has.
pub(super) fn of_event(data: &str) -> Report {
    let text = stdx::well_formed_json(data);
    let document = serde_json::from_str(&text).unwrap_or_else(|_| json!({ "message": text.trim() }));
    let body = of(&document).unwrap_or_else(|| json!({ "error": document }));
    Report { body, usage: usage(&document) }
}

fn of(document: &Value) -> Option<Value> {
    if let Value::Array(documents) = document {
        return documents.iter().find_map(of);
    }
    if let Some(feedback) = document.get("promptFeedback")
        && let Some(reason) = feedback.get("blockReason").and_then(Value::as_str).filter(|reason| !reason.ends_with("UNSPECIFIED"))
    {
        let told = feedback.get("blockReasonMessage").and_then(Value::as_str).filter(|told| !told.is_empty());
        let message = told.map_or_else(|| format!("the prompt was blocked ({reason})"), str::to_owned);
        return Some(json!({ "error": { "message": message }, "promptFeedback": feedback }));
    }
    let choices = ["choices", "candidates"].into_iter().filter_map(|name| document.get(name)?.as_array()).flatten();
    let within = choices.flat_map(|choice| [Some(choice), choice.get("message"), choice.get("delta")]);
    let holders = [Some(document), document.get("response"), document.get("delta")].into_iter().chain(within).flatten();
    let error = holders.filter_map(|holder| holder.get("error")).find(|error| says_something(error))?;
    Some(json!({ "error": error }))
}

/// What was used, by any of the names it has on the wires: rig reads none where it reads an error.
fn usage(document: &Value) -> Option<Usage> {
    let usage = ["/response/usage", "/usage", "/usageMetadata"].into_iter().find_map(|place| document.pointer(place))?;
    let count = |places: &[&str]| places.iter().find_map(|place| usage.pointer(place)?.as_u64()).unwrap_or(0);
    let reasoning_tokens =
        count(&["/output_tokens_details/reasoning_tokens", "/completion_tokens_details/reasoning_tokens", "/thoughtsTokenCount"]);
    let shown = count(&["/candidatesTokenCount"]);
    let read = Usage {
        input_tokens: count(&["/input_tokens", "/prompt_tokens", "/promptTokenCount"]),
        cache_read_tokens: count(&[
            "/input_tokens_details/cached_tokens",
            "/prompt_tokens_details/cached_tokens",
            "/cachedContentTokenCount",
        ]),
        // Gemini counts its thoughts beside the answer, the others within it.
        output_tokens: if usage.get("promptTokenCount").is_some() {
            shown.saturating_add(reasoning_tokens)
        } else {
            count(&["/output_tokens", "/completion_tokens"])
        },
        reasoning_tokens,
        ..Usage::default()
    };
    (read.input_tokens > 0).then_some(read)
}

/// Some servers write an empty error beside every answer, or one whose code is 0.
fn says_something(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => number.as_f64().is_some_and(|number| number != 0.0),
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => items.iter().any(says_something),
        Value::Object(fields) => {
            let is_none = fields.get("code").is_some_and(|code| code == 0 || code == "0");
            !is_none && fields.values().any(says_something)
        }
    }
}

/// The report of an answer that ends with a word for failure.
pub(super) fn of_ending(response: &CompletionResponse) -> Option<Report> {
    let Some(FinishReason::Other(word)) = response.finish_reason() else { return None };
    let told = response.error.clone().filter(|told| !told.is_empty());
    let message = told.unwrap_or_else(|| format!("the provider ended the answer with `{word}`"));
    (ending(&word) == Ending::Failed).then(|| Report { body: json!({ "error": { "message": message, "code": word } }), usage: None })
}
