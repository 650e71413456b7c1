// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Random expressions against random scopes, for `FUZZ_SECONDS` (2): none crashes, none takes more than 64 MiB, and none more than 10 ms of the
//! thread's own time in a release build. `npm run fuzz` gives it 30 seconds in release; `npm run fuzz -- 600` ten minutes. `FUZZ_SEED` repeats a run.

#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test tells what it did, and its limits are from outside")]

use cpu_time::ThreadTime;
use expressions::{Expression, InputTemplate};
use peak_alloc::PeakAlloc;
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant, SystemTime};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const BYTES_MAX: usize = 64 << 20;
const TIME_MAX: Duration = Duration::from_millis(10);

/// `xorshift64*` (Vigna 2016).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let at = self.below(words.len());
        words.get(at).copied().unwrap_or_default()
    }
}

fn golden() -> Vec<&'static str> {
    include_str!("golden/expressions.txt").lines().filter_map(|line| line.strip_prefix("> ")).collect()
}

const PARTS: &[&str] = &[
    "1",
    "0",
    "-1",
    "1.5",
    "9223372036854775807",
    "1e308",
    "'a'",
    "''",
    "true",
    "false",
    "null",
    "[]",
    "{}",
    "input",
    "input.a",
    "input.list",
    "input.text",
    "tasks.a.output",
    "tasks['a'].status",
    "item",
    "x",
    "[1,2,3]",
    "{'a':[1]}",
    "input.list[0]",
    "input.deep",
];
const OPERATORS: &[&str] = &["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in"];
const WRAPS: &[(&str, &str)] = &[
    ("(", ")"),
    ("!", ""),
    ("-", ""),
    ("size(", ")"),
    ("string(", ")"),
    ("int(", ")"),
    ("[", "]"),
    ("{'k':", "}"),
    ("", ".a"),
    ("", "[0]"),
    ("", "['a']"),
    ("", ".size()"),
    ("", ".map(x, x)"),
    ("", ".filter(x, true)"),
    ("", ".all(x, x == x)"),
    ("input.list.map(x, ", ")"),
    ("input.list.all(x, ", ")"),
    ("", ".split('a')"),
    ("", ".join('a')"),
    ("true ? ", " : 1"),
    ("max(", ", 1)"),
];

fn expression(chance: &mut Chance, depth: usize) -> String {
    if depth == 0 {
        return chance.pick(PARTS).to_owned();
    }
    let inner = expression(chance, depth - 1);
    match chance.below(4) {
        0 => {
            let other = depth.min(3);
            format!("{inner} {} {}", chance.pick(OPERATORS), expression(chance, other - 1))
        }
        1 => inner,
        _ => {
            let (before, after) = WRAPS.get(chance.below(WRAPS.len())).copied().unwrap_or_default();
            format!("{before}{inner}{after}")
        }
    }
}

fn source(chance: &mut Chance, golden: &[&str]) -> String {
    match chance.below(4) {
        0 => {
            let length = chance.below(60);
            (0..length).map(|_| char::from_u32(u32::try_from(chance.below(0x250)).unwrap()).unwrap_or('(')).collect()
        }
        1 => {
            // A known expression with something put in, taken out or repeated.
            let mut letters: Vec<char> = chance.pick(golden).chars().collect();
            for _ in 0..=chance.below(4) {
                let at = chance.below(letters.len());
                match chance.below(3) {
                    0 if at < letters.len() => drop(letters.remove(at)),
                    1 => letters.splice(at..at, chance.pick(PARTS).chars()).for_each(drop),
                    _ => letters.extend_from_within(at..),
                }
            }
            letters.into_iter().collect()
        }
        2 => chance.pick(&["(", "[", "!", "-", "input.", "1+", "size(", "true?", "{'a':", "'a'.trim()."]).repeat(1 + chance.below(400)),
        _ => {
            let depth = chance.below(24);
            expression(chance, depth)
        }
    }
}

