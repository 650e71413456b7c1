// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Base64, as far as secrets hide in it.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// How `secret` looks inside the base64 of something longer: for each of the three places where it may begin, the letters that depend on
/// nothing else; in the alphabet of URLs too where that differs.
pub(super) fn written(secret: &str) -> impl Iterator<Item = String> {
    // Letters that what stands before has a part in: none of nothing, two of one byte, three of two.
    let begins = [(0, 0), (1, 2), (2, 3)].map(|(before, shared)| {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret.as_bytes());
        encoded(&bytes).skip(shared).collect::<String>()
    });
    begins.into_iter().flat_map(|standard| {
        let of_urls = standard.replace('+', "-").replace('/', "_");
        let differs = of_urls != standard;
        std::iter::once(standard).chain(differs.then_some(of_urls))
    })
}

/// The letters that are full: what follows has no part in them.
fn encoded(bytes: &[u8]) -> impl Iterator<Item = char> {
    let letters = bytes.len() * 8 / 6;
    (0..letters).map(move |letter| {
        let bit = letter * 6;
        let pair = [bytes.get(bit / 8), bytes.get(bit / 8 + 1)].map(|byte| u16::from(byte.copied().unwrap_or(0)));
        let [high, low] = pair;
        let index = ((high << 8 | low) >> (10 - bit % 8)) & 63;
        STANDARD.get(usize::from(index)).map_or('A', |byte| char::from(*byte))
    })
}

/// The text that `letters` stand for, in either alphabet.
pub(super) fn decoded(letters: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(letters.len());
    let (mut held, mut bits) = (0_u32, 0);
    for letter in letters.trim_end_matches('=').bytes() {
        let letter = match letter {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        };
        let value = STANDARD.iter().position(|one| *one == letter)?;
        held = held << 6 | u32::try_from(value).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 255).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}
