// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! From our words to rig's.

use super::media::{Medium, Sight};
use super::wires::Shape;
use super::{media, reading, schemas};
use crate::failure::{Failure, FailureKind};
use crate::request::{ChatRequest, Message, OutputSchema, Part, Role, ToolChoice, ToolMode};
use crate::tool_content::{Block, blocks};
use rig_core::completion::{CompletionRequest, GenerationOptions, ToolDefinition};
use rig_core::message::{
    AssistantContent, AssistantMessage, CallId, Message as RigMessage, ToolCall, ToolChoice as RigChoice, ToolFunction, ToolName,
    ToolResult, ToolResultContent, UserContent,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// An assistant's turn as rig holds it, kept as JSON between calls.
#[derive(Serialize, Deserialize)]
pub(super) struct Turn {
    /// Whose form it is; another version may not read it.
    form: String,
    turn: AssistantMessage,
}

impl Turn {
    const FORM: &str = "rig-core 0.44";

    pub(super) fn remember(message: &RigMessage) -> Option<Value> {
        let RigMessage::Assistant(turn) = message else { return None };
        let mut turn = turn.clone();
        for part in &mut turn.content {
            if let AssistantContent::ToolCall(call) = part {
                *call = reading::mended(call.clone());
            }
        }
        serde_json::to_value(Self { form: Self::FORM.to_owned(), turn }).ok()
    }

    fn recall(value: &Value) -> Option<AssistantMessage> {
        let mut turn = Self::deserialize(value).ok().filter(|kept| kept.form == Self::FORM)?.turn;
        // Rig takes an end that it does not know for a failure, and sends neither such a turn nor the results of its tools. It was an answer
        // to us, or nobody would go on from it.
        turn.stop = turn.stop.filter(|stop| !stop.is_failure());
        Some(turn)
    }
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Invalid, message)
}

/// A request in rig's words, and what was left out of it.
pub(super) struct Written {
    pub(super) request: CompletionRequest,
    pub(super) warnings: Vec<String>,
}

/// `request` for a wire that wants its schema as `shape` says.
pub(super) fn completion(request: &ChatRequest, shape: Shape, sight: &Sight) -> Result<Written, Failure> {
    if request.messages.is_empty() {
        return Err(invalid("messages: nothing is asked; a conversation has at least one message"));
    }
    let mut extra = request.extra.clone();
    let answer = request.schema.as_ref().map(|output| Answer::of(output, shape, request)).transpose()?;
    let asked = request.schema.as_ref().filter(|_| matches!(answer, Some(Answer::Words { .. }))).map(in_words);
    let system: Vec<&str> = request.system.as_deref().into_iter().chain(asked.as_deref()).collect();
    let mut history = Vec::new();
    if !system.is_empty() {
        history.push(RigMessage::system(system.join("\n\n")));
    }
    let mut calls = Calls { shown: shown(request, sight)?, ..Calls::default() };
    for (place, message) in request.messages.iter().enumerate() {
        history.push(calls.message(place, message).map_err(|problem| invalid(format!("messages[{place}]: {problem}")))?);
    }
    let mut warnings = Vec::new();
    let tools = tools(request, shape, &mut warnings)?;
    let mut options = GenerationOptions::new().stop(request.stop.iter().cloned());
    options.top_p = request.top_p;
    let mut written = CompletionRequest::from(history)
        .model(request.model.clone())
        .tools(tools)
        .temperature(request.temperature)
        .max_tokens(request.max_tokens)
        .options(options);
    if let Some(choice) = &request.tool_choice {
        written = written.tool_choice(tool_choice(request, choice)?);
    }
    match answer {
        Some(Answer::Field(field, value) | Answer::Words { beside: Some((field, value)) }) => merge(&mut extra, field, value),
        Some(Answer::Schema(schema)) => written = written.output_schema(*schema),
        Some(Answer::Words { beside: None }) | None => {}
    }
    let request = if extra.is_empty() { written } else { written.additional_params(Value::Object(extra)) };
    Ok(Written { request, warnings })
}

/// Adds a field to those that the caller gave, which win.
fn merge(extra: &mut Map<String, Value>, field: &str, value: Value) {
    match (extra.get_mut(field), value) {
        (Some(Value::Object(given)), Value::Object(value)) => value.into_iter().for_each(|(name, value)| {
            given.entry(name).or_insert(value);
        }),
        (Some(_), _) => {}
        (None, value) => {
            extra.insert(field.to_owned(), value);
        }
    }
}

