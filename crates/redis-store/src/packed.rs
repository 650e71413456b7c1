// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! An execution that has ended as one value: its row, its journal, and what stood by itself of both. Memory is what a server runs out of.
//!
//! ```text
//! version, status, ended, how long before accepted, workflow    as they are: lists look at no more
//! checksum of the last record, length of the rest
//! row ␝ records ␝ values                                        compressed; of a record the microseconds since the one before, and its text
//! ```
//! Checksums of records are chained: the last one proves them all, and the others are made anew. Control characters stand for themselves in no JSON, so they
//! part what is in a row. What would not come out as it went in is not packed.

use crate::stored::{self, ReadRow, Values};
use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, TDEFLStatus, compress, create_comp_flags_from_zip_params};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use runtime::store::{ReadError, RecordError, checksum};
use std::fmt::Write as _;
use stdx::Timestamp;

const VERSION: u8 = 1;

/// How an execution can have ended, by number.
const STATUSES: [&str; 3] = ["completed", "failed", "cancelled"];

/// Ends an item, and a group of items.
const ITEM: char = '\u{1e}';
const GROUP: char = '\u{1d}';

/// Bytes that certainly hold what lists look at, but for a workflow with a very long id, which is then read whole.
pub(crate) const HEAD: usize = 256;

/// How hard it is tried: more takes longer and saves little.
const LEVEL: i32 = 4;

/// No value is longer than so many times what it was packed into: deflate cannot do more.
const RATIO_MAX: usize = 1_100;

/// What records of many executions have in common stands before what is compressed. Another text is another version.
const COMMON: &str = "\"}},{\"event\":\"taskFailed\",\"task\":0,\"attempt\":1,\"error\":{\"code\":\"ERR_\",\"message\":\"{\"event\":\"executionEnded\",\"end\":\"failed\"\
    {\"event\":\"executionEnded\",\"end\":\"cancelled\"\"skipped\":null}]}\u{1e},\"text\":\",\"id\":\",\"name\":\",\"value\":\",\"result\":\",\"status\":\"},{\"event\":\"executionStarted\"\
    \u{1e}d=\u{1e}o={}\u{1e}t=30000000\u{1e}\u{1d}0{\"v\":3,\"previousCommitted\":0,\"events\":[{\"event\":\"executionStarted\"},{\"event\":\"attemptStarted\",\"task\":0,\
    \"readyBy\":0,\"waited\":,\"print\":\"\"}],\"who\":[{\"type\":\"work\",\"agent\":null,\"instance\":1,\"thread\":null,\"process\":1}]}\u{1e}\
    {\"v\":3,\"previousCommitted\":-1,\"events\":[{\"event\":\"taskCompleted\",\"task\":1,\"start\":-1,\"end\":-1,\"output\":{\"by\":0,\"reads\":\"all\",\
    {\"event\":\"attemptStarted\",\"task\":2,\"readyBy\":1},{\"event\":\"executionEnded\",\"end\":\"completed\"}]}\u{1e}\u{1d}";

/// What is on record of an execution, as it was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Whole {
    pub(crate) row: ReadRow,
    /// Records, each as it stands in its list.
    pub(crate) texts: Vec<String>,
    pub(crate) values: Values,
}

/// What lists look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: &'static str,
    pub(crate) ended: Timestamp,
    pub(crate) accepted: Timestamp,
    pub(crate) workflow: String,
}

/// Packs executions, one after the other.
pub(crate) struct Packer {
    /// As it is when it has seen what is common.
    begun: Box<CompressorOxide>,
}

impl Packer {
    pub(crate) fn new() -> Self {
        let mut begun = Box::new(CompressorOxide::new(create_comp_flags_from_zip_params(LEVEL, -15, 0)));
        // To have flushed it is to go on at a whole byte: what that wrote is not needed.
        let mut scratch = [0; 4 * COMMON.len()];
        compress(&mut begun, COMMON.as_bytes(), &mut scratch, TDEFLFlush::Sync);
        Self { begun }
    }

