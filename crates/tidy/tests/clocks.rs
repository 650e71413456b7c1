// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Time comes from one clock: what ships reads no other, and no function that anyone can call tells the time.

use std::collections::BTreeSet;
use tidy::{Finding, Source, refuse, written};

/// Files that read a clock of the machine, and why.
const READERS: &[(&str, &str)] = &[
    ("crates/runtime/src/clock.rs", "it is the clock"),
    ("crates/redis-store/src/lease.rs", "how long a lease is certain is measured by the clock of what sleeps until it is renewed: tokio's"),
    ("ts/base/real-time.ts", "it is what the clock reads, taken before test runners replace it"),
    ("crates/providers/src/transport.rs", "time-outs of sockets are tokio's, which measures them by its own clock"),
];

/// In Rust every clock is read by a function of this name.
const RUST: &[&str] = &["::now"];
/// Figures are called `performance` too: the clock is taken by a member, or under another name.
const TYPESCRIPT: &[&str] = &["Date.now", "Date()", "performance.now", "performance.timeOrigin", "= performance", "hrtime", "Temporal"];

/// How a free function that tells the time would begin; the methods of clocks are indented.
const TELLERS: &[&str] = &["pub fn now(", "pub(crate) fn now(", "pub(super) fn now("];

/// Whether a file ships, so that orchestrators tell time by it.
fn ships(source: &Source) -> bool {
    match source.extension() {
        "rs" => {
            let is_ours = source.is_in("crates/") || source.is_in("src/");
            is_ours && !source.is_test() && !source.is_in("crates/tidy/") && !source.path.contains("/examples/")
        }
        "ts" => source.is_in("ts/"),
        _ => false,
    }
}

/// Where a file reads a clock of the machine, or lets anyone read one.
fn readings(source: &Source) -> Vec<Finding> {
    if source.extension() == "ts" {
        let told = source.code().filter(|(_, line)| tells(line)).map(|(number, line)| source.finding(number, line));
        return source.code_naming(TYPESCRIPT).into_iter().chain(told).collect();
    }
    let read = source.code().filter(|(_, line)| {
        let calls = RUST.iter().any(|needle| line.contains(needle));
        calls || TELLERS.iter().any(|teller| line.starts_with(teller))
    });
    read.map(|(number, line)| source.finding(number, line.trim())).collect()
}

/// `export function now`, `export const realNow = …`
fn tells(line: &str) -> bool {
    let exported = ["export function ", "export const "].iter().find_map(|start| line.strip_prefix(start));
    let name: Option<String> = exported.map(|rest| rest.chars().take_while(|letter| letter.is_alphanumeric()).collect());
    name.is_some_and(|name| name == "now" || name.ends_with("Now"))
}

#[test]
fn time_comes_from_one_clock() {
    let sources = written();
    let others = sources.iter().filter(|source| ships(source) && !READERS.iter().any(|(path, _)| *path == source.path));
    refuse(
        others.flat_map(readings),
        "Take a `Clock` as an argument: `crates/runtime/src/clock.rs`, `ts/base/clock.ts`; or give a reason in `READERS`.",
    );
}

#[test]
fn every_reader_of_a_clock_still_is_one() {
    let sources = written();
    let readers: BTreeSet<&str> =
        sources.iter().filter(|source| ships(source) && !readings(source).is_empty()).map(|source| source.path.as_str()).collect();
    assert_eq!(readers, READERS.iter().map(|(path, _)| *path).collect(), "strike what reads no clock from `READERS`");
}

#[test]
fn a_clock_that_is_read_elsewhere_is_found() {
    let planted = [
        ("crates/models/src/limits.rs", "    let begun = Instant::now();"),
        ("src/models.rs", "    let at = std::time::SystemTime::now();"),
        ("crates/stdx/src/timestamp.rs", "pub fn now() -> Timestamp {"),
        ("crates/engine/src/schedule.rs", "    let at = options.at.unwrap_or_else(jiff::Timestamp::now);"),
        ("ts/run/run.ts", "    const at = Date.now()"),
        ("ts/run/run.ts", "    const at = new Date().getTime()"),
        ("ts/run/run.ts", "    const at = globalThis.performance.now()"),
        ("ts/run/run.ts", "    const at = process.hrtime.bigint()"),
        ("ts/base/clock.ts", "export function realNow(): number {"),
        ("ts/base/clock.ts", "export const now = (): number => 0"),
    ];
    for (path, line) in planted {
        let source = Source { path: path.to_owned(), text: format!("// A file.\n{line}\n") };
        assert!(ships(&source), "{path}");
        let found: Vec<String> = readings(&source).iter().map(ToString::to_string).collect();
        assert!(found.len() == 1 && found[0].starts_with(&format!("{path}:2: ")), "{line}: {found:?}");
    }
    let innocent = [("ts/run/run.ts", "    const at = this.#clock.now()"), ("src/stage.rs", "    pub fn now(&self) -> f64 {")];
    for (path, line) in innocent {
        assert!(readings(&Source { path: path.to_owned(), text: line.to_owned() }).is_empty(), "{line}");
    }
}
