// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The rows and records of a partition as text, both ways.
//!
//! A record stands in its list as `instant checksum text`: the text is that of a record in a file, the checksum is chained as there, with the
//! [`identity`] of the execution in place of its number, which another process does not know.

use engine::{Event, Keyed, KeyedEnd};
use runtime::options;
use runtime::store::{
    Accepted, KnownKey, LARGE, ReadError, RecordError, Schedule, StepRecord, StoredExecution, StoredSchedule, Unproved, ValueError,
    end_name, object_with, refer,
};
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// Fields and their values.
pub(crate) type Row<'t> = Vec<(&'static str, Cow<'t, str>)>;

/// A row that was read.
pub(crate) type ReadRow = FxHashMap<String, String>;

/// Values that stand by themselves, by their hashes.
pub(crate) type Values = FxHashMap<String, String>;

/// What stands before the hash in a field that is a value.
const REFERENCE: &str = "sha256:";

/// What stands for an execution in the checksums of its records.
pub(crate) fn identity(id: &str) -> i64 {
    stdx::hash64(id.as_bytes()).cast_signed()
}

/// The row of an execution that begins; its large values come into `values`.
pub(crate) fn accepted<'a>(accepted: &'a Accepted, values: &mut Vec<(String, &'a str)>) -> Row<'a> {
    let Accepted { plan, context, options, at, .. } = accepted;
    let mut row: Row<'a> = vec![
        ("d", Cow::Borrowed(&**plan.definition_hash())),
        ("w", Cow::Borrowed(&*plan.workflow_id)),
        ("t", micros_of(plan.default_timeout)),
        ("a", at.micros().to_string().into()),
    ];
    if let Some(context) = context.as_deref() {
        let mut kept = |value| {
            let hash = stdx::sha256_hex(value);
            values.push((hash.clone(), value));
            hash
        };
        let text = if context.len() > LARGE { format!("{REFERENCE}{}", kept(context)).into() } else { Cow::Borrowed(context) };
        row.push(("c", text));
    }
    if let Some(options) = options.as_deref() {
        let text = if options.len() > LARGE {
            let (mut text, apart) = options::apart(options);
            let referred = refer(&mut text, &apart, |value| {
                let hash = stdx::sha256_hex(value);
                Ok::<_, std::convert::Infallible>(hash)
            });
            let Ok(()) = referred;
            values.extend(apart.iter().map(|apart| (stdx::sha256_hex(apart.value), apart.value)));
            text.into()
        } else {
            Cow::Borrowed(options)
        };
        row.push(("o", text));
    }
    row
}

/// How an execution has ended, if it has with this record.
pub(crate) fn end_of(record: &StepRecord) -> Option<&'static str> {
    if let Some(Event::ExecutionEnded { end }) = record.events.last() { Some(end_name(end)) } else { None }
}

/// A record as it stands in its list.
pub(crate) fn record(at: Timestamp, checksum: u64, text: &str) -> String {
    format!("{} {checksum:016x} {text}", at.micros())
}

/// The row of an idempotency key.
pub(crate) fn keyed(keyed: &Keyed) -> Row<'_> {
    let mut row: Row<'_> = vec![("g", keyed.generation.to_string().into()), ("f", Cow::Borrowed(&*keyed.fingerprint))];
    if let Some(KeyedEnd { status, at, .. }) = &keyed.end {
        row.extend([("s", Cow::Borrowed(&**status)), ("e", at.micros().to_string().into())]);
    }
    row
}

/// What is known of an idempotency key by its row.
pub(crate) fn known_key(hash: &str, row: &ReadRow) -> Option<KnownKey> {
    let generation = row.get("g")?.parse().ok()?;
    let end = row.get("s").zip(instant(row, "e"));
    let end = end.map(|(status, at)| KeyedEnd { well: status == "completed", status: status.as_str().into(), at });
    let keyed = Keyed { hash: hash.into(), generation, fingerprint: row.get("f")?.as_str().into(), end };
    Some(KnownKey { keyed: Some(keyed), is_written: true, taken: generation })
}

/// The row of a schedule.
pub(crate) fn schedule(schedule: &Schedule, next: Option<Timestamp>) -> Row<'_> {
    let Schedule { plan, context, options, timing, fingerprint, .. } = schedule;
    let mut row: Row<'_> = vec![
        ("d", Cow::Borrowed(&**plan.definition_hash())),
        ("t", micros_of(plan.default_timeout)),
        ("c", Cow::Borrowed(context)),
        ("m", Cow::Borrowed(timing)),
        ("f", Cow::Borrowed(fingerprint)),
    ];
    row.extend(options.as_deref().map(|options| ("o", Cow::Borrowed(options))));
    row.extend(next.map(|next| ("n", next.micros().to_string().into())));
    row
}