/// The tools in the form that the wire takes. One that has none is left out: the others are as good as they were.
fn tools(request: &ChatRequest, shape: Shape, warnings: &mut Vec<String>) -> Result<Vec<ToolDefinition>, Failure> {
    let mut known = Vec::new();
    for (place, tool) in request.tools.iter().enumerate() {
        let name = ToolName::new(&tool.name).map_err(|_| invalid(format!("tools[{place}]: a tool needs a name")))?;
        let parameters = schemas::of_arguments(&tool.parameters).and_then(|parameters| {
            let refusal = (shape == Shape::Anthropic).then(|| schemas::refusal_of_anthropic(&parameters)).flatten();
            refusal.map_or(Ok(parameters), Err)
        });
        match parameters {
            Ok(parameters) => known.push(ToolDefinition::new(name, &tool.description, parameters)),
            Err(reason) => {
                let is_wanted = matches!(&request.tool_choice, Some(ToolChoice::Tool { name }) if *name == tool.name);
                let told = format!("tool `{}` cannot be shown to model `{}`: {reason}", tool.name, request.model);
                if is_wanted {
                    return Err(invalid(told));
                }
                warnings.push(format!("{told}; it is left out"));
            }
        }
    }
    let must_call = request.tool_choice == Some(ToolChoice::Mode(ToolMode::Required));
    match warnings.first() {
        Some(warning) if known.is_empty() && must_call => Err(invalid(format!("toolChoice: no tool is left to call; {warning}"))),
        _ => Ok(known),
    }
}

fn tool_choice(request: &ChatRequest, choice: &ToolChoice) -> Result<RigChoice, Failure> {
    Ok(match choice {
        ToolChoice::Mode(ToolMode::Auto) => RigChoice::Auto,
        ToolChoice::Mode(ToolMode::None) => RigChoice::None,
        ToolChoice::Mode(ToolMode::Required) => RigChoice::Required,
        ToolChoice::Tool { name } => {
            let known = request.tools.iter().any(|tool| tool.name == *name);
            let name = ToolName::new(name).ok().filter(|_| known);
            let name = name.ok_or_else(|| invalid("toolChoice: names a tool that is not among `tools`"))?;
            RigChoice::Specific { function_names: vec![name] }
        }
    })
}

fn in_words(output: &OutputSchema) -> String {
    format!("Answer with one JSON value that fits this JSON Schema, and with nothing else:\n{}", output.schema)
}

