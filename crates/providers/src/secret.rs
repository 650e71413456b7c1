// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Keys, and how they are kept out of what leaves.

use serde::Deserialize;
use std::fmt;

/// A value that is sent to its provider and shown to nobody else. It cannot be serialised.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps `value`.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the header it belongs in.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

const REDACTED: &str = "[redacted]";

/// Takes the secrets of one provider out of texts.
#[derive(Clone, Default)]
pub struct Redactor(Vec<Secret>);

impl Redactor {
    /// Shorter ones are not looked for: they are no keys, and whole texts would be blackened.
    const SECRET_BYTES_MIN: usize = 6;

    /// One that looks for `secrets`.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut secrets: Vec<Secret> = secrets.into_iter().filter(|secret| secret.0.len() >= Self::SECRET_BYTES_MIN).collect();
        // A secret may be part of another (`abc` of `Bearer abc`): the longer one goes first, so that nothing of it stays.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.0.len()));
        Self(secrets)
    }

    /// `text` without secrets.
    pub fn clean(&self, mut text: String) -> String {
        for Secret(secret) in &self.0 {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), REDACTED);
            }
        }
        text
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Redactor({} secrets)", self.0.len())
    }
}
