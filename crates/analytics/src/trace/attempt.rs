// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One attempt, and what its time went into.
//!
//! Inside an attempt things overlap: an agent may ask two models at once. Its time is still partitioned: where several apply, the first of this list
//! counts: model, tool, rate limit, backoff, code.

use super::{Bucket, Micros, Reads, Segment, Waited};
use crate::Outcome;
use serde::Deserialize;
use std::sync::Arc;

/// An attempt as it was.
#[derive(Clone, Debug)]
pub struct TracedAttempt {
    /// Which one, from 1.
    pub attempt: u32,
    /// When it was ready,
    pub ready: Micros,
    /// and admitted.
    pub admitted: Micros,
    /// The task whose end made room for it.
    pub admitted_by: Option<super::TaskNumber>,
    /// What it waited for.
    pub waited: Option<Waited>,
    /// When its beginning was committed; `None` if that is not on record.
    pub committed: Option<Micros>,
    /// When its agent was called,
    pub start: Micros,
    /// when that answered,
    pub end: Micros,
    /// and when the answer was on record.
    pub recorded: Micros,
    /// How it ended; `None` while it is under way.
    pub outcome: Option<Outcome>,
    /// The code of its failure.
    pub error: Option<Arc<str>>,
    /// Until when the next attempt was put off.
    pub backoff_until: Option<Micros>,
    /// The agent that did it,
    pub agent: Option<Arc<str>>,
    /// and the one that was called, as the definition writes it.
    pub called: Option<Arc<str>>,
    /// The print of its input.
    pub print: Option<u64>,
    /// Which outputs it looked at.
    pub reads: Reads,
    /// Its calls of models, in the order they ended.
    pub calls: Vec<ModelRequest>,
    /// When tools ran that a model had called.
    pub tools: Vec<(Micros, Micros)>,
    /// Its steps that ended, in the order they did; those of tools are among them.
    pub steps: Vec<TracedStep>,
}

/// A step of an attempt.
#[derive(Clone, Debug)]
pub struct TracedStep {
    /// As it is called.
    pub name: Arc<str>,
    /// When it began,
    pub from: Micros,
    /// and when it ended.
    pub to: Micros,
}

/// A call of a model.
#[derive(Clone, Debug, Default)]
pub struct ModelRequest {
    /// When it was chosen, or its first request began to wait,
    pub from: Micros,
    /// and when its end was recorded.
    pub to: Micros,
    /// As `provider/model`; empty if no model was asked.
    pub model: Arc<str>,
    /// Whether it failed.
    pub failed: bool,
    /// What it used.
    pub spent: engine::Spent,
    /// Parts of it that were no time at the model.
    pub waits: Vec<(Micros, Micros, Bucket)>,
}

/// The fields of a call that are looked at.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Call {
    provider: String,
    model: String,
    failure: Option<serde::de::IgnoredAny>,
    end: Option<CallEnd>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CallEnd {
    attempts: Vec<Sent>,
}

/// A request as it was sent; milliseconds.
#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    waited: f64,
    #[serde(default)]
    duration: f64,
    failure: Option<serde::de::IgnoredAny>,
}

