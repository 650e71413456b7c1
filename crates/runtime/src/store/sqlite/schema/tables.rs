// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What stands in the file.

/// What a new file begins with, beside the journal.
pub(super) const CREATE: &str = "
    CREATE TABLE definition (hash TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
    CREATE TABLE execution (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        workflow TEXT NOT NULL,
        definition TEXT NOT NULL REFERENCES definition (hash),
        context TEXT,
        options TEXT,
        default_timeout INTEGER NOT NULL,
        started INTEGER NOT NULL,
        ended INTEGER,
        status TEXT NOT NULL,
        last INTEGER,
        records INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX execution_unended ON execution (key) WHERE ended IS NULL;
    CREATE INDEX execution_workflow ON execution (workflow, key);
    CREATE TABLE mark (position INTEGER NOT NULL) STRICT;
    INSERT INTO mark VALUES (0);
    CREATE TABLE cache (key TEXT PRIMARY KEY, output TEXT NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

/// `journal` is append-only by position and has no index, so that a commit touches its last pages alone; `tails` says how the rows of an
/// execution are found. An index cost a sixth of everything a process does for a task of a chain (measured: 0.85 of 5.0 µs).
///
/// Rows of the first version have no checksum.
pub(super) const JOURNAL: &str = "CREATE TABLE journal (
        position INTEGER PRIMARY KEY,
        execution INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        previous INTEGER,
        at INTEGER NOT NULL,
        body TEXT NOT NULL,
        checksum INTEGER
    ) STRICT";

/// What a file may lack, because it came after the file was made; builds that do not know it leave it as it is.
pub(super) const COMPLETE: &str = "
    CREATE TABLE IF NOT EXISTS schedule (
        id TEXT PRIMARY KEY,
        definition TEXT NOT NULL REFERENCES definition (hash),
        default_timeout INTEGER NOT NULL,
        context TEXT NOT NULL,
        options TEXT,
        timing TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        next INTEGER
    ) STRICT;
    CREATE TABLE IF NOT EXISTS idempotency (
        hash TEXT PRIMARY KEY,
        execution TEXT NOT NULL,
        generation INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        status TEXT,
        ended INTEGER,
        until INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS idempotency_until ON idempotency (until) WHERE until IS NOT NULL;
    CREATE INDEX IF NOT EXISTS cache_until ON cache (until);
    CREATE TABLE IF NOT EXISTS value (hash TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS value_use (execution INTEGER NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (execution, hash)) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS value_use_hash ON value_use (hash);
    CREATE TABLE IF NOT EXISTS deleted (key INTEGER PRIMARY KEY, last INTEGER) STRICT;
";
