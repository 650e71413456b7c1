// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the host is told of its calls, and what it tells of providers of its own: JSON text.

use crate::config::AttemptTimes;
use models::{AttemptResult, CallRecord, Cost, Exceeded, FailureClass, GaveUp, Next, Reason, Usage};
use providers::{ChatRequest, Delta, FinishReason, Partial, Reply, ToolCall};
use serde::{Deserialize, Serialize};

/// One line for the host.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Message<'a> {
    /// A piece of an answer; of another attempt than the piece before: all begins anew.
    Delta { call: u64, attempt: u32, delta: &'a Delta },
    /// The whole answer.
    Done { call: u64, provider: &'a str, model: &'a str, reply: &'a Reply, cost: Cost, attempts: Vec<Sent<'a>> },
    /// There will be none. `cost` and `usage` are what is known to have been spent.
    Failed {
        call: u64,
        reason: &'static str,
        class: Option<FailureClass>,
        message: &'a str,
        exceeded: Option<Budgeted<'a>>,
        attempts: Vec<Sent<'a>>,
        partial: Option<&'a Partial>,
        usage: Usage,
        cost: Cost,
    },
    /// A provider of the host is to be asked.
    Ask { call: u64, attempt: u32, provider: &'a str, request: &'a ChatRequest, stream: bool, timeouts: AttemptTimes },
    /// It need not answer any more.
    Stop { call: u64, attempt: u32 },
}

/// The budget that had no room.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Budgeted<'a> {
    scope: &'a str,
    what: models::Counted,
    limit: u64,
    spent: u64,
    reserved: u64,
    asked: u64,
    /// When it begins anew, in microseconds; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
}

impl<'a> Budgeted<'a> {
    fn of(exceeded: &'a Exceeded) -> Self {
        let Exceeded { scope, what, limit, spent, reserved, asked, until } = exceeded;
        let until = until.map(stdx::Timestamp::micros);
        Self { scope, what: *what, limit: *limit, spent: *spent, reserved: *reserved, asked: *asked, until }
    }
}

/// One request that was sent. Times in milliseconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sent<'a> {
    provider: &'a str,
    model: &'a str,
    waited: f64,
    duration: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<f64>,
    /// Fields of the request that its model does not take.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    omitted: &'a [&'static str],
    next: &'static str,
}

/// Each attempt with what was said of it and what it left out, both by their numbers from 1.
pub(crate) fn sent<'a>(record: &'a CallRecord, messages: &'a [(u32, String)], omitted: &'a [(u32, Vec<&'static str>)]) -> Vec<Sent<'a>> {
    let millis = |time: std::time::Duration| time.as_secs_f64() * 1_000.0;
    let told = |number: usize| messages.iter().find(|(attempt, _)| *attempt as usize == number + 1).map(|(_, message)| message.as_str());
    let left_out =
        |number: usize| omitted.iter().find(|(attempt, _)| *attempt as usize == number + 1).map_or(&[][..], |(_, fields)| fields);
    let attempts = record.attempts.iter().enumerate();
    attempts
        .map(|(number, attempt)| Sent {
            provider: &attempt.provider,
            model: &attempt.model,
            waited: millis(attempt.waited),
            duration: millis(attempt.ended.since(attempt.begun)),
            failure: match attempt.result {
                AttemptResult::Answered => None,
                AttemptResult::Failed(class) => Some(class.as_str()),
                AttemptResult::Aborted => Some("aborted"),
            },
            message: told(number),
            retry_after: attempt.retry_after.map(millis),
            omitted: left_out(number),
            next: match attempt.next {
                Next::Done => "done",
                Next::Retry(_) => "retry",
                Next::Fallback(..) => "fallback",
                Next::GiveUp(_) => "give-up",
            },
        })
        .collect()
}

impl<'a> Message<'a> {
    pub(crate) fn failed(call: u64, gave_up: &'a GaveUp, attempts: Vec<Sent<'a>>, partial: Option<&'a Partial>, paid: &Paid) -> Self {
        let (reason, exceeded) = match &gave_up.reason {
            Reason::Failed(_) => ("failed", None),
            Reason::Obstacle(_) => ("obstacle", None),
            Reason::Budget(exceeded) => ("budget", Some(Budgeted::of(exceeded))),
            Reason::Deadline(_) => ("deadline", None),
            Reason::Cancelled => ("cancelled", None),
        };
        Self::Failed {
            call,
            reason,
            class: gave_up.class(),
            message: &gave_up.message,
            exceeded,
            attempts,
            partial,
            usage: paid.usage,
            cost: paid.cost,
        }
    }
}

/// What failed attempts of a call are known to have cost.
#[derive(Debug)]
pub(crate) struct Paid {
    pub(crate) usage: Usage,
    pub(crate) cost: Cost,
}

impl Default for Paid {
    fn default() -> Self {
        Self { usage: Usage::default(), cost: Cost { nanos: 0, complete: true } }
    }
}

impl Paid {
    pub(crate) fn add(&mut self, usage: Usage, cost: Cost) {
        self.usage = self.usage.plus(usage);
        self.cost = self.cost.plus(cost);
    }
}

/// What a provider of the host answered.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HostReply {
    text: String,
    tool_calls: Vec<HostToolCall>,
    usage: Option<Usage>,
    finish_reason: Option<FinishReason>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct HostToolCall {
    id: String,
    name: String,
    #[serde(default)]
    arguments: serde_json::Value,
}

impl HostReply {
    pub(crate) fn into_reply(self, model: String) -> Reply {
        let tool_calls = self.tool_calls.into_iter();
        let tool_calls: Vec<ToolCall> =
            tool_calls.map(|HostToolCall { id, name, arguments }| ToolCall { id, name, arguments, invalid_arguments: None }).collect();
        let otherwise = if tool_calls.is_empty() { FinishReason::Stop } else { FinishReason::ToolCalls };
        Reply {
            text: self.text,
            reasoning: String::new(),
            tool_calls,
            usage: self.usage.unwrap_or_default(),
            // What it says is what it costs its user: nothing, maybe.
            counted: self.usage.is_some(),
            finish_reason: self.finish_reason.unwrap_or(otherwise),
            finish_detail: None,
            model,
            request_id: None,
            continuation: None,
            warnings: Vec::new(),
        }
    }
}
