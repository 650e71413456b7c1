// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a provider reports of a failure within something that looks like an answer: an error beside its choices or in one of them, in an
//! event of a stream, a prompt that was blocked. Rig reads on over most of these, so that half an answer would pass for a whole one.

use models::{Ending, ending};
use rig_core::completion::{CompletionResponse, FinishReason};
use serde_json::{Value, json};

/// The report in a document or an event, in the form of an error's body.
pub(super) fn find(text: &str) -> Option<Value> {
    // Hardly any event has one, and there are many events.
    if !text.contains("\"error\"") && !text.contains("\"blockReason\"") {
        return None;
    }
    of(&serde_json::from_str(text).ok()?)
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

/// The report of an answer that ends with a word for failure, in the form of an error's body.
pub(super) fn of_ending(response: &CompletionResponse) -> Option<Value> {
    let Some(FinishReason::Other(word)) = response.finish_reason() else { return None };
    let told = response.error.clone().filter(|told| !told.is_empty());
    let message = told.unwrap_or_else(|| format!("the provider ended the answer with `{word}`"));
    (ending(&word) == Ending::Failed).then(|| json!({ "error": { "message": message, "code": word } }))
}