fn value(chance: &mut Chance, depth: usize) -> Value {
    match chance.below(if depth == 0 { 6 } else { 9 }) {
        0 => Value::Null,
        1 => json!(chance.below(2) == 0),
        2 => json!(chance.next().cast_signed()),
        3 => json!(f64::from_bits(chance.next())),
        4 => json!(chance.next()),
        5 => json!("a".repeat(chance.below(2000))),
        6 | 7 => (0..chance.below(12)).map(|_| value(chance, depth - 1)).collect(),
        _ => Value::Object((0..chance.below(8)).map(|key| (format!("k{key}"), value(chance, depth - 1))).collect::<Map<_, _>>()),
    }
}

fn scope(chance: &mut Chance) -> Value {
    let items = if chance.below(20) == 0 { 20_000 } else { 50 };
    let list: Vec<Value> = (0..chance.below(items)).map(|_| value(chance, 1)).collect();
    let mut deep = value(chance, 3);
    for _ in 0..chance.below(100) {
        deep = json!([deep]);
    }
    let text = "a,b".repeat(chance.below(if items > 50 { 500_000 } else { 500 }));
    json!({ "input": { "a": value(chance, 3), "list": list, "text": text, "deep": deep }, "tasks": { "a": { "output": value(chance, 3), "status": "completed" } }, "item": value(chance, 2) })
}

/// What it takes to compile and evaluate, and whether there was something to evaluate.
fn time_of(source: &str, scope: &Value) -> (Duration, bool) {
    let begun = ThreadTime::now();
    let expression = Expression::compile(source, &["item"]);
    let compiles = expression.is_ok();
    if let Ok(expression) = expression {
        let _value = expression.evaluate(scope);
    }
    (begun.elapsed(), compiles)
}

#[test]
fn nothing_crashes_and_nothing_takes_too_much() {
    let seconds = std::env::var("FUZZ_SECONDS").map_or(2, |text| text.parse().unwrap());
    let fresh = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(1, |since| since.as_secs());
    let seed: u64 = std::env::var("FUZZ_SEED").map_or_else(|_| fresh(), |text| text.parse().unwrap());
    println!("FUZZ_SEED={seed}");
    let (mut chance, golden, until) = (Chance(seed | 1), golden(), Instant::now() + Duration::from_secs(seconds));
    let (mut tried, mut evaluated, mut longest, mut largest) = (0_u64, 0_u64, Duration::ZERO, 0);
    while Instant::now() < until {
        let scope = scope(&mut chance);
        for _ in 0..50 {
            let source = source(&mut chance, &golden);
            tried += 1;
            let before = ALLOCATED.current_usage();
            ALLOCATED.reset_peak_usage();
            let (mut took, compiles) = time_of(&source, &scope);
            evaluated += u64::from(compiles);
            let bytes = ALLOCATED.peak_usage().saturating_sub(before);
            assert!(bytes <= BYTES_MAX, "{bytes} bytes: {source}");
            // A debug build is slower by an order, and proves nothing about time. What the machine did meanwhile counts as its time too, but what
            // an evaluation takes itself it takes every time.
            let is_slow = |took| !cfg!(debug_assertions) && took > TIME_MAX;
            for _ in 0..20 {
                if is_slow(took) {
                    // Another program may share the core for a while.
                    std::thread::sleep(Duration::from_millis(50));
                    took = took.min(time_of(&source, &scope).0);
                }
            }
            assert!(!is_slow(took), "{took:?}: {source}");
            longest = longest.max(took);
            largest = largest.max(bytes);
        }
        if let Ok(Some(template)) =
            InputTemplate::compile(&json!({ "data": format!("x{{{{ {} }}}}", source(&mut chance, &golden)) }), &["item"])
        {
            let _text = template.render(&scope);
        }
    }
    println!("{tried} expressions, {evaluated} of them evaluated; the longest took {longest:?}, the largest {largest} bytes");
}
