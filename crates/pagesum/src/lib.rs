// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Checksums of the pages of a `SQLite` file and of its log, so that what a medium has changed is never taken for what was written.
//!
//! `SQLite` lets a file keep the last bytes of each page to others and pays no attention to them; its own `cksumvfs` uses them as this crate does.
//!
//! ```text
//! page N of the file   content, 8184 bytes │ checksum of content and N, 8 bytes      (`page`)
//! frame of the log     header with a checksum chained to that of the frame before │ page      (`log`)
//! ```
//! - A page of the file gets its checksum as it is written there, which a checkpoint does, and is held to it whenever it is read.
//! - The log has checksums of `SQLite`'s own, which that looks at only after a crash. Here they are looked at whenever a frame is read, by a
//!   checkpoint too, so that nothing damaged gets a checksum of ours. Commits cost nothing for it.
//!
//! Other programs read such a file as any other. One that moves a log into it writes pages without a checksum: a connection of ours puts [`page::MARK`] in
//! its place in every page that it reads, so that those pages are known for what they are. The first page is among them, since each log has it, and
//! stays as it is until [`mend`] has given all of them a checksum. What another program itself changes keeps the checksum of what was there before
//! and is refused, as any damage is.
//!
//! `shim` is the one module with `unsafe` code: `SQLite` is asked through its interface for file systems, which is one of C.

pub mod log;
pub mod page;
mod shim;

pub use shim::{Fault, open, reserve, take_fault};

use page::{PAGE_BYTES, Verdict};
use std::fs::File;
use std::io;

/// Gives a checksum to each page that has none, the first page last, so that what is interrupted is done again.
///
/// For a file to which nobody of ours moves a log meanwhile. A program that moves a log meanwhile may write a page between our look at it and its checksum, so
/// each is looked at again.
pub fn mend(file: &File) -> io::Result<()> {
    let pages = file.metadata()?.len() / PAGE_BYTES as u64;
    let mut page = vec![0; PAGE_BYTES];
    for number in (2..=pages).chain([1]) {
        let number = u32::try_from(number).map_err(io::Error::other)?;
        for _ in 0..RETRIES {
            read_page(file, number, &mut page)?;
            if !matches!(page::judge(&page, number), Verdict::Unsummed | Verdict::Empty) || page::is_lock_page(number) {
                break;
            }
            page::stamp(&mut page, number);
            write_sum(file, number, &page)?;
        }
    }
    file.sync_data()
}

const RETRIES: u32 = 4;

/// Reads a page of a file, without its log.
pub fn read_page(file: &File, number: u32, into: &mut [u8]) -> io::Result<()> {
    read_at(file, u64::from(number - 1) * PAGE_BYTES as u64, into)
}

fn write_sum(file: &File, number: u32, page: &[u8]) -> io::Result<()> {
    let at = u64::from(number) * PAGE_BYTES as u64 - page::SUM_BYTES as u64;
    write_at(file, at, page.get(PAGE_BYTES - page::SUM_BYTES..).unwrap_or_default())
}

#[cfg(unix)]
fn read_at(file: &File, at: u64, into: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, at)
}

#[cfg(unix)]
fn write_at(file: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, at: u64, into: &mut [u8]) -> io::Result<()> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(into)
}

#[cfg(not(unix))]
fn write_at(mut file: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
    use std::io::{Seek as _, SeekFrom, Write as _};
    file.seek(SeekFrom::Start(at))?;
    file.write_all(bytes)
}
