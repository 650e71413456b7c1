// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Where a store is: its file, and whether what is found there is still that.
//!
//! A file can be deleted, replaced or written over by anybody while it is open, and `SQLite` notices nothing of it: what is written goes where nobody
//! will find it, or into what is not ours.

use super::OpenError;
use super::identity::id_in;
use super::lock::lock_of;
use super::schema::{PAGE_BYTES, log_of};
use crate::store::{How, Replaced};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Links that may lead to a file, one to the other.
const LINKS_MAX: usize = 40;

/// The one path of a file, however it was named: absolute, and without links. It need not exist, nor does what links to it.
pub fn canonical(path: &Path) -> PathBuf {
    let mut path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for _ in 0..LINKS_MAX {
        if let Ok(found) = path.canonicalize() {
            return found;
        }
        let Ok(target) = path.read_link() else { break };
        path = path.parent().map_or_else(|| target.clone(), |parent| parent.join(&target));
    }
    let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
    parent.zip(path.file_name()).map_or_else(|| path.clone(), |(parent, name)| parent.join(name))
}

/// How files are made that were not there: for their owner alone, unless the store's file says otherwise. `SQLite` makes its own like that file.
pub(crate) fn making(like: Option<&Metadata>) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
        options.mode(like.map_or(0o600, |like| like.permissions().mode() & 0o666));
    }
    #[cfg(not(unix))]
    let _ = like;
    options
}

/// The store's file, open from before `SQLite` opens it until after that has closed it: closing it earlier would drop the locks that `SQLite` has on it.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    file: File,
}

impl Place {
    /// Opens the file, or makes it.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Io { path: path.to_owned(), source };
        let file = making(None).open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(failed(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file")));
        }
        if names_of(&metadata) > 1 {
            return Err(OpenError::Linked { path: path.to_owned(), names: names_of(&metadata) });
        }
        Ok(Self { path: path.to_owned(), file })
    }

    /// What stands at the beginning of the file now, without its log; `None` if that is no whole page.
    pub(super) fn first_page(&self) -> Option<Vec<u8>> {
        let mut page = vec![0; usize::try_from(PAGE_BYTES).ok()?];
        read_at(&self.file, &mut page).ok()?;
        Some(page)
    }
}

impl Place {
    /// Gives a checksum to each page that has none because another program has moved a log, for a store that could be opened. That changes nothing that is
    /// read.
    pub(super) fn mend(&self) -> io::Result<()> {
        if self.first_page().is_some_and(|page| pagesum::page::is_unsummed(&page)) { pagesum::mend(&self.file) } else { Ok(()) }
    }
}

/// Looks whether the files at a place are those that were there.
#[derive(Debug)]
pub(super) struct Watch {
    /// Each with what was there.
    files: Vec<(PathBuf, Option<Identity>)>,
    /// The change counter of the first page, once that has said whose it is.
    counter: Option<u32>,
}

/// How a file is told from another at the same path.
type Identity = (u64, u64);

impl Watch {
    /// The files are what they are to be.
    pub(super) fn begin(place: &Place) -> Self {
        let paths = [place.path.clone(), log_of(&place.path), lock_of(&place.path)];
        let files = paths
            .into_iter()
            .map(|path| (path.metadata().ok().as_ref().and_then(identity_of), path))
            .map(|(identity, path)| (path, identity));
        Self { files: files.collect(), counter: None }
    }

    /// What has become of them; `id` is the store's.
    pub(super) fn look(&mut self, place: &Place, id: &str) -> Result<(), Replaced> {
        for (path, known) in &mut self.files {
            let replaced = |how| Replaced { path: path.clone(), how };
            match path.metadata() {
                Ok(metadata) => {
                    let found = identity_of(&metadata);
                    if known.is_some() && *known != found {
                        return Err(replaced(How::Replaced));
                    }
                    *known = found;
                }
                Err(error) if error.kind() == ErrorKind::NotFound => return Err(replaced(How::Deleted)),
                // It may be there all the same.
                Err(_) => {}
            }
        }
        // Somebody may be writing that very page: our log may be moved by another program too.
        for _ in 0..RETRIES {
            if self.judge(place.first_page().as_deref(), id) {
                return Ok(());
            }
            std::thread::sleep(RETRY_PAUSE);
        }
        Err(Replaced { path: place.path.clone(), how: How::Overwritten })
    }

    /// Whether a first page is ours, and not older than the last one that was.
    fn judge(&mut self, page: Option<&[u8]>, id: &str) -> bool {
        let is_ours = page.and_then(id_in).is_some_and(|found| found == id);
        let counter = page.and_then(counter_in).filter(|_| is_ours);
        match (self.counter, counter) {
            // Until a checkpoint has moved it there.
            (None, None) => true,
            (Some(_), None) => false,
            (Some(known), Some(found)) if found.wrapping_sub(known) > u32::MAX / 2 => false,
            (_, Some(found)) => {
                self.counter = Some(found);
                true
            }
        }
    }
}

const RETRIES: u32 = 3;
const RETRY_PAUSE: Duration = Duration::from_millis(5);

/// `SQLite` counts there how often the file was changed.
fn counter_in(page: &[u8]) -> Option<u32> {
    page.get(24..28).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes)
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
fn identity_of(metadata: &Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.dev(), metadata.ino()))
}

/// A file that is open cannot be replaced there.
#[cfg(not(unix))]
fn identity_of(_metadata: &Metadata) -> Option<Identity> {
    None
}

#[cfg(unix)]
fn names_of(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

#[cfg(not(unix))]
fn names_of(_metadata: &Metadata) -> u64 {
    1
}

#[cfg(unix)]
fn read_at(file: &File, into: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, 0)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, into: &mut [u8]) -> io::Result<()> {
    use std::io::{Read as _, Seek as _};
    file.rewind()?;
    file.read_exact(into)
}

#[cfg(test)]
mod tests {
    use super::super::identity::declaration;
    use super::*;

    fn page(counter: u32, id: &str) -> Vec<u8> {
        let mut page = vec![0; 24];
        page.extend(counter.to_be_bytes());
        page.extend([0; 100]);
        page.extend(declaration(id).bytes());
        page
    }

    #[test]
    fn a_first_page_is_ours_from_when_it_has_said_so_and_never_older_than_it_was() {
        let (ours, theirs) = ("01980000-0000-7000-8000-000000000001", "01980000-0000-7000-8000-000000000002");
        let mut watch = Watch { files: Vec::new(), counter: None };
        assert!(watch.judge(None, ours) && watch.judge(Some(&page(1, theirs)), ours), "nothing has been moved there yet");
        assert!(
            watch.judge(Some(&page(5, ours)), ours) && watch.judge(Some(&page(5, ours)), ours) && watch.judge(Some(&page(9, ours)), ours)
        );
        assert!(!watch.judge(Some(&page(8, ours)), ours), "an older copy");
        assert!(!watch.judge(Some(&page(10, theirs)), ours) && !watch.judge(None, ours));
        assert!(watch.judge(Some(&page(10, ours)), ours));
        watch.counter = Some(u32::MAX);
        assert!(watch.judge(Some(&page(0, ours)), ours), "it counts round");
    }
}
