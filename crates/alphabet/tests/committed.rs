// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is committed is what the tables say.

#[test]
fn the_committed_file_says_what_the_tables_say() {
    let committed = include_str!("../../../ts/native/alphabet.ts");
    assert!(committed == alphabet::typescript(), "build the addon, which writes ts/native/alphabet.ts, and commit that");
}
