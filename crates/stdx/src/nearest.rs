// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The name that a slip of the pen was meant to be.

/// The name most like `word`, if one is within a third of its letters of it.
pub fn nearest<T: AsRef<str>>(word: &str, names: impl Iterator<Item = T>) -> Option<T> {
    names
        .map(|name| (distance(word, name.as_ref()), name))
        .filter(|(distance, name)| *distance < name.as_ref().len() && *distance * 3 <= name.as_ref().len().max(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Levenshtein's distance, ignoring case; long words are not worth a guess.
fn distance(a: &str, b: &str) -> usize {
    const LETTERS_MAX: usize = 64;
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    if a.len() > LETTERS_MAX || b.len() > LETTERS_MAX {
        return usize::MAX / 3;
    }
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.chars()) {
            let above = *cell;
            let best = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            diagonal = above;
            left = best;
            *cell = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_recognised_and_a_far_one_is_not() {
        let names = ["dependencies", "retryPolicy", "timeout", "id"];
        assert_eq!(nearest("dependancies", names.into_iter()), Some("dependencies"));
        assert_eq!(nearest("timeOut", names.into_iter()), Some("timeout"));
        assert_eq!(nearest("colour", names.into_iter()), None);
        assert_eq!(nearest("a", ["b"].into_iter()), None);
    }
}
