// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Between `SQLite` and the files of its default VFS: <https://sqlite.org/vfs.html>.
//!
//! A file of ours is [`Held`], and behind it in the same memory the file of the default VFS, which does everything; reading and writing alone are
//! looked at here.
#![expect(
    unsafe_code,
    reason = "SQLite asks for files through function pointers and gets memory to keep them in; there is no safe way to be asked"
)]

use crate::log::{self, FRAME_HEADER_BYTES, Written};
use crate::page::{self, First, PAGE_BYTES, Verdict};
use rusqlite::ffi::{self, sqlite3_file, sqlite3_io_methods, sqlite3_vfs};
use rusqlite::{Connection, OpenFlags};
use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::path::Path;
use std::sync::OnceLock;

/// By what name `SQLite` knows it.
const NAME: &CStr = c"pagesum";

/// Something that is not as it was written, found by the last read of this thread that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The page, from 1.
    pub page: u32,
    /// Whether that is in the log.
    pub in_log: bool,
}

thread_local! {
    static FAULT: Cell<Option<Fault>> = const { Cell::new(None) };
}

/// Which page it was, after an `SQLITE_IOERR_DATA`: once.
pub fn take_fault() -> Option<Fault> {
    FAULT.take()
}

fn refused(page: u64, in_log: bool) -> c_int {
    FAULT.set(Some(Fault { page: u32::try_from(page).unwrap_or(u32::MAX), in_log }));
    ffi::SQLITE_IOERR_DATA
}

/// Opens a file through it. A new file, and every copy that this connection makes, has checksums; one that has none stays without.
///
/// `id` is the `application_id` of files of ours.
pub fn open(path: &Path, flags: OpenFlags, id: i32) -> rusqlite::Result<Connection> {
    register(id)?;
    let connection = Connection::open_with_flags_and_vfs(path, flags, NAME)?;
    reserve(&connection)?;
    Ok(connection)
}

/// Asks for the room of a checksum in whatever file this connection makes. `PRAGMA page_size` forgets it.
pub fn reserve(connection: &Connection) -> rusqlite::Result<()> {
    let mut bytes = c_int::try_from(page::SUM_BYTES).unwrap_or_default();
    // SAFETY: the connection is open as long as it is borrowed; for this operation the argument is a pointer to an int, which is read and written
    // during the call alone.
    let code = unsafe {
        ffi::sqlite3_file_control(connection.handle(), c"main".as_ptr(), ffi::SQLITE_FCNTL_RESERVE_BYTES, (&raw mut bytes).cast())
    };
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)) }
}

/// The default VFS, which lives as long as the process.
struct Base(*mut sqlite3_vfs);

// SAFETY: `SQLite` itself hands the same VFS to every thread, and its functions are made for that.
unsafe impl Send for Base {}
// SAFETY: as above.
unsafe impl Sync for Base {}

static BASE: OnceLock<Option<(Base, [u8; 4])>> = OnceLock::new();

fn register(id: i32) -> rusqlite::Result<()> {
    let registered = BASE.get_or_init(|| {
        // SAFETY: null asks for the default VFS; whatever is returned stays.
        let base = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) };
        // SAFETY: a VFS that was found may be read.
        let copied = unsafe { base.as_ref() }?;
        let held = c_int::try_from(size_of::<Held>()).ok()?;
        // Everything but opening is the default's own: those functions look at nothing of a VFS but what is copied.
        let own = sqlite3_vfs {
            szOsFile: copied.szOsFile + held,
            pNext: std::ptr::null_mut(),
            zName: NAME.as_ptr(),
            xOpen: Some(open_file),
            ..*copied
        };
        // SAFETY: it is never freed, and not changed by us any more.
        let code = unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(own)), 0) };
        (code == ffi::SQLITE_OK).then_some((Base(base), id.to_be_bytes()))
    });
    if registered.is_some() { Ok(()) } else { Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_NOTFOUND), None)) }
}

/// What `SQLite` holds of a file.
#[repr(C)]
struct Held {
    base: sqlite3_file,
    /// Made by opening, gone with closing.
    state: *mut State,
}

struct State {
    kind: Kind,
    /// For a page on its way, or one that is looked at beside what was asked for.
    page: Box<[u8]>,
}

enum Kind {
    Main {
        /// Whether pages have checksums.
        is_summed: bool,
    },
    Log(Written),
}

/// The file of the default VFS.
///
/// # Safety
/// `file` is one that `open_file` was given.
unsafe fn real(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: `szOsFile` asked for the room of both, and `Held` is as large as its alignment, that of a pointer, asks for.
    unsafe { file.cast::<Held>().add(1).cast() }
}

/// Calls a method of the default VFS.
macro_rules! ask {
    ($file:expr, $method:ident, $otherwise:expr $(, $argument:expr)*) => {{
        let file = real($file);
        match (*(*file).pMethods).$method {
            Some(method) => method(file $(, $argument)*),
            None => $otherwise,
        }
    }};
}