/// How the shape of an answer is asked for.
enum Answer {
    /// In a field of the body that rig would not write, or would more strictly than wanted.
    Field(&'static str, Value),
    /// As rig writes it.
    Schema(Box<schemars::Schema>),
    /// In words, which any model reads; and beside them whatever the wire can be held to.
    Words { beside: Option<(&'static str, Value)> },
}

impl Answer {
    fn of(output: &OutputSchema, shape: Shape, request: &ChatRequest) -> Result<Self, Failure> {
        let OutputSchema { name, schema, strict } = output;
        if !schema.is_object() {
            return Err(invalid("schema.schema: must be a JSON Schema that is an object"));
        }
        let schema = schemas::of_answer(schema);
        let is_of_object = schemas::is_of_object(&schema);
        let by_rig = || {
            let mut schema = schema.as_object().cloned().unwrap_or_default();
            // Rig takes the name from here.
            schema.insert("title".to_owned(), Value::String(name.clone()));
            Self::Schema(Box::new(schemars::Schema::from(schema)))
        };
        Ok(match shape {
            // An object is all that these can be held to.
            Shape::Words => {
                let beside = (!request.has_tools() && is_of_object).then(|| ("response_format", json!({"type": "json_object"})));
                Self::Words { beside }
            }
            Shape::Anthropic => match schemas::closed(&schema).filter(|_| is_of_object) {
                Some(closed) => Self::Field("output_config", json!({"format": {"type": "json_schema", "schema": closed}})),
                None => Self::Words { beside: None },
            },
            Shape::Other => by_rig(),
            _ if !is_of_object => Self::Words { beside: None },
            Shape::Object => by_rig(),
            Shape::Chat | Shape::Responses if *strict => by_rig(),
            Shape::Chat => {
                let schema = json!({"name": name, "schema": schema, "strict": false});
                Self::Field("response_format", json!({"type": "json_schema", "json_schema": schema}))
            }
            Shape::Responses => {
                Self::Field("text", json!({"format": {"type": "json_schema", "name": name, "schema": schema, "strict": false}}))
            }
        })
    }
}

/// The pictures and files of a conversation, each of which the model sees.
fn shown(request: &ChatRequest, sight: &Sight) -> Result<BTreeMap<(usize, usize), UserContent>, Failure> {
    let shown = media::each(&request.messages).map(|((message, part), medium)| {
        let medium = medium.and_then(|medium| sight.way(&medium).map(|_| medium));
        let medium = medium.map_err(|problem| invalid(format!("messages[{message}].content[{part}]: {problem}")))?;
        Ok(((message, part), medium.into()))
    });
    shown.collect()
}

/// The conversation so far.
#[derive(Default)]
struct Calls {
    /// A result names a call by the id we gave out, which need not be the provider's.
    known: BTreeMap<String, (CallId, ToolName)>,
    /// By message and place there.
    shown: BTreeMap<(usize, usize), UserContent>,
}

impl Calls {
    fn message(&mut self, place: usize, message: &Message) -> Result<RigMessage, String> {
        match message.role {
            Role::System => system(&message.content),
            Role::User | Role::Tool => {
                let said = |(part, one)| self.said((place, part), one);
                let content = message.content.iter().enumerate().map(said).collect::<Result<_, _>>()?;
                Ok(RigMessage::User { content })
            }
            Role::Assistant => {
                let kept = message.continuation.as_ref().and_then(Turn::recall);
                let turn = kept.map_or_else(|| answered(&message.content), Ok)?;
                let calls = turn.tool_calls().map(|call| (call.id.wire().into_owned(), (call.id.clone(), call.function.name.clone())));
                self.known.extend(calls);
                Ok(RigMessage::Assistant(turn))
            }
        }
    }

    fn said(&mut self, place: (usize, usize), part: &Part) -> Result<UserContent, String> {
        match part {
            Part::Text { text } => Ok(UserContent::text(text)),
            Part::Image(_) | Part::File(_) => self.shown.remove(&place).ok_or_else(|| "is neither a picture nor a file".to_owned()),
            Part::ToolResult { id, result, is_error } => {
                let (call, name) = self.known.get(id).cloned().ok_or_else(|| format!("the result of `{id}` answers no call before it"))?;
                Ok(UserContent::ToolResult(ToolResult { call, name, content: given(result), is_error: *is_error }))
            }
            Part::ToolCall { .. } => Err("only an assistant calls tools".to_owned()),
        }
    }
}

/// What a tool gave: pictures as pictures, and of what no model reads a remark in place of its bytes.
fn given(result: &Value) -> Vec<ToolResultContent> {
    let Some(blocks) = blocks(result) else {
        return vec![result.as_str().map_or_else(|| ToolResultContent::json(result.clone()), ToolResultContent::text)];
    };
    let given = blocks.into_iter().map(|block| match block {
        Block::Text(text) => ToolResultContent::text(text),
        Block::Bytes { data, media_type } => Medium::of_tool(data, media_type).map_or_else(
            || ToolResultContent::text(format!("({media_type} of {} bytes, which cannot be shown)", data.len() / 4 * 3)),
            ToolResultContent::Image,
        ),
        Block::Other(other) => ToolResultContent::json(other.clone()),
    });
    given.collect()
}

fn system(content: &[Part]) -> Result<RigMessage, String> {
    let texts: Result<Vec<&str>, String> = content
        .iter()
        .map(|part| match part {
            Part::Text { text } => Ok(text.as_str()),
            Part::Image(_) | Part::File(_) | Part::ToolCall { .. } | Part::ToolResult { .. } => {
                Err("instructions are text alone".to_owned())
            }
        })
        .collect();
    Ok(RigMessage::system(texts?.join("\n\n")))
}

fn answered(content: &[Part]) -> Result<AssistantMessage, String> {
    let parts: Result<Vec<AssistantContent>, String> = content
        .iter()
        .map(|part| match part {
            Part::Text { text } => Ok(AssistantContent::text(text)),
            Part::ToolCall { id, name, arguments } => {
                let name = ToolName::new(name).map_err(|_| format!("the call `{id}` names no tool"))?;
                let arguments = if arguments.is_null() { Value::Object(Map::new()) } else { arguments.clone() };
                Ok(AssistantContent::ToolCall(ToolCall::from_wire(id, ToolFunction::new(name, arguments))))
            }
            Part::Image(_) | Part::File(_) | Part::ToolResult { .. } => {
                Err("an assistant's turn holds only text and tool calls".to_owned())
            }
        })
        .collect();
    Ok(AssistantMessage::new(parts?))
}
