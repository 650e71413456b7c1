// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A number with what it counts.

/// `1 item`, `3 items`: the plural adds an `s`.
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_one_is_singular() {
        let said: Vec<String> = [0, 1, 2].into_iter().map(|count| super::counted(count, "item")).collect();
        assert_eq!(said, ["0 items", "1 item", "2 items"]);
    }
}
