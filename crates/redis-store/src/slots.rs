// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which slot of a Cluster a key is in: what stands in its braces decides, so that the keys of a partition are in one.

use redis::{Arg, Cmd};

/// The last slot.
pub(crate) const LAST: u16 = (1 << 14) - 1;

/// The slot of the first key of a command; `None`: it has none.
pub(crate) fn slot_of(command: &Cmd) -> Option<u16> {
    command.args_iter().find_map(|arg| if let Arg::Simple(text) = arg { tag_of(text).map(slot) } else { None })
}

/// What stands in the braces of a key of ours.
fn tag_of(key: &[u8]) -> Option<&[u8]> {
    let rest = key.strip_prefix(b"mao:{")?;
    rest.get(..rest.iter().position(|byte| *byte == b'}')?)
}

fn slot(tag: &[u8]) -> u16 {
    let step = |crc: u16, _| if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
    tag.iter().fold(0, |crc, byte| (0..8).fold(crc ^ (u16::from(*byte) << 8), step)) & LAST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_that_of_the_text_in_braces() {
        // The value that Redis names in its description of Clusters, for "123456789".
        assert_eq!(slot(b"123456789"), 0x31C3 & LAST);
        let mut command = redis::cmd("EVALSHA");
        command.arg("#!lua").arg(2).arg("mao:{ns:7}:own").arg("mao:{ns:7}:live");
        assert_eq!(slot_of(&command), Some(slot(b"ns:7")));
        assert_eq!(slot_of(redis::cmd("GET").arg("mao:{ns:c:}")), Some(slot(b"ns:c:")));
        assert_eq!(slot_of(redis::cmd("WAIT").arg(1)), None);
    }
}
