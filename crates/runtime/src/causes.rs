// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is behind an error, for messages.

/// An error with its causes.
pub(crate) fn in_full(error: &dyn std::error::Error) -> String {
    // What SQLite says of it is behind what we know.
    let causes = std::iter::successors(error.source(), |cause| cause.source()).filter(|cause| !cause.is::<rusqlite::Error>());
    std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}
