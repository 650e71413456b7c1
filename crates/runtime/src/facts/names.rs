// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Names are written once and stand for a number everywhere else: ids of workflows, tasks, agents and tenants, codes, models.

use rusqlite::{Connection, OptionalExtension as _};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Names that are remembered at once; with more of them, they are looked up again.
const REMEMBERED_MAX: usize = 50_000;

/// The numbers of names.
#[derive(Debug, Default)]
pub(super) struct Names(FxHashMap<Arc<str>, i64>);

impl Names {
    /// The number of a name, given to it now if it has none.
    pub(super) fn number(&mut self, connection: &Connection, name: &str) -> rusqlite::Result<i64> {
        if let Some(number) = self.0.get(name) {
            return Ok(*number);
        }
        let number = if let Some(number) = known(connection, name)? {
            number
        } else {
            connection.prepare_cached("INSERT INTO name (text) VALUES (?1)")?.insert([name])?
        };
        if self.0.len() >= REMEMBERED_MAX {
            self.0.clear();
        }
        self.0.insert(name.into(), number);
        Ok(number)
    }

    /// Of a name that may be absent.
    pub(super) fn maybe(&mut self, connection: &Connection, name: Option<&str>) -> rusqlite::Result<Option<i64>> {
        name.map(|name| self.number(connection, name)).transpose()
    }
}

/// The number of a name; `None` if it has none, so that nothing is of that name.
pub(super) fn known(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection.prepare_cached("SELECT number FROM name WHERE text = ?1")?.query_row([name], |row| row.get(0)).optional()
}