impl ModelRequest {
    /// A call that ended at `at`, as its record says it; it was chosen at `chosen`.
    pub(super) fn read(call: &str, spent: engine::Spent, chosen: Micros, at: Micros) -> Self {
        let Call { provider, model, failure, end } = serde_json::from_str(call).unwrap_or_default();
        let model: Arc<str> = if model.is_empty() { Arc::from("") } else { format!("{provider}/{model}").into() };
        let mut request = Self { from: chosen, to: at, model, failed: failure.is_some(), spent, waits: Vec::new() };
        // The requests one after the other, from its end back. Where the text does not have them, all of it is time at the model.
        let mut to = at;
        let requests = end.map(|end| end.attempts).unwrap_or_default();
        for (place, sent) in requests.iter().enumerate().rev() {
            let start = to.saturating_sub(micros(sent.duration)).max(chosen);
            let waited = start.saturating_sub(micros(sent.waited)).max(chosen);
            if sent.failure.is_some() {
                request.waits.push((start, to, Bucket::Failed));
            }
            let wait = if place == 0 { Bucket::RateLimit } else { Bucket::Backoff };
            request.waits.push((waited, start, wait));
            to = waited;
        }
        request
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what a time may be")]
fn micros(millis: f64) -> Micros {
    (millis * 1000.0).clamp(0.0, 1e15).round() as Micros
}

impl TracedAttempt {
    /// A step of it has ended; whether that is the result of a tool.
    pub(super) fn stepped(&mut self, name: &Arc<str>, from: Micros, to: Micros) -> bool {
        let is_tool = name.starts_with("result ") && name.contains(" of ");
        if is_tool {
            self.tools.push((from, to));
        }
        self.steps.push(TracedStep { name: Arc::clone(name), from, to });
        is_tool
    }

    /// One that has been admitted, and of which nothing more is known.
    pub(super) fn begun(attempt: u32, ready: Micros, admitted: Micros, called: Option<Arc<str>>) -> Self {
        Self {
            attempt,
            ready,
            admitted,
            admitted_by: None,
            waited: None,
            committed: None,
            start: admitted,
            end: admitted,
            recorded: admitted,
            outcome: None,
            error: None,
            backoff_until: None,
            agent: called.clone(),
            called,
            print: None,
            reads: Reads::Unknown,
            calls: Vec::new(),
            tools: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Tiles the time from its admission to when its answer was recorded.
    pub(super) fn tile(&self, is_child: bool, segments: &mut Vec<Segment>) {
        let attempt = self.attempt;
        let mut push = |from: Micros, to: Micros, bucket: Bucket, at_work: bool| {
            if to > from {
                segments.push(Segment { from, to, bucket, attempt, at_work });
            }
        };
        let recorded = self.recorded.max(self.admitted);
        let start = self.start.clamp(self.admitted, recorded);
        let end = self.end.clamp(start, recorded);
        let committed = self.committed.unwrap_or(self.admitted).clamp(self.admitted, start);
        push(self.admitted, committed, Bucket::Persist, false);
        push(committed, start, Bucket::Scheduler, false);
        let well = matches!(self.outcome, Some(Outcome::Completed) | None);
        if !well {
            push(start, end, Bucket::Failed, true);
        } else if is_child {
            push(start, end, Bucket::Child, true);
        } else {
            for (from, to, bucket) in self.parts(start, end) {
                push(from, to, bucket, true);
            }
        }
        push(end, recorded, Bucket::Scheduler, false);
    }

    /// What the time of its agent went into.
    fn parts(&self, start: Micros, end: Micros) -> Vec<(Micros, Micros, Bucket)> {
        let mut claims: Vec<(u8, Micros, Micros, Bucket)> = Vec::new();
        for call in &self.calls {
            let mut cuts = vec![(call.from, call.to, Bucket::Model)];
            // What is a wait of this call is no time at the model.
            for &(from, to, bucket) in &call.waits {
                cuts =
                    cuts.into_iter().flat_map(|(a, b, of)| [(a, b.min(from), of), (a.max(to), b, of)]).filter(|(a, b, _)| a < b).collect();
                cuts.push((from, to, bucket));
            }
            claims.extend(cuts.into_iter().map(|(from, to, bucket)| (rank(bucket), from, to, bucket)));
        }
        claims.extend(self.tools.iter().map(|&(from, to)| (rank(Bucket::Tool), from, to, Bucket::Tool)));
        let mut cuts: Vec<Micros> = claims.iter().flat_map(|&(_, from, to, _)| [from.clamp(start, end), to.clamp(start, end)]).collect();
        cuts.extend([start, end]);
        cuts.sort_unstable();
        cuts.dedup();
        let mut parts: Vec<(Micros, Micros, Bucket)> = Vec::new();
        for (from, to) in cuts.iter().zip(cuts.iter().skip(1)).map(|(from, to)| (*from, *to)) {
            let first = claims.iter().filter(|&&(_, a, b, _)| a <= from && to <= b).min_by_key(|(rank, ..)| *rank);
            let bucket = first.map_or(Bucket::Code, |(.., bucket)| *bucket);
            match parts.last_mut() {
                Some(last) if last.2 == bucket => last.1 = to,
                _ => parts.push((from, to, bucket)),
            }
        }
        parts
    }
}

fn rank(bucket: Bucket) -> u8 {
    match bucket {
        Bucket::Model => 0,
        Bucket::Tool => 1,
        Bucket::Failed => 2,
        Bucket::RateLimit => 3,
        Bucket::Backoff => 4,
        Bucket::Code
        | Bucket::Child
        | Bucket::Queue
        | Bucket::Signal
        | Bucket::Timer
        | Bucket::Pause
        | Bucket::Persist
        | Bucket::Scheduler => 5,
    }
}
