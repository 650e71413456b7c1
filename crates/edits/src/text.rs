// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Strings, counted as JavaScript counts them: in UTF-16 units.

use crate::problem::Problem;

/// The byte at which a UTF-16 unit begins.
fn byte_of(text: &str, offset: usize) -> Result<usize, Problem> {
    let mut units = 0;
    for (byte, character) in text.char_indices() {
        if units == offset {
            return Ok(byte);
        }
        if units > offset {
            return Err(Problem::InsidePair { offset });
        }
        units += character.len_utf16();
    }
    match units {
        _ if units == offset => Ok(text.len()),
        _ if units > offset => Err(Problem::InsidePair { offset }),
        _ => Err(Problem::NoPlace { index: offset, length: units, most: units }),
    }
}

/// Puts `content` in the place of `length` units from `offset`; `None`: of all of them up to the end.
pub(crate) fn splice(text: &mut String, offset: usize, length: Option<usize>, content: &str) -> Result<(), Problem> {
    let from = byte_of(text, offset)?;
    let to = length.map_or(Ok(text.len()), |length| byte_of(text, offset.saturating_add(length)))?;
    text.replace_range(from..to, content);
    Ok(())
}
