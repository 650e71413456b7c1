// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Reads recorded replies of real providers and compares their tokens with what another implementation read of them.
//!
//! `cargo run -p providers --example replay -- <folder>`, where the folder holds `replies.jsonl.gz`: one recording a line,
//! `{f, prov, wire, stream, model, body, exp: {in, out, cached, reason}}`.

use flate2::read::GzDecoder;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use models::Usage;
use providers::{ChatRequest, Failure, Kind, Message, Mode, ModelBackend, ProviderConfig, Reply, Role, Secret, connect};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Of all replies, those that must be read exactly.
const GOAL: f64 = 0.998;

#[derive(Deserialize)]
struct Recording {
    #[serde(rename = "f")]
    file: String,
    #[serde(rename = "prov")]
    provider: String,
    wire: String,
    stream: bool,
    model: String,
    body: String,
    #[serde(rename = "exp")]
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    #[serde(rename = "in")]
    input: u64,
    #[serde(rename = "out")]
    output: u64,
    cached: u64,
    reason: u64,
}

#[derive(Default)]
struct Tally {
    exact: u32,
    wrong: u32,
    error: u32,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder that holds replies.jsonl.gz")?;
    let path = Path::new(&folder).join("replies.jsonl.gz");
    let file = File::open(&path).map_err(|error| format!("there are no recordings at {}: {error}", path.display()))?;
    let mut backends = BTreeMap::new();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut out = stdout().lock();
    for line in BufReader::new(GzDecoder::new(file)).lines() {
        let recording: Recording = serde_json::from_str(&line?)?;
        let how = if recording.stream { "streamed" } else { "whole" };
        let tally = tallies.entry(format!("{:<10} {:<9} {how}", recording.provider, recording.wire)).or_default();
        let backend = backend(&mut backends, &recording)?;
        match read(backend.as_ref(), &recording) {
            Ok(reply) if agrees(reply.usage, &recording.expected) => tally.exact += 1,
            Ok(reply) => {
                tally.wrong += 1;
                let Expected { input, output, cached, reason } = recording.expected;
                writeln!(
                    out,
                    "wrong  {}: {:?}, expected in {input} out {output} cached {cached} reason {reason}",
                    recording.file, reply.usage
                )?;
            }
            Err(failure) => {
                tally.error += 1;
                writeln!(out, "error  {}: {failure}", recording.file)?;
            }
        }
    }
    for (name, Tally { exact, wrong, error }) in &tallies {
        writeln!(out, "{name:<31} exact {exact:>4}  wrong {wrong:>2}  error {error:>2}")?;
    }
    let exact: u32 = tallies.values().map(|tally| tally.exact).sum();
    let all: u32 = tallies.values().map(|tally| tally.exact + tally.wrong + tally.error).sum();
    let share = f64::from(exact) / f64::from(all.max(1));
    writeln!(out, "{exact} of {all} exact: {:.2} %, the goal is {:.1} %", share * 100.0, GOAL * 100.0)?;
    Ok(if all > 0 && share >= GOAL { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn backend(known: &mut BTreeMap<Kind, Arc<dyn ModelBackend>>, recording: &Recording) -> Result<Arc<dyn ModelBackend>, Box<dyn Error>> {
    let kind = match (recording.provider.as_str(), recording.wire.as_str()) {
        ("openai", "chat") => Kind::Openai,
        ("openai", "responses") => Kind::OpenaiResponses,
        ("anthropic", _) => Kind::Anthropic,
        ("gemini", _) => Kind::Gemini,
        ("mistral", _) => Kind::Mistral,
        ("groq", _) => Kind::Groq,
        ("deepseek", _) => Kind::Deepseek,
        ("xai", _) => Kind::Xai,
        ("openrouter", _) => Kind::Openrouter,
        (provider, wire) => return Err(format!("nothing speaks {wire} of {provider}").into()),
    };
    if let Some(backend) = known.get(&kind) {
        return Ok(Arc::clone(backend));
    }
    let backend = connect(&ProviderConfig { api_key: Some(Secret::new("recorded")), ..ProviderConfig::new(kind) })?;
    known.insert(kind, Arc::clone(&backend));
    Ok(backend)
}

fn read(backend: &dyn ModelBackend, recording: &Recording) -> Result<Reply, Failure> {
    let request = ChatRequest {
        model: recording.model.clone(),
        messages: vec![Message::text(Role::User, "recorded")],
        max_tokens: Some(1024),
        ..ChatRequest::default()
    };
    let (mode, kind) = if recording.stream { (Mode::Streamed, "text/event-stream") } else { (Mode::Whole, "application/json") };
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
    let mut decoder = backend.open(&request, mode)?.decoder;
    decoder.begin(StatusCode::OK, &headers);
    decoder.push(recording.body.as_bytes());
    decoder.finish()
}

fn agrees(usage: Usage, expected: &Expected) -> bool {
    let Expected { input, output, cached, reason } = *expected;
    (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.reasoning_tokens) == (input, output, cached, reason)
}
