// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Rows and journals of executions, whether they are packed or not.
//!
//! What is packed is asked for last: what is missing before it was packed meanwhile, and is there.

use super::{RedisArchive, read};
use crate::packed::{self, HEAD, Whole};
use crate::stored::{ReadRow, Values};
use redis::Pipeline;
use runtime::store::ReadError;
use std::sync::Arc;

/// Fields that lists are filtered by: of which workflow it is, and how it ended.
pub(super) type Filtered = (Option<String>, Option<String>);

impl RedisArchive {
    /// What is on record of each of these; `None` where there is nothing.
    pub(super) fn wholes(&self, ids: &[Arc<str>]) -> Result<Vec<Option<Result<Whole, ReadError>>>, ReadError> {
        let mut question = Pipeline::new();
        for id in ids {
            let prefix = self.prefix_of(id);
            question.cmd("HGETALL").arg(format!("{prefix}x:{id}"));
            question.cmd("LRANGE").arg(format!("{prefix}j:{id}")).arg(0).arg(-1);
            question.cmd("HGETALL").arg(format!("{prefix}v:{id}"));
            question.cmd("GET").arg(format!("{prefix}e:{id}"));
        }
        let mut answers = self.reading.ask_all::<Vec<redis::Value>>(&question)?.into_iter();
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let (row, texts): (ReadRow, Vec<String>) = (read(answers.next())?, read(answers.next())?);
            let (values, packed): (Values, Option<Vec<u8>>) = (read(answers.next())?, read(answers.next())?);
            found.push(match packed {
                Some(packed) => Some(packed::unpack(id, &packed)),
                None if row.is_empty() => None,
                None => Some(Ok(Whole { row, texts, values })),
            });
        }
        Ok(found)
    }

    /// A row of each of these; an empty one where there is none. Of what is packed and damaged there is what lists look at.
    pub(super) fn rows(&self, ids: &[Arc<str>]) -> Result<Vec<ReadRow>, ReadError> {
        let mut question = Pipeline::new();
        for id in ids {
            let prefix = self.prefix_of(id);
            question.cmd("HGETALL").arg(format!("{prefix}x:{id}"));
            question.cmd("GET").arg(format!("{prefix}e:{id}"));
        }
        let answers: Vec<redis::Value> = self.reading.ask_all(&question)?;
        let mut answers = answers.into_iter();
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            let (row, packed): (ReadRow, Option<Vec<u8>>) = (read(answers.next())?, read(answers.next())?);
            rows.push(packed.map_or(row, |packed| packed::unpack(id, &packed).map_or_else(|_| head_of(&packed), |whole| whole.row)));
        }
        Ok(rows)
    }

    /// What lists are filtered by, of each of these.
    pub(super) fn filtered<'i>(&self, ids: impl Iterator<Item = &'i str>) -> Result<Vec<Filtered>, ReadError> {
        let mut question = Pipeline::new();
        for id in ids {
            let prefix = self.prefix_of(id);
            question.cmd("HMGET").arg(format!("{prefix}x:{id}")).arg("w").arg("s");
            question.cmd("GETRANGE").arg(format!("{prefix}e:{id}")).arg(0).arg(HEAD - 1);
        }
        let answers: Vec<redis::Value> = self.reading.ask_all(&question)?;
        let mut answers = answers.into_iter();
        let mut found = Vec::with_capacity(answers.len() / 2);
        while let Some(row) = answers.next() {
            let (row, head): (Filtered, Vec<u8>) = (read(Some(row))?, read(answers.next())?);
            found.push(packed::head(&head).map_or(row, |head| (Some(head.workflow), Some(head.status.to_owned()))));
        }
        Ok(found)
    }
}

/// What of a row can be read by itself.
fn head_of(packed: &[u8]) -> ReadRow {
    let Some(head) = packed::head(packed) else { return ReadRow::default() };
    let fields = [
        ("s", head.status.to_owned()),
        ("w", head.workflow),
        ("e", head.ended.micros().to_string()),
        ("a", head.accepted.micros().to_string()),
    ];
    fields.map(|(field, value)| (field.to_owned(), value)).into_iter().collect()
}
