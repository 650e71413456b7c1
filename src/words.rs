// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Inputs and effects as numbers in arrays that JavaScript holds and uses again, in the layout of `crates/alphabet`.

use ::engine::{Failure, InstanceIndex, InstanceNumber, Output, Settled};
use alphabet::{ALERTS, ANSWER, EFFECT_WORDS, Effect, Form, HEADER_WORDS, Heard, READS_ALL};
use napi::bindgen_prelude::Float64Array;
use runtime::store::Reads;
use runtime::{Driver, Error, Failures, Looks, Number, report};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::Duration;
use stdx::Timestamp;

/// A failure as JavaScript sends it.
#[derive(Deserialize)]
struct FailureText<'a> {
    code: String,
    message: String,
    #[serde(default)]
    retryable: bool,
    /// Milliseconds.
    #[serde(rename = "retryAfterMs")]
    retry_after: Option<f64>,
    #[serde(borrow)]
    details: Option<&'a RawValue>,
}

/// Gives the first `count` answers in `words` to the driver. `texts` hold a line for each answer that has one: an output, or a failure.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "JavaScript writes small non-negative whole numbers here")]
pub(crate) fn settle_all(driver: &mut Driver, words: &[f64], count: u32, texts: &[String]) -> Result<(), Error> {
    let answers = || words.chunks_exact(ANSWER.len()).take(count as usize);
    let latest = answers().filter_map(|answer| answer.get(5)).fold(0.0, |latest: f64, end| latest.max(*end));
    driver.not_before(Timestamp::from_micros(latest as u64));
    let mut lines = texts.iter().flat_map(|text| text.split('\n'));
    for answer in answers() {
        let &[slot, task, attempt, form, start, end, instance, reads, progress] = answer else { continue };
        // First, so that what the answer leads to finds it free.
        if instance > 0.0 {
            driver.release_agent(InstanceNumber::new(instance as u32), slot as u32, task as u32);
        }
        let result = match Form::of(form) {
            Some(Form::CompletedHeld) => Ok(Output::Held),
            Some(Form::CompletedJson) => Ok(Output::Json(text(lines.next())?.into())),
            Some(Form::CompletedUndoable) => Ok(Output::Undoable(text(lines.next())?.into())),
            Some(Form::CompletedJudged) => {
                let output = text(lines.next())?.into();
                driver.gave(slot as u32, InstanceIndex::new(task as u32), text(lines.next())?.into());
                Ok(Output::Json(output))
            }
            Some(Form::Failed) => Err(failure(text(lines.next())?)?),
            None => return Err(Error::Malformed { what: "answer", message: format!("there is no form {form}") }),
        };
        let settled = Settled {
            task: InstanceIndex::new(task as u32),
            attempt: attempt as u32,
            start: Timestamp::from_micros(start as u64),
            end: Timestamp::from_micros(end as u64),
            result,
        };
        let looks = Looks { reads: reads_of(reads), progress: (progress > 0.0).then(|| Timestamp::from_micros(progress as u64)) };
        driver.settle(slot as u32, settled, looks)?;
    }
    driver.recycle();
    Ok(())
}

/// Which outputs of its dependencies an attempt looked at.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "JavaScript writes the words of the alphabet, or 32 bits")]
fn reads_of(word: f64) -> Reads {
    match word as i64 {
        word if word == i64::from(READS_ALL) => Reads::All,
        0 => Reads::Nothing,
        bits if bits > 0 => Reads::Some(bits as u32),
        _ => Reads::Unknown,
    }
}

/// The text of an answer that has one. Without it something else would be recorded than what was answered.
fn text(line: Option<&str>) -> Result<&str, Error> {
    line.ok_or_else(|| Error::Malformed { what: "answer", message: "its text is missing".to_owned() })
}

pub(crate) fn failure(text: &str) -> Result<Failure, Error> {
    let failure: FailureText<'_> =
        serde_json::from_str(text).map_err(|error| Error::Malformed { what: "failure", message: error.to_string() })?;
    Ok(Failure {
        code: failure.code.into(),
        message: failure.message.into(),
        details: failure.details.map(|details| details.get().into()),
        retryable: failure.retryable,
        retry_after: failure.retry_after.and_then(|millis| Duration::try_from_secs_f64(millis / 1000.0).ok()),
    })
}

/// Writes as many effects as fit; those that are not `heard` are left out.
pub(crate) fn write_effects(driver: &mut Driver, heard: &Heard, out: &mut [f64]) {
    let capacity = out.len().saturating_sub(HEADER_WORDS) / EFFECT_WORDS;
    let (header, body) = out.split_at_mut(HEADER_WORDS.min(out.len()));
    let mut count = 0;
    let mut places = body.chunks_exact_mut(EFFECT_WORDS);
    while count < capacity {
        let Some(effect) = driver.next_effect() else { break };
        if !heard.hears(&effect) {
            continue;
        }
        let Some(place) = places.next() else { break };
        place.copy_from_slice(&effect.words());
        count += 1;
    }
    let deadline = driver.next_deadline().map_or(0.0, |at| micros(at.micros()));
    let more = f64::from(u8::from(count == capacity) + ALERTS * u8::from(driver.has_alerts()));
    // The header is there whenever an effect fits.
    for (place, value) in header.iter_mut().zip([micros(count as u64), more, deadline]) {
        *place = value;
    }
}

/// The words of an array that JavaScript lent for this call.
#[expect(unsafe_code, reason = "Node-API lends the memory of a typed array; no JavaScript runs before the call returns")]
pub(crate) fn of(array: &mut Float64Array) -> &mut [f64] {
    // SAFETY: JavaScript runs on this thread alone and is waiting for this call, so nothing else reads or writes the array.
    unsafe { array.as_mut() }
}

/// The words of those effects of a history that are `heard`.
pub(crate) fn words_of(effects: &[Effect], heard: &Heard) -> Vec<f64> {
    effects.iter().filter(|effect| heard.hears(effect)).flat_map(Effect::words).collect()
}

/// Effects as JSON text: `{"words": [...], "failures": {...}}`.
pub(crate) fn text_of(effects: &[Effect], failures: &Failures) -> String {
    let words: Vec<serde_json::Value> = effects.iter().flat_map(Effect::words).map(Into::into).collect();
    format!(r#"{{"words":{},"failures":{}}}"#, serde_json::Value::from(words), failures_text(failures))
}

/// Failures as JSON text, by the numbers of their effects.
pub(crate) fn failures_text(failures: &Failures) -> String {
    let failures: Vec<String> =
        failures.iter().map(|(number, failure)| format!(r#""{}":{}"#, number.get(), report::failure(failure))).collect();
    format!("{{{}}}", failures.join(","))
}

/// The number of an effect that JavaScript was given; none before the first.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "JavaScript gives back what it got, or -1")]
pub(crate) fn number(number: f64) -> Option<Number> {
    (number >= 0.0).then(|| Number::from_u64(number as u64))
}

#[expect(clippy::cast_precision_loss, reason = "microseconds since the epoch are exact in a float until the year 2255")]
pub(crate) fn micros(value: u64) -> f64 {
    value as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole bytes, judged by JavaScript")]
pub(crate) fn bytes(bytes: f64) -> u64 {
    bytes as u64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "microseconds since the epoch, from JavaScript's clock")]
pub(crate) fn timestamp(micros: f64) -> Timestamp {
    Timestamp::from_micros(micros as u64)
}
