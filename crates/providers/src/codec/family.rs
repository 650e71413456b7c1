// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What some families of models do not take, wherever they are asked: at their own provider, under a deployment of Azure, behind a gateway. It goes by
//! the name of the model, since the server's refusal goes by the model too.

use crate::request::ChatRequest;
use serde_json::Value;
use std::borrow::Cow;

/// How a family differs from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// `OpenAI`'s models that think: the o-series, and GPT from 5 on. It takes `max_completion_tokens`, no `stop`, and `sampling` as it says.
    Thinking(Sampling),
    /// `OpenAI`'s models that think no more than they are asked to: the `chat` ones. `max_completion_tokens` alone.
    Chatting,
    /// Claude from 4.7 on: neither `temperature` nor `top_p`.
    ClaudeFixed,
    /// Claude before that: one of both.
    ClaudeEither,
    Other,
}

/// When a model takes `temperature` and `top_p`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sampling {
    Never,
    /// While it does not think, as it does not unless it is told to.
    UnlessThinking,
    /// While it is told not to think.
    ToldNotToThink,
}

/// Whose fields a request is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fields {
    /// Those of Chat Completions, which every gateway takes, whatever rig knows of it.
    Chat,
    /// Those of Responses, which has no `stop`.
    Responses,
    /// Those of another wire, which rig knows.
    Other,
}

/// `request` as its model takes it, and the fields that were left out. `deployment`: another name of the model, which the user gave it.
pub(super) fn fitted<'a>(request: &'a ChatRequest, deployment: Option<&str>, fields: Fields) -> (Cow<'a, ChatRequest>, Vec<&'static str>) {
    let named = Family::of(&request.model, false);
    let family = if named == Family::Other { deployment.map_or(named, |name| Family::of(name, true)) } else { named };
    let mut fitted = Cow::Borrowed(request);
    let mut omitted = Vec::new();
    if fields == Fields::Chat
        && matches!(family, Family::Thinking(_) | Family::Chatting)
        && let Some(most) = request.max_tokens
    {
        let fitted = fitted.to_mut();
        fitted.max_tokens = None;
        if !fitted.extra.contains_key("max_tokens") {
            fitted.extra.entry("max_completion_tokens").or_insert(most.into());
        }
    }
    let (takes_temperature, takes_top_p) = family.takes(request);
    if !takes_temperature && request.temperature.is_some() {
        fitted.to_mut().temperature = None;
        omitted.push("temperature");
    }
    if !takes_top_p && request.top_p.is_some() {
        fitted.to_mut().top_p = None;
        omitted.push("topP");
    }
    if (matches!(family, Family::Thinking(_)) || fields == Fields::Responses) && !request.stop.is_empty() {
        fitted.to_mut().stop.clear();
        omitted.push("stop");
    }
    if fields != Fields::Other && (fitted.top_p.is_some() || !fitted.stop.is_empty()) {
        let fitted = fitted.to_mut();
        if let Some(top_p) = fitted.top_p.take() {
            fitted.extra.entry("top_p").or_insert(top_p.into());
        }
        let stop = std::mem::take(&mut fitted.stop);
        if !stop.is_empty() {
            fitted.extra.entry("stop").or_insert(stop.into());
        }
    }
    (fitted, omitted)
}

impl Family {
    /// `anywhere`: the family need not stand at the beginning of the name.
    fn of(name: &str, anywhere: bool) -> Self {
        let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
        let words: Vec<&str> = name.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        if let Some(at) = words.iter().position(|word| *word == "claude") {
            return Self::claude(words.get(at + 1..).unwrap_or_default());
        }
        let places = if anywhere { words.len() } else { words.len().min(1) };
        let found = (0..places).find_map(|at| Self::open_ai(words.get(at..).unwrap_or_default()));
        found.unwrap_or(Self::Other)
    }

    fn open_ai(words: &[&str]) -> Option<Self> {
        let (first, rest) = words.split_first()?;
        if let Some(number) = first.strip_prefix('o') {
            return number.parse::<u8>().is_ok().then_some(Self::Thinking(Sampling::Never));
        }
        let after = first.strip_prefix("gpt")?;
        let mut rest = rest.iter();
        // `gpt-5.1`, `gpt5-mini`, `gpt-51` for a deployment, whose names have no dots.
        let major = if after.is_empty() { rest.next()? } else { after };
        let (major, joined) = major.split_at_checked(1)?;
        let major: u8 = major.parse().ok().filter(|major| *major >= 5)?;
        let words: Vec<&str> = rest.copied().collect();
        let minor = if joined.is_empty() { words.first().copied().unwrap_or_default() } else { joined };
        let minor: u8 = minor.parse().ok().filter(|minor| *minor < 10).unwrap_or(0);
        if words.contains(&"chat") {
            return Some(Self::Chatting);
        }
        Some(Self::Thinking(match (major, minor) {
            (5, 0) => Sampling::Never,
            _ if words.contains(&"pro") => Sampling::Never,
            (5, ..=4) => Sampling::UnlessThinking,
            _ => Sampling::ToldNotToThink,
        }))
    }

    /// `claude-opus-4-7`, `claude-opus-4.7`, `claude-3-5-sonnet-20241022`, `claude-sonnet-5`, `claude-fable-5`.
    fn claude(words: &[&str]) -> Self {
        // A date is no version, and neither is the `v1` of Bedrock.
        let mut numbers = words.iter().filter_map(|word| word.parse::<u32>().ok()).filter(|number| *number < 100);
        let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if major >= 5 || (major == 4 && minor >= 7) { Self::ClaudeFixed } else { Self::ClaudeEither }
    }