    /// `None`: it would not come out as it went in, and stays as it is.
    pub(crate) fn pack(&self, id: &str, whole: &Whole) -> Option<Vec<u8>> {
        let Whole { row, texts, values } = whole;
        let (accepted, ended) = (stored::instant(row, "a")?, stored::instant(row, "e")?);
        let (status, workflow) = (row.get("s")?, row.get("w")?);
        let status = STATUSES.iter().position(|known| known == status)?;
        let mut body = String::new();
        let mut rest: Vec<(&String, &String)> = row.iter().filter(|(field, _)| !is_in_head(field)).collect();
        rest.sort_unstable();
        for (field, value) in rest {
            let _ = write!(body, "{field}={value}{ITEM}");
        }
        body.push(GROUP);
        let (mut before, mut last) = (accepted.micros(), 0);
        for text in texts {
            let (at, proof, text) = stored::parts(text)?;
            let since = at.micros().cast_signed().checked_sub(before.cast_signed())?;
            let _ = write!(body, "{since}{text}{ITEM}");
            (before, last) = (at.micros(), proof);
        }
        body.push(GROUP);
        // In an order that is the same each time.
        let mut apart: Vec<&String> = values.values().collect();
        apart.sort_unstable();
        for value in apart {
            let _ = write!(body, "{value}{ITEM}");
        }
        let mut packed = vec![VERSION, u8::try_from(status).ok()?];
        number(&mut packed, ended.micros());
        number(&mut packed, ended.micros().checked_sub(accepted.micros())?);
        number(&mut packed, workflow.len() as u64);
        packed.extend_from_slice(workflow.as_bytes());
        packed.extend_from_slice(&last.to_le_bytes());
        number(&mut packed, body.len() as u64);
        self.compress(body.as_bytes(), &mut packed)?;
        let read = unpack(id, &packed).ok()?;
        (read == *whole).then_some(packed)
    }

    fn compress(&self, body: &[u8], into: &mut Vec<u8>) -> Option<()> {
        let mut compressor = self.begun.clone();
        let mut rest = body;
        loop {
            let from = into.len();
            into.resize(from + rest.len() / 2 + 256, 0);
            let (status, taken, given) = compress(&mut compressor, rest, into.get_mut(from..)?, TDEFLFlush::Finish);
            into.truncate(from + given);
            rest = rest.get(taken..)?;
            match status {
                TDEFLStatus::Done => return Some(()),
                TDEFLStatus::Okay => {}
                TDEFLStatus::BadParam | TDEFLStatus::PutBufFailed => return None,
            }
        }
    }
}

/// What was packed.
pub(crate) fn unpack(id: &str, packed: &[u8]) -> Result<Whole, ReadError> {
    let failed = |source| ReadError::Execution { id: id.to_owned(), source: Box::new(ReadError::Value(source)) };
    match packed.first() {
        Some(&VERSION) => unpacked(id, packed).ok_or_else(|| failed(RecordError::Checksum)),
        Some(found) => Err(failed(RecordError::Newer { found: u32::from(*found) })),
        None => Err(failed(RecordError::Checksum)),
    }
}

/// What lists look at, of a value or of its beginning.
pub(crate) fn head(packed: &[u8]) -> Option<Head> {
    head_and_rest(packed).map(|(head, _)| head)
}

fn head_and_rest(packed: &[u8]) -> Option<(Head, &[u8])> {
    let (version, rest) = packed.split_first()?;
    let (status, mut rest) = rest.split_first()?;
    let status = STATUSES.get(usize::from(*status)).filter(|_| *version == VERSION)?;
    let ended = read_number(&mut rest)?;
    let accepted = ended.checked_sub(read_number(&mut rest)?)?;
    let length = usize::try_from(read_number(&mut rest)?).ok()?;
    let (workflow, rest) = rest.split_at_checked(length)?;
    let workflow = std::str::from_utf8(workflow).ok()?.to_owned();
    Some((Head { status, ended: Timestamp::from_micros(ended), accepted: Timestamp::from_micros(accepted), workflow }, rest))
}

