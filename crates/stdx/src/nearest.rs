// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The name that a slip of the pen was meant to be. `near.ts` says the same of what is judged before it comes to Rust: change both.

/// The name most like `word`, if one is within a third of its letters of it.
pub fn nearest<T: AsRef<str>>(word: &str, names: impl Iterator<Item = T>) -> Option<T> {
    names
        .map(|name| (distance(word, name.as_ref()), name))
        .filter(|(distance, name)| *distance < name.as_ref().len() && *distance * 3 <= name.as_ref().len().max(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Letters to insert, remove, replace, or swap with their neighbour, ignoring case; long words are not worth a guess.
fn distance(a: &str, b: &str) -> usize {
    const LETTERS_MAX: usize = 64;
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    if a.len() > LETTERS_MAX || b.len() > LETTERS_MAX {
        return usize::MAX / 3;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // Cells are written one after the other, so what is asked for is there.
    let at = |row: &[usize], cell: usize| row.get(cell).copied().unwrap_or(usize::MAX / 3);
    let (mut before, mut row): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=b.len()).collect());
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let is_swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            let swapped = if is_swapped { at(&before, j - 1) + 1 } else { usize::MAX };
            let replaced = at(&row, j) + usize::from(x != y);
            next.push(replaced.min(swapped).min(at(&row, j + 1) + 1).min(at(&next, j) + 1));
        }
        (before, row) = (row, next);
    }
    at(&row, b.len())
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
        assert_eq!(nearest("di", names.into_iter()), Some("id"));
        assert_eq!(nearest("retryPoliyc", ["retryPolice", "retryPolicy"].into_iter()), Some("retryPolicy"));
    }
}
