// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Facts that nobody keeps are brought up to date at once.

use super::book;
use super::folding::{FoldError, Folding};
use crate::store::{OpenError, ReadError, SqliteReader};
use std::path::Path;
use stdx::Timestamp;

/// Folds what the file at `facts` lacks of the store that `reader` reads, at most so many records; whether there may be more. Nobody else may write
/// that file meanwhile.
pub fn catch_up(reader: &SqliteReader, facts: &Path, records_max: usize) -> Result<bool, ReadError> {
    let unwritten = |error: FoldError| match error {
        FoldError::Write(error) => error.into(),
        FoldError::Read(error) => error,
        FoldError::Open(message) => ReadError::Unavailable { message },
    };
    let reader = reader.beside_it().map_err(|error: OpenError| ReadError::Unavailable { message: error.to_string() })?;
    // Whoever needs them after a power cut makes them anew.
    let connection = book::open_for_writing(facts, reader.path(), true)?;
    // With roll-ups if they have them.
    let rolls = book::state(&connection)?.is_none_or(|state| state.rolled);
    let mut folding = Folding::begin(reader, connection, rolls, Timestamp::from_micros(u64::MAX)).map_err(unwritten)?;
    if records_max == usize::MAX {
        folding.read_ahead(0)?;
    }
    let mut left = records_max;
    let mut more = true;
    while more && left > 0 {
        let before = folding.pending;
        more = folding.page(left.min(64)).map_err(unwritten)?;
        left = left.saturating_sub((folding.pending - before).max(1));
        if folding.pending > 20_000 {
            folding.flush().map_err(unwritten)?;
        }
    }
    folding.flush().map_err(unwritten)?;
    Ok(more)
}
