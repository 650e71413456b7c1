// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Looks at a whole store and names what is damaged, without changing anything.

use super::audit::{self, Behind};
use super::lock::{self, Note};
use super::reader::SqliteReader;
use super::schema::{PAGE_BYTES, log_of};
use super::{OpenError, heads, identity, values};
use crate::causes::in_full;
use crate::report;
use crate::store::ReadError;
use pagesum::page::{self, Verdict};
use rusqlite::{Connection, Row};
use serde_json::{Value, json};
use std::fs::File;
use std::path::Path;

/// What is damaged in a store.
#[derive(Debug, Default)]
pub struct StoreReport {
    /// Whether its pages have checksums; those of a store that an older version made have none.
    pub has_checksums: bool,
    /// Pages of the file that are not as they were written, from 1.
    pub pages: Vec<u32>,
    /// What is wrong with the log.
    pub log: Option<String>,
    /// Why the store cannot be opened, or not looked at to its end.
    pub structure: Option<String>,
    /// Executions that cannot be read, by id, and why.
    pub executions: Vec<(String, String)>,
    /// The same of schedules.
    pub schedules: Vec<(String, String)>,
    /// Cached outputs that cannot be read.
    pub cache: u64,
    /// Idempotency keys that cannot be read.
    pub keys: u64,
    /// Values that stand by themselves and cannot be read; executions that have them are named too.
    pub values: u64,
}

impl StoreReport {
    /// Whether nothing is damaged.
    pub fn is_sound(&self) -> bool {
        let Self { pages, log, structure, executions, schedules, cache, keys, values, has_checksums: _ } = self;
        pages.is_empty()
            && log.is_none()
            && structure.is_none()
            && executions.is_empty()
            && schedules.is_empty()
            && *cache == 0
            && *keys == 0
            && *values == 0
    }

    /// As JSON text.
    pub fn text(&self) -> String {
        let named =
            |rows: &[(String, String)]| rows.iter().map(|(id, message)| json!({ "id": id, "message": message })).collect::<Vec<Value>>();
        json!({
            "sound": self.is_sound(),
            "checksums": self.has_checksums,
            "pages": self.pages,
            "log": self.log,
            "structure": self.structure,
            "executions": named(&self.executions),
            "schedules": named(&self.schedules),
            "cache": self.cache,
            "keys": self.keys,
            "values": self.values,
        })
        .to_string()
    }
}

/// Looks at the store at `path`, which an orchestrator may have open. A file that is not there, or cannot be opened, is an error; whatever is wrong
/// with what is in it is in the report.
pub fn verify(path: &Path) -> Result<StoreReport, OpenError> {
    let file = File::open(path).map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
    let mut report = StoreReport::default();
    // Before the journal is looked at: what is noted is never ahead of it.
    let note = lock::noted(path);
    let reader = match SqliteReader::open(path).and_then(|reader| reader.keep_log().map(|()| reader)) {
        Ok(reader) => reader,
        Err(error) => {
            report.structure = Some(in_full(&error));
            return Ok(report);
        }
    };
    report.log = Behind::look(reader.connection(), path).map(|behind| behind.to_string());
    pages(&file, path, &mut report);
    if let Err(error) = noted(&reader, note, &mut report).and_then(|()| rows(&reader, &mut report)) {
        report.structure.get_or_insert_with(|| in_full(&error));
    }
    Ok(report)
}

/// Looks at each page of the file, without its log.
fn pages(file: &File, path: &Path, report: &mut StoreReport) {
    let count = file.metadata().map_or(0, |metadata| metadata.len()) / PAGE_BYTES;
    let mut bytes = vec![0; page::PAGE_BYTES];
    let mut read = |number: u32| pagesum::read_page(file, number, &mut bytes).is_ok().then(|| (page::judge(&bytes, number), bytes.clone()));
    let Some((_, first)) = read(1) else { return };
    report.has_checksums = page::has_sums(&first);
    if !report.has_checksums {
        return;
    }
    let is_unsummed = page::is_unsummed(&first);
    // What is in the log is read from there, and may be half written to the file.
    let logged = pagesum::log::pages(&log_of(path));
    for number in (1..=u32::try_from(count).unwrap_or(u32::MAX)).filter(|number| !page::is_lock_page(*number)) {
        let is_bad = |verdict| verdict == Verdict::Damaged || (verdict == Verdict::Empty && !is_unsummed);
        // An orchestrator may be writing it.
        let is_damaged = (0..3).all(|_| read(number).is_none_or(|(verdict, _)| is_bad(verdict)));
        if is_damaged && !logged.contains(&number) {
            report.pages.push(number);
        }
    }
}

/// Whether it is the store that its lock knows, and no shorter.
fn noted(reader: &SqliteReader, note: Option<Note>, report: &mut StoreReport) -> Result<(), ReadError> {
    let Some(Note { id, floor }) = note else { return Ok(()) };
    let (found, end) = (identity::read(reader.connection())?, audit::end(reader.connection())?);
    report.structure = if found.is_none_or(|found| found != id) {
        Some("it is another store than the one that its lock knows".to_owned())
    } else if end < floor {
        Some(format!(
            "its journal ends at position {end}, and had got to {floor}: its log is missing or was cut, or an older copy was put here"
        ))
    } else {
        None
    };
    Ok(())
}

fn rows(reader: &SqliteReader, report: &mut StoreReport) -> Result<(), ReadError> {
    let connection = reader.connection();
    if identity::read(connection)?.is_none() {
        report.structure.get_or_insert_with(|| "the id of the store is not there".to_owned());
    }
    reader.each(heads::all(connection)?, |found| match found {
        Ok(stored) => {
            if let Err(error) = report::stored(&stored) {
                report.executions.push((stored.id.to_string(), in_full(&error)));
            }
        }
        Err(damaged) => report.executions.push((damaged.id.to_string(), in_full(&damaged.error))),
    })?;
    for (id, schedule) in reader.schedules()? {
        if let Err(error) = schedule {
            report.schedules.push((id.to_string(), in_full(&error)));
        }
    }
    report.cache = unread(connection, "SELECT key, output, until FROM cache WHERE key > ?1 ORDER BY key", |row| {
        let output: String = row.get(1)?;
        row.get::<_, i64>(2)?;
        Ok(serde_json::from_str::<&serde_json::value::RawValue>(&output).is_ok())
    })?;
    report.keys =
        unread(connection, "SELECT hash, execution, generation, fingerprint FROM idempotency WHERE hash > ?1 ORDER BY hash", |row| {
            let (_, _, _): (String, i64, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok(true)
        })?;
    report.values = values::unread(connection)?;
    Ok(())
}

/// How many rows of a table without rows by number cannot be read. One that is damaged hides those behind it: it counts once, and ends the look.
fn unread(connection: &Connection, query: &str, is_whole: impl Fn(&Row<'_>) -> rusqlite::Result<bool>) -> Result<u64, ReadError> {
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.query([""])?;
    let mut unread = 0;
    loop {
        match rows.next().map_err(ReadError::from) {
            Ok(None) => return Ok(unread),
            Ok(Some(row)) => unread += u64::from(!is_whole(row).unwrap_or(false)),
            Err(error) if error.is_of_one() => return Ok(unread + 1),
            Err(error) => return Err(error),
        }
    }
}