/// A schedule out of its row, with its definition.
pub(crate) fn stored_schedule(id: &str, mut row: ReadRow, definition: Option<Arc<str>>) -> Result<StoredSchedule, ReadError> {
    let incomplete = || ReadError::Schedule { id: id.to_owned(), message: "its row is incomplete".to_owned() };
    Ok(StoredSchedule {
        id: id.into(),
        definition: definition.ok_or_else(incomplete)?,
        default_timeout: timeout(&row).ok_or_else(incomplete)?,
        context: row.remove("c").ok_or_else(incomplete)?,
        options: row.remove("o"),
        timing: row.remove("m").ok_or_else(incomplete)?,
        fingerprint: row.remove("f").ok_or_else(incomplete)?,
        next: instant(&row, "n"),
    })
}

/// An execution out of its row, with its definition and what stands by itself of it, without its journal.
pub(crate) fn execution(
    id: &Arc<str>,
    key: i64,
    mut row: ReadRow,
    definition: Option<Arc<str>>,
    values: &Values,
) -> Result<StoredExecution, ReadError> {
    let missing = |message: &str| ReadError::Definition { id: id.to_string(), message: message.to_owned() };
    let context = match row.remove("c") {
        Some(text) => Some(text.strip_prefix(REFERENCE).map(|hash| value(values, hash)).transpose()?.unwrap_or(text)),
        None => None,
    };
    let options = row.remove("o").map(|text| object_with(text, &|hash| value(values, hash))).transpose()?;
    Ok(StoredExecution {
        key,
        id: Arc::clone(id),
        definition: definition.ok_or_else(|| missing("it is not there"))?,
        workflow: row.remove("w").ok_or_else(|| missing("the row of the execution is incomplete"))?.into(),
        context,
        options,
        accepted: instant(&row, "a").ok_or_else(|| missing("the row of the execution is incomplete"))?,
        default_timeout: timeout(&row).ok_or_else(|| missing("the row of the execution is incomplete"))?,
        records: Vec::new(),
    })
}

/// The records that stand in a list from `first` on. The one before them, if there is one, stands first in it.
pub(crate) fn records(id: &str, key: i64, first: u64, texts: &[String], values: &Values) -> Result<(Vec<StepRecord>, u64), ReadError> {
    let identity = identity(id);
    let failed = |seq: u64, source| ReadError::Record { id: id.to_owned(), seq: seq.cast_signed(), source };
    let (mut checksum, mut texts) = (0, texts.iter());
    if first > 0 {
        let Some(before) = texts.next() else { return Ok((Vec::new(), 0)) };
        checksum = parts(before).ok_or_else(|| failed(first - 1, RecordError::Checksum))?.1;
    }
    let mut records = Vec::with_capacity(texts.len());
    for (seq, text) in (first..).zip(texts) {
        let (at, stored, text) = parts(text).ok_or_else(|| failed(seq, RecordError::Checksum))?;
        let read = |hash: &str| value(values, hash);
        let record = Unproved::read(text, Some(stored), identity, seq, at, Some(&read)).after(checksum);
        records.push(StepRecord { key, ..record.map_err(|source| failed(seq, source))? });
        checksum = stored;
    }
    Ok((records, checksum))
}

/// A record out of its list: its instant, its checksum and its text.
pub(crate) fn parts(text: &str) -> Option<(Timestamp, u64, &str)> {
    let (at, rest) = text.split_once(' ')?;
    let (checksum, text) = rest.split_once(' ')?;
    Some((Timestamp::from_micros(at.parse().ok()?), u64::from_str_radix(checksum, 16).ok()?, text))
}

/// The checksum of a record as it stands in its list.
pub(crate) fn checksum_of(text: &str) -> Option<u64> {
    parts(text).map(|(_, checksum, _)| checksum)
}

fn value(values: &Values, hash: &str) -> Result<String, RecordError> {
    let found = values.get(hash).ok_or_else(|| ValueError::Absent { hash: hash.to_owned() })?;
    if stdx::sha256_hex(found) == hash { Ok(found.clone()) } else { Err(ValueError::Changed { hash: hash.to_owned() }.into()) }
}

/// An instant in a row.
pub(crate) fn instant(row: &ReadRow, field: &str) -> Option<Timestamp> {
    row.get(field)?.parse().ok().map(Timestamp::from_micros)
}

fn timeout(row: &ReadRow) -> Option<Duration> {
    row.get("t")?.parse().ok().map(Duration::from_micros)
}

fn micros_of(duration: Duration) -> Cow<'static, str> {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).to_string().into()
}