    /// Whether it takes `temperature`, and whether `top_p`.
    fn takes(self, request: &ChatRequest) -> (bool, bool) {
        match self {
            Self::Chatting | Self::Other => (true, true),
            Self::ClaudeFixed => (false, false),
            Self::ClaudeEither => (true, request.temperature.is_none()),
            Self::Thinking(sampling) => {
                let effort = request.extra.get("reasoning_effort").or_else(|| request.extra.get("reasoning")?.get("effort"));
                let effort = effort.and_then(Value::as_str);
                let takes = match sampling {
                    Sampling::Never => false,
                    Sampling::UnlessThinking => effort.is_none_or(|effort| effort == "none"),
                    Sampling::ToldNotToThink => effort == Some("none"),
                };
                (takes, takes)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fields, fitted};
    use crate::request::ChatRequest;
    use serde_json::json;

    /// `gpt-5-mini` on Azure or behind a gateway was sent `max_tokens` and `temperature: 0`, and refused both.
    #[test]
    fn a_family_is_sent_what_it_takes_wherever_it_is_asked() {
        let all = "temperature topP stop";
        let table = [
            ("gpt-5-mini", None, None, true, all),
            ("openai/gpt-5-mini", None, None, true, all),
            ("gpt-5-mini-2025-08-07", None, None, true, all),
            ("gpt5-mini", None, None, true, all),
            ("gpt-5-pro", None, None, true, all),
            ("o3", None, None, true, all),
            ("openai/o4-mini", None, None, true, all),
            ("gpt-5.1", None, None, true, "stop"),
            ("gpt-5.1", None, Some("low"), true, all),
            ("gpt-5.2-pro", None, None, true, all),
            ("gpt-5.5", None, None, true, all),
            ("gpt-6-luna", None, None, true, all),
            ("gpt-6-luna", None, Some("none"), true, "stop"),
            ("gpt-5-chat-latest", None, None, true, ""),
            // Deployments have names of their users.
            ("m", Some("prod-gpt-5-mini"), None, true, all),
            ("m", Some("our-o3-blue"), None, true, all),
            ("m", Some("gpt4o-eu"), None, false, ""),
            ("m", Some("prod"), None, false, ""),
            // What only looks like one of them.
            ("gpt-4o", None, None, false, ""),
            ("gpt-4.1-mini", None, None, false, ""),
            ("openai/gpt-oss-120b", None, None, false, ""),
            ("marco-o1", None, None, false, ""),
            ("olmo-2", None, None, false, ""),
            ("llama-3.3-70b", None, None, false, ""),
            ("claude-opus-4-7", None, None, false, "temperature topP"),
            ("anthropic/claude-opus-4.8", None, None, false, "temperature topP"),
            ("claude-sonnet-5-5", None, None, false, "temperature topP"),
            ("claude-haiku-4-5-20251001", None, None, false, "topP"),
            ("us.anthropic.claude-sonnet-4-20250514-v1:0", None, None, false, "topP"),
            ("claude-3-5-sonnet-20241022", None, None, false, "topP"),
        ];
        for (model, deployment, effort, renamed, omitted) in table {
            let mut request = ChatRequest {
                model: model.to_owned(),
                temperature: Some(0.0),
                top_p: Some(0.5),
                stop: vec!["END".to_owned()],
                max_tokens: Some(100),
                ..ChatRequest::default()
            };
            if let Some(effort) = effort {
                request.extra.insert("reasoning_effort".to_owned(), effort.into());
            }
            let (sent, left_out) = fitted(&request, deployment, Fields::Chat);
            assert_eq!(left_out.join(" "), omitted, "{model} {deployment:?}");
            let most = if renamed { (None, Some(json!(100))) } else { (Some(100), None) };
            assert_eq!((sent.max_tokens, sent.extra.get("max_completion_tokens").cloned()), most, "{model} {deployment:?}");
            // The wire of Responses has a name of its own for it.
            assert_eq!(fitted(&request, deployment, Fields::Responses).0.max_tokens, Some(100), "{model}");
        }
    }

    /// Rig takes `top_p` and `stop` for no gateway that it does not know, and refused the request.
    #[test]
    fn what_every_gateway_takes_is_written_for_each() {
        let request = ChatRequest { model: "llama".to_owned(), top_p: Some(0.5), stop: vec!["END".to_owned()], ..ChatRequest::default() };
        let (sent, omitted) = fitted(&request, None, Fields::Chat);
        assert_eq!((sent.extra.get("top_p"), sent.extra.get("stop")), (Some(&json!(0.5)), Some(&json!(["END"]))));
        assert!(sent.top_p.is_none() && sent.stop.is_empty() && omitted.is_empty());
        let (sent, omitted) = fitted(&request, None, Fields::Responses);
        assert_eq!((sent.extra.get("top_p"), sent.extra.get("stop"), omitted), (Some(&json!(0.5)), None, vec!["stop"]));
        assert_eq!(*fitted(&request, None, Fields::Other).0, request);
    }

    #[test]
    fn what_the_caller_writes_into_the_body_stays() {
        let mut request = ChatRequest { model: "gpt-5".to_owned(), max_tokens: Some(100), ..ChatRequest::default() };
        request.extra.insert("max_completion_tokens".to_owned(), json!(7));
        request.extra.insert("temperature".to_owned(), json!(1));
        let (sent, omitted) = fitted(&request, None, Fields::Chat);
        assert_eq!((sent.extra.get("max_completion_tokens"), sent.extra.get("temperature")), (Some(&json!(7)), Some(&json!(1))));
        assert!(omitted.is_empty());
    }
}