fn unpacked(id: &str, packed: &[u8]) -> Option<Whole> {
    let (Head { status, ended, accepted, workflow }, rest) = head_and_rest(packed)?;
    let (proof, mut rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(read_number(&mut rest)?).ok()?;
    let body = inflate(rest, length)?;
    let mut groups = body.split(GROUP);
    let (fields, records, apart) = (groups.next()?, groups.next()?, groups.next()?);
    if groups.next().is_some() {
        return None;
    }
    let mut row: ReadRow =
        items(fields).map(|item| item.split_once('=').map(|(field, value)| (field.to_owned(), value.to_owned()))).collect::<Option<_>>()?;
    let known = [("s", status.to_owned()), ("w", workflow), ("e", ended.micros().to_string()), ("a", accepted.micros().to_string())];
    row.extend(known.map(|(field, value)| (field.to_owned(), value)));
    let identity = stored::identity(id);
    let (mut at, mut last, mut texts) = (accepted, 0, Vec::new());
    for (seq, item) in (0..).zip(items(records)) {
        let (since, text) = item.split_at_checked(item.find('{')?)?;
        at = Timestamp::from_micros(at.micros().checked_add_signed(since.parse().ok()?)?);
        last = checksum(last, text, identity, seq, at);
        texts.push(stored::record(at, last, text));
    }
    let values = items(apart).map(|value| (stdx::sha256_hex(value), value.to_owned())).collect();
    (last == u64::from_le_bytes(*proof)).then_some(Whole { row, texts, values })
}

fn inflate(packed: &[u8], length: usize) -> Option<String> {
    if length > packed.len().saturating_mul(RATIO_MAX) {
        return None;
    }
    let mut out = COMMON.as_bytes().to_vec();
    let begin = out.len();
    out.resize(begin + length, 0);
    let mut inflater = Box::<DecompressorOxide>::default();
    let (status, _, given) = decompress(&mut inflater, packed, &mut out, begin, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF);
    if status != TINFLStatus::Done || given != length {
        return None;
    }
    String::from_utf8(out.split_off(begin)).ok()
}

/// Items, each of which ends with its mark.
fn items(group: &str) -> impl Iterator<Item = &str> {
    group.split_terminator(ITEM)
}

fn is_in_head(field: &str) -> bool {
    matches!(field, "s" | "w" | "e" | "a")
}

/// Seven bits a byte, the lowest first.
fn number(into: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return into.push(low);
        }
        into.push(low | 0x80);
    }
}

fn read_number(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..10 {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        number |= u64::from(byte & 0x7f).checked_shl(7 * place)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(records: usize) -> Whole {
        let mut whole = Whole::default();
        let fields = [
            ("a", "1796052878898902"),
            ("e", "1796052879898902"),
            ("s", "completed"),
            ("w", "orders"),
            ("d", "abc"),
            ("o", "{\"a\":\"=\"}"),
        ];
        whole.row.extend(fields.map(|(field, value)| (field.to_owned(), value.to_owned())));
        let (mut last, identity) = (0, stored::identity("id"));
        for seq in 0..records as u64 {
            let at = Timestamp::from_micros(1_796_052_878_898_902 + 137 * seq);
            let text = format!(
                "{{\"v\":3,\"previousCommitted\":-{},\"events\":[{{\"event\":\"taskCompleted\",\"task\":{seq},\"output\":{{\"n\":{seq}}}}}]}}",
                seq * 17
            );
            last = checksum(last, &text, identity, seq, at);
            whole.texts.push(stored::record(at, last, &text));
        }
        whole
    }

    #[test]
    fn what_is_packed_comes_out_as_it_went_in() {
        let with = Packer::new();
        for records in [0, 1, 2, 20, 3_000] {
            let mut whole = whole(records);
            let value = format!("\"{}\"", "é".repeat(50_000));
            whole.values.insert(stdx::sha256_hex(&value), value);
            let packed = with.pack("id", &whole).unwrap();
            assert_eq!(unpack("id", &packed).unwrap(), whole);
            let looked = head(&packed[..HEAD.min(packed.len())]).unwrap();
            assert_eq!((looked.status, &*looked.workflow, looked.accepted.micros()), ("completed", "orders", 1_796_052_878_898_902));
        }
        let (small, large) = (with.pack("id", &whole(20)).unwrap().len(), whole(20).texts.concat().len());
        assert!(small * 5 < large, "{small} of {large} bytes");
    }

    #[test]
    fn what_is_not_as_it_was_written_is_not_packed_and_stays() {
        let packer = Packer::new();
        let mut changed = whole(3);
        changed.texts[1] = changed.texts[1].replace("-17", "-18");
        assert_eq!(packer.pack("id", &changed), None);
        assert_eq!(packer.pack("other", &whole(3)), None, "it is another's journal");
        let mut strange = whole(3);
        strange.row.insert("o".to_owned(), format!("a{ITEM}b"));
        assert_eq!(packer.pack("id", &strange), None);
        let mut lives = whole(3);
        lives.row.remove("e");
        assert_eq!(packer.pack("id", &lives), None);
    }

    #[test]
    fn what_has_changed_since_is_refused_whatever_has() {
        let sound = whole(5);
        let packed = Packer::new().pack("id", &sound).unwrap();
        for place in 0..packed.len() {
            for bit in 0..8 {
                let mut changed = packed.clone();
                changed[place] ^= 1 << bit;
                // What only lists look at is proved by nothing, as the row of an execution is not.
                if let Ok(read) = unpack("id", &changed) {
                    assert_eq!(read.texts, sound.texts, "byte {place}, bit {bit}");
                }
            }
            assert!(unpack("id", &packed[..place]).is_err());
        }
        assert!(unpack("id", &[2, 0, 0]).unwrap_err().to_string().contains("`id`"));
    }
}