/// A method that is the default's own.
macro_rules! through {
    ($($name:ident = $method:ident($($argument:ident: $type:ty),*) -> $result:ty, $otherwise:expr;)*) => {$(
        unsafe extern "C" fn $name(file: *mut sqlite3_file, $($argument: $type),*) -> $result {
            // SAFETY: `SQLite` asks this of files that `open_file` has opened, and the arguments are what the default expects.
            unsafe { ask!(file, $method, $otherwise $(, $argument)*) }
        }
    )*};
}

through! {
    truncate = xTruncate(size: i64) -> c_int, ffi::SQLITE_IOERR;
    sync = xSync(flags: c_int) -> c_int, ffi::SQLITE_IOERR;
    file_size = xFileSize(size: *mut i64) -> c_int, ffi::SQLITE_IOERR;
    lock = xLock(level: c_int) -> c_int, ffi::SQLITE_IOERR;
    unlock = xUnlock(level: c_int) -> c_int, ffi::SQLITE_IOERR;
    check_reserved = xCheckReservedLock(out: *mut c_int) -> c_int, ffi::SQLITE_IOERR;
    file_control = xFileControl(operation: c_int, argument: *mut c_void) -> c_int, ffi::SQLITE_NOTFOUND;
    sector_size = xSectorSize() -> c_int, 0;
    shm_map = xShmMap(region: c_int, size: c_int, extend: c_int, out: *mut *mut c_void) -> c_int, ffi::SQLITE_IOERR;
    shm_lock = xShmLock(offset: c_int, count: c_int, flags: c_int) -> c_int, ffi::SQLITE_IOERR;
    shm_barrier = xShmBarrier() -> (), ();
    shm_unmap = xShmUnmap(delete: c_int) -> c_int, ffi::SQLITE_OK;
}

/// Without `xFetch`, so that nothing is read past `read`.
static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Parts of pages are not read by themselves: they could not be judged.
unsafe extern "C" fn characteristics(file: *mut sqlite3_file) -> c_int {
    // SAFETY: as in `through!`.
    unsafe { ask!(file, xDeviceCharacteristics, 0) & !ffi::SQLITE_IOCAP_SUBPAGE_READ }
}

unsafe extern "C" fn open_file(
    _vfs: *mut sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let Some(Some((Base(base), _))) = BASE.get() else { return ffi::SQLITE_CANTOPEN };
    // SAFETY: the default VFS is there, and was found with this function or none.
    let Some(open) = (unsafe { (**base).xOpen }) else { return ffi::SQLITE_CANTOPEN };
    let is_main = flags & ffi::SQLITE_OPEN_MAIN_DB != 0;
    if !is_main && flags & ffi::SQLITE_OPEN_WAL == 0 {
        // Journals and temporary files: the memory is more than large enough for the default's file alone.
        // SAFETY: the arguments are those that `SQLite` gave.
        return unsafe { open(*base, name, file, flags, out_flags) };
    }
    // SAFETY: `file` is memory of `szOsFile` bytes; a file without methods is one that is not to be closed.
    unsafe { (*file).pMethods = std::ptr::null() };
    // SAFETY: behind `Held` there is room for the default's file.
    let code = unsafe { open(*base, name, real(file), flags, out_flags) };
    // SAFETY: the default sets its methods, or null if there is nothing to close.
    let is_open = unsafe { !(*real(file)).pMethods.is_null() };
    if !is_open {
        return if code == ffi::SQLITE_OK { ffi::SQLITE_CANTOPEN } else { code };
    }
    let kind = if is_main {
        let mut size = 0;
        // SAFETY: it is open.
        let is_new = unsafe { ask!(file, xFileSize, ffi::SQLITE_IOERR, &raw mut size) == ffi::SQLITE_OK && size == 0 };
        Kind::Main { is_summed: is_new }
    } else {
        Kind::Log(Written::default())
    };
    let state = Box::new(State { kind, page: vec![0; PAGE_BYTES].into_boxed_slice() });
    // SAFETY: `file` begins with a `Held`; `close` takes the state back, which is called once for whatever has methods.
    unsafe {
        (*file.cast::<Held>()).state = Box::into_raw(state);
        (*file).pMethods = &raw const METHODS;
    }
    code
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: as in `through!`; the state was made by `open_file`, and nothing is asked of a file that is closed.
    unsafe {
        let code = ask!(file, xClose, ffi::SQLITE_OK);
        drop(Box::from_raw((*file.cast::<Held>()).state));
        (*file).pMethods = std::ptr::null();
        code
    }
}

