// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Whose a file is: each store has an id. It stands in the definition of a table, since `SQLite` keeps those in the first page: so it can be read in the
//! file alone, and through the log, and both must say the same.

use rusqlite::{Connection, OptionalExtension as _};

const BEFORE: &str = "(id TEXT NOT NULL DEFAULT '";

/// The table of a store with this id.
pub(super) fn declaration(id: &str) -> String {
    format!("store {BEFORE}{id}') STRICT")
}

/// The id of the store that a connection sees; none in one that an older version of this build made.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let declared =
        connection.query_row("SELECT sql FROM sqlite_schema WHERE name = 'store'", [], |row| row.get::<_, String>(0)).optional()?;
    Ok(declared.and_then(|sql| id_in(sql.as_bytes()).map(str::to_owned)))
}

/// Gives the store an id.
pub(super) fn give(connection: &Connection, id: &str) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS {}; INSERT INTO store DEFAULT VALUES; COMMIT;",
        declaration(id)
    ))
}

/// The id in the bytes of a first page.
pub(super) fn id_in(page: &[u8]) -> Option<&str> {
    let at = page.windows(BEFORE.len()).position(|window| window == BEFORE.as_bytes())? + BEFORE.len();
    let length = page.get(at..)?.iter().position(|byte| *byte == b'\'')?;
    str::from_utf8(page.get(at..at + length)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_has_an_id_says_so_in_its_schema() {
        let connection = Connection::open_in_memory().unwrap();
        assert_eq!(read(&connection).unwrap(), None);
        give(&connection, "some-id").unwrap();
        assert_eq!(read(&connection).unwrap().as_deref(), Some("some-id"));
        let row: String = connection.query_row("SELECT id FROM store", [], |row| row.get(0)).unwrap();
        assert_eq!(row, "some-id", "for people, too");
    }
}
