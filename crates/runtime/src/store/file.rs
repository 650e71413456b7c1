// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The least a durable journal can cost: records appended to a file, one `fdatasync` for each commit. It cannot be read back.
//!
//! `npm run bench` runs the same driver over it, and what `SQLite` costs beyond it is what `SQLite` costs.

use super::{Archive, Batch, CommitError, Medium, MemoryStore, OpenError, Store, encode};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

/// A file that only grows.
#[derive(Debug)]
pub struct FileStore {
    file: File,
    text: String,
}

impl FileStore {
    /// Creates the file, or goes on at its end.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        Ok(Self { file, text: String::new() })
    }
}

impl Store for FileStore {
    fn commit(&mut self, batches: &mut [Batch]) -> Result<(), CommitError> {
        self.text.clear();
        for batch in batches {
            for accepted in &batch.accepted {
                self.text.push_str(&accepted.id);
                self.text.push_str(accepted.context.as_deref().unwrap_or_default());
                self.text.push('\n');
            }
            for record in &batch.records {
                encode(record, &mut self.text);
                self.text.push('\n');
            }
        }
        Ok(self.file.write_all(self.text.as_bytes())?)
    }

    fn medium(&self) -> std::io::Result<Box<dyn Medium>> {
        Ok(Box::new(self.file.try_clone()?))
    }

    fn archive(&self) -> Result<Box<dyn Archive>, OpenError> {
        MemoryStore::default().archive()
    }

    fn forget(&mut self, _id: &str) {}
}
