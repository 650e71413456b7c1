// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Texts out of which large values were taken: each stands as `null` in its place, and the text says at its end where which belongs.
//!
//! ```json
//! {"v":3,"previousCommitted":-17,"events":[{"event":"taskCompleted","task":0,"start":-5,"end":-1,"output":null}],"large":[[99,"9f86…",70012]]}
//! ```
//! That is what stands in the record, so its checksum is over it; a value is held to its hash, SHA-256 of its bytes, when it is read.

use super::RecordError;
use serde::Deserialize;
use std::fmt::Write as _;

/// Values with more bytes stand by themselves.
pub const LARGE: usize = 64 << 10;

/// A value that was left out of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Apart<'v> {
    /// Where its `null` stands.
    pub place: usize,
    /// JSON text.
    pub value: &'v str,
}

/// A place, a hash, and how many bytes the value has.
pub(super) type Reference<'t> = (usize, &'t str, u64);

/// Gives values that stand by themselves by their hashes.
pub type Values<'v> = &'v dyn Fn(&str) -> Result<String, RecordError>;

const NULL: &str = "null";
const LIST: &str = ",\"large\":[[";

/// Writes at the end of an object which values belong where: their places, and what `keep` says is the hash of each.
pub fn refer<E>(text: &mut String, apart: &[Apart<'_>], mut keep: impl FnMut(&str) -> Result<String, E>) -> Result<(), E> {
    if apart.is_empty() {
        return Ok(());
    }
    text.pop();
    for (index, Apart { place, value }) in apart.iter().enumerate() {
        text.push_str(if index == 0 { LIST } else { ",[" });
        // Writing into a string does not fail.
        let _ = write!(text, "{place},\"{}\",{}]", keep(value)?, value.len());
    }
    text.push_str("]}");
    Ok(())
}

/// The text with its values, each as `read` gives it by its hash.
pub(super) fn whole(text: &str, references: &[Reference<'_>], read: Values<'_>) -> Result<String, RecordError> {
    let end = text.rfind(LIST).ok_or(RecordError::Apart)?;
    let mut whole = String::with_capacity(end);
    let mut from = 0;
    for (place, hash, bytes) in references {
        let before = text.get(from..*place).filter(|_| *place < end && text.get(*place..).is_some_and(|rest| rest.starts_with(NULL)));
        let value = read(hash)?;
        if value.len() as u64 != *bytes {
            return Err(RecordError::Apart);
        }
        whole.push_str(before.ok_or(RecordError::Apart)?);
        whole.push_str(&value);
        from = place + NULL.len();
    }
    whole.push_str(text.get(from..end).ok_or(RecordError::Apart)?);
    whole.push('}');
    Ok(whole)
}

/// An object that may refer to values.
#[derive(Deserialize)]
struct Referring<'t> {
    #[serde(borrow, default)]
    large: Vec<Reference<'t>>,
}

/// An object with its values, if any were left out of it.
pub fn object_with(text: String, read: Values<'_>) -> Result<String, RecordError> {
    if !text.ends_with("]]}") || !text.contains(LIST) {
        return Ok(text);
    }
    let Referring { large } = serde_json::from_str(&text)?;
    if large.is_empty() { Ok(text) } else { whole(&text, &large, read) }
}
