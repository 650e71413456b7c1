// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Patterns of JSON Schema, which are regular expressions of ECMAScript, judged in bounded time.
//!
//! Most become an automaton that reads a text once. Those that look around or back, and those whose automaton would grow too large on a text,
//! are searched with a memory of what was tried in vain, so that nothing is tried twice. Either is charged to the [`meter`].

mod parse;
mod program;
mod search;
mod sets;

use super::meter;
use parse::Node;
use program::Program;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::{Anchored, Input};
use std::sync::{Mutex, PoisonError};

/// A compiled pattern.
pub(super) struct Pattern {
    automaton: Option<Automaton>,
    program: Program,
}

struct Automaton {
    dfa: DFA,
    cache: Mutex<Cache>,
}

/// Why a pattern is not used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// It is none, or written in words that are not understood here.
    Unknown,
    /// It would take too much room.
    TooLarge,
}

impl Pattern {
    /// The most bytes that a compiled pattern takes.
    pub(super) const BYTES_MAX: usize = 256 * 1024;
    /// What an automaton may remember of a text before it is thought to be of no use. Filling it takes about a millisecond.
    const CACHE_BYTES: usize = 512 * 1024;
    /// Bytes of a text that are read in the time of one step.
    const BYTES_PER_STEP: usize = 16;

    pub(super) fn compile(source: &str) -> Result<Self, Unusable> {
        let node = parse::parse(source)?;
        let program = Program::of(&node)?;
        // Large sets of characters take more room as an automaton, whose letters are bytes.
        let automaton = if node.is_regular() { Automaton::of(&node) } else { None };
        Ok(Self { automaton, program })
    }

    /// Whether it is found in `text`; false too where the meter has run out.
    pub(super) fn is_match(&self, text: &str) -> bool {
        if let Some(automaton) = &self.automaton {
            meter::charge(text.len() / Self::BYTES_PER_STEP);
            if let Some(found) = automaton.find(text) {
                return found;
            }
            meter::charge(Self::CACHE_BYTES / 64);
        }
        self.program.find(text)
    }
}

impl Automaton {
    fn of(node: &Node) -> Option<Self> {
        let hir = node.hir()?;
        let bounds = thompson::Config::new().nfa_size_limit(Some(Pattern::BYTES_MAX)).which_captures(thompson::WhichCaptures::None);
        let nfa = thompson::Compiler::new().configure(bounds).build_from_hir(&hir).ok()?;
        let bounds = DFA::config().cache_capacity(Pattern::CACHE_BYTES).skip_cache_capacity_check(true).minimum_cache_clear_count(Some(1));
        let dfa = DFA::builder().configure(bounds).build_from_nfa(nfa).ok()?;
        let cache = Mutex::new(dfa.create_cache());
        Some(Self { dfa, cache })
    }

    /// Whether it is found; `None` where it would take too many states to know.
    fn find(&self, text: &str) -> Option<bool> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let input = Input::new(text).anchored(Anchored::No).earliest(true);
        let found = self.dfa.try_search_fwd(&mut cache, &input);
        if found.is_err() {
            self.dfa.reset_cache(&mut cache);
        }
        found.ok().map(|found| found.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::{Pattern, Unusable};
    use crate::meter;
    use serde_json::Value;

    fn found(source: &str, text: &str) -> Option<bool> {
        let pattern = Pattern::compile(source).unwrap();
        meter::within(2_000_000, || pattern.is_match(text))
    }

    /// Patterns of zod with looks around were refused, and with them every `z.email()` of its early versions. Each pattern that a library writes is
    /// known here, and finds what it finds in JavaScript.
    #[test]
    fn every_pattern_of_a_library_finds_what_it_finds_in_javascript() {
        let data: Value = serde_json::from_str(include_str!("../tests/data/patterns.json")).unwrap();
        let texts: Vec<&str> = data["texts"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
        let mut wrong = Vec::new();
        for row in data["patterns"].as_array().unwrap() {
            let source = row["pattern"].as_str().unwrap();
            let expected: Vec<usize> = serde_json::from_value(row["in"].clone()).unwrap();
            let pattern = match Pattern::compile(source) {
                Ok(pattern) => pattern,
                Err(why) => {
                    wrong.push(format!("{source}: {why:?}"));
                    continue;
                }
            };
            for (index, text) in texts.iter().enumerate() {
                let found = meter::within(2_000_000, || (pattern.is_match(text), pattern.program.find(text)));
                let expected = expected.contains(&index);
                if found != Some((expected, expected)) {
                    wrong.push(format!("{source} in {text:?}: {found:?}, not {expected}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    }

    #[test]
    fn what_looks_around_and_back_is_found_as_in_javascript() {
        for (source, text, expected) in [
            (r"(?=a)b", "ab", false),
            (r"(?<=a)b", "ab", true),
            (r"(?<!a)b", "ab", false),
            (r"(?<!a)b", "cb", true),
            (r"(?<=^a.{2})d", "abcd", true),
            (r"^(?:(?!ab).)*$", "cacb", true),
            (r"^(?:(?!ab).)*$", "cab", false),
            (r"^(a|b)\1$", "aa", true),
            (r"^(a|b)\1$", "ab", false),
            (r"^(?<x>a+)-\k<x>$", "aa-aa", true),
            (r"^(?<x>a+)-\k<x>$", "aa-a", false),
            // A group that found nothing is read again as nothing, and is forgotten with each turn.
            (r"^(a)?\1b$", "b", true),
            (r"^(?:(a)|b)*\1$", "ab", true),
            (r"^(?=(a+))a*b\1$", "baaabac", false),
            (r"(?=(a+))a*b\1", "baaabac", true),
            (r"(?<=(\d)(\d))x\1\2", "12x12", true),
            (r"^(?:a*)*$", "aaa", true),
            (r"^(?:a*)*b", "aaa", false),
            (r"^\bab\B", "abc", true),
            (r"^[\w-]+$", "a-b", true),
            (r"^[^\]]\]{1}{$", "a]{", true),
            (r"^\u{1F600}$", "😀", true),
        ] {
            assert_eq!(found(source, text), Some(expected), "{source} in {text}");
        }
    }

    /// Patterns that others write were compiled to megabytes, and searched for a second in a text of their making.
    #[test]
    fn no_pattern_takes_longer_than_its_steps() {
        assert_eq!(found("(a+)+$", &"a".repeat(100_000)), Some(true));
        assert_eq!(found("^(?!x)(a+)+$", &format!("{}b", "a".repeat(1000))), Some(false));
        for source in ["^(?:.{0,300}x)*y", r"^(a*)*\1c", r"(?=(a+))\1b", "^(?:(?=.*b)a)*c"] {
            // Either it is known in time, or it is known that it is not.
            let outcome = found(source, &"a".repeat(20_000));
            assert!(outcome != Some(true), "{source}: {outcome:?}");
        }
        for source in ["(?:(?:a{100}){100}){100}", "(?=a)(?:b{1000}){1000}", &"(?:)".repeat(20_000)] {
            assert_eq!(Pattern::compile(source).err(), Some(Unusable::TooLarge), "{}", source.len());
        }
        assert_eq!(found("^(?:){4000000000}$", ""), Some(true));
    }

    #[test]
    fn what_is_written_in_other_words_is_not_known() {
        for source in ["(", "a)", "[a", "*", "a**", "(?i)a", r"\Aa", r"\1", "(?<n>a)\\k<m>", "a{2,1}", r"\p{Nonsense}", "[b-a]", r"\q"] {
            assert_eq!(Pattern::compile(source).err(), Some(Unusable::Unknown), "{source}");
        }
    }
}