unsafe extern "C" fn read(file: *mut sqlite3_file, into: *mut c_void, amount: c_int, offset: i64) -> c_int {
    // SAFETY: as in `through!`; `into` has room for `amount` bytes and is ours until we return, and one thread at a time asks of a file.
    let (state, code, bytes) = unsafe {
        let code = ask!(file, xRead, ffi::SQLITE_IOERR_READ, into, amount, offset);
        let bytes = std::slice::from_raw_parts_mut(into.cast::<u8>(), usize::try_from(amount).unwrap_or_default());
        (&mut *(*file.cast::<Held>()).state, code, bytes)
    };
    if !matches!(code, ffi::SQLITE_OK | ffi::SQLITE_IOERR_SHORT_READ) {
        return code;
    }
    let more = |into: &mut [u8], offset: u64| {
        let (Ok(amount), Ok(offset)) = (c_int::try_from(into.len()), i64::try_from(offset)) else { return false };
        // SAFETY: as above, into memory of our own.
        unsafe { ask!(file, xRead, ffi::SQLITE_IOERR_READ, into.as_mut_ptr().cast(), amount, offset) == ffi::SQLITE_OK }
    };
    judged(state, code, bytes, offset.cast_unsigned(), more)
}

/// What a read comes to. `more` reads something else of the file, and says whether it was there.
fn judged(state: &mut State, code: c_int, bytes: &mut [u8], offset: u64, more: impl Fn(&mut [u8], u64) -> bool) -> c_int {
    let (State { kind, page }, is_page) = (state, bytes.len() == PAGE_BYTES);
    match kind {
        Kind::Log(written) => {
            let Some(frame) = log::frame_at(offset).filter(|frame| is_page && written.is_settled(*frame)) else { return code };
            if code == ffi::SQLITE_OK && frame_is_sound(frame, bytes, more) { code } else { refused(page_of(frame), true) }
        }
        Kind::Main { is_summed } => {
            if offset == 0 && code == ffi::SQLITE_OK {
                if !more(page, 0) {
                    return code;
                }
                let id = BASE.get().and_then(Option::as_ref).map_or([0; 4], |(_, id)| *id);
                match page::first(page, id) {
                    First::Damaged => return refused(1, false),
                    First::Summed => *is_summed = true,
                    First::Plain => *is_summed = false,
                }
            }
            if !*is_summed || !is_page || !offset.is_multiple_of(PAGE_BYTES as u64) || (offset == 0 && code != ffi::SQLITE_OK) {
                return code;
            }
            let number = offset / PAGE_BYTES as u64 + 1;
            let verdict = u32::try_from(number).map_or(Verdict::Damaged, |number| page::judge(bytes, number));
            let is_good = match verdict {
                Verdict::Sound | Verdict::Unsummed => true,
                Verdict::Empty => more(page, 0) && page::is_unsummed(page),
                Verdict::Damaged => false,
            };
            if !is_good || code != ffi::SQLITE_OK {
                return refused(number, false);
            }
            page::mark(bytes);
            code
        }
    }
}

/// The place of a frame in the log, from 1.
fn page_of(frame: u64) -> u64 {
    (frame - log::HEADER_BYTES) / (FRAME_HEADER_BYTES + PAGE_BYTES) as u64 + 1
}

fn frame_is_sound(frame: u64, page: &[u8], more: impl Fn(&mut [u8], u64) -> bool) -> bool {
    let (mut header, mut before, mut magic) = ([0; FRAME_HEADER_BYTES], [0; 8], [0; 4]);
    let is_read = more(&mut header, frame) && more(&mut before, log::chained_to(frame)) && more(&mut magic, 0);
    let (Some(before), Some(is_big)) = (log::sum_in(&before), log::is_big(&magic)) else { return false };
    is_read && log::is_sound(before, &header, page, is_big)
}

unsafe extern "C" fn write(file: *mut sqlite3_file, from: *const c_void, amount: c_int, offset: i64) -> c_int {
    // SAFETY: as in `read`; `from` has `amount` bytes that stay as they are until we return.
    let (state, bytes) = unsafe {
        let bytes = std::slice::from_raw_parts(from.cast::<u8>(), usize::try_from(amount).unwrap_or_default());
        (&mut *(*file.cast::<Held>()).state, bytes)
    };
    let mut from = from;
    let at = offset.cast_unsigned();
    match &mut state.kind {
        Kind::Log(written) => written.wrote(at, bytes),
        Kind::Main { is_summed } if bytes.len() == PAGE_BYTES && at.is_multiple_of(PAGE_BYTES as u64) => {
            let mut stays_unsummed = false;
            if at == 0 {
                *is_summed = page::has_sums(bytes);
                // SAFETY: as in `read`, into memory of our own.
                let code = unsafe { ask!(file, xRead, ffi::SQLITE_IOERR_READ, state.page.as_mut_ptr().cast(), amount, 0) };
                stays_unsummed = code == ffi::SQLITE_OK && page::is_unsummed(&state.page);
            }
            if *is_summed && let Ok(number) = u32::try_from(at / PAGE_BYTES as u64 + 1) {
                state.page.copy_from_slice(bytes);
                if stays_unsummed {
                    page::mark(&mut state.page);
                } else {
                    page::stamp(&mut state.page, number);
                }
                from = state.page.as_ptr().cast();
            }
        }
        Kind::Main { .. } => {}
    }
    // SAFETY: as in `through!`; `from` is what `SQLite` gave or the page of the same size.
    unsafe { ask!(file, xWrite, ffi::SQLITE_IOERR_WRITE, from, amount, offset) }
}
