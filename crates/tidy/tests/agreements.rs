// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is written in two places and must be the same.

use std::collections::{BTreeMap, BTreeSet};
use tidy::{Finding, Source, everything, exists, read, refuse, written};

// Codes

#[test]
fn every_code_that_rust_gives_is_one_that_typescript_knows() {
    let errors = read("ts/api/errors.ts");
    let union = between(&errors.text, "export type ErrorCode =", "\n\n");
    assert!(union.contains("'ERR_INTERNAL'"), "the codes were not found in ts/api/errors.ts");
    let sources = written();
    // A problem of a definition is an issue of an error; its code is not one of the error itself.
    let others = ["crates/tidy/", "crates/engine/src/workflow/"];
    let ours = |source: &&Source| source.extension() == "rs" && !source.is_test() && !others.iter().any(|folder| source.is_in(folder));
    let mut count = 0;
    let findings = sources.iter().filter(ours).flat_map(codes).filter(|(_, code)| {
        count += 1;
        !union.contains(&format!("'{code}'"))
    });
    let findings: Vec<Finding> = findings.map(|(finding, _)| finding).collect();
    assert!(count > 10, "only {count} codes were found in the Rust sources");
    refuse(findings, "Add the code to `ErrorCode` and `CLASSES` in `ts/api/errors.ts`, and a case to `__test__/package/errors.spec.ts`.");
}

/// Each string of a source that is a code.
fn codes(source: &Source) -> Vec<(Finding, String)> {
    let mut codes = Vec::new();
    for (number, line) in source.lines() {
        for part in line.split('"').filter(|part| part.starts_with("ERR_")) {
            if part.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_') {
                codes.push((source.finding(number, format!("`{part}`")), part.to_owned()));
            }
        }
    }
    codes
}

// The layout of what crosses

const SAME_LAYOUT: &str =
    "Both sides read the same array: change `src/words.rs` or `crates/runtime/src/effect.rs`, and `ts/boundary/words.ts`, together.";

#[test]
fn answers_and_effects_have_one_layout() {
    let (rust, script) = (read("src/words.rs"), read("ts/boundary/words.ts"));
    let findings = ["ANSWER_WORDS", "HEADER_WORDS", "EFFECT_WORDS"].into_iter().filter_map(|name| {
        let ours = number_after(&rust.text, &format!("const {name}: usize = "));
        let theirs = number_after(&script.text, &format!("export const {name} = "));
        assert!(ours.is_some() && theirs.is_some(), "`{name}` was not found on both sides");
        (ours != theirs).then(|| difference(&script, name, name, theirs, ours))
    });
    refuse(findings, SAME_LAYOUT);
}

#[test]
fn the_forms_of_an_answer_have_the_same_numbers() {
    let (rust, script) = (read("src/words.rs"), read("ts/boundary/words.ts"));
    let theirs = numbers(between(&script.text, "export const Form = {", "}"), ':');
    let findings = [("COMPLETED_HELD", "completedHeld"), ("COMPLETED_JSON", "completedJson")].into_iter().filter_map(|(constant, name)| {
        let ours = number_after(&rust.text, &format!("const {constant}: u32 = "));
        assert!(ours.is_some(), "`{constant}` was not found");
        let theirs = theirs.get(name).copied();
        (ours != theirs).then(|| difference(&script, name, name, theirs, ours))
    });
    refuse(findings, SAME_LAYOUT);
}

#[test]
fn the_kinds_of_effect_have_the_same_numbers() {
    let (rust, script) = (read("crates/runtime/src/effect.rs"), read("ts/boundary/words.ts"));
    let code = |text: &str| text.lines().filter(|line| !line.trim().starts_with("//")).collect::<Vec<_>>().join("\n");
    let ours = numbers(&code(between(&rust.text, "pub enum EffectKind {", "\n}")), '=');
    let theirs = numbers(between(&script.text, "export const Kind = {", "}"), ':');
    assert!(ours.len() > 5 && theirs.len() > 5, "the kinds were not found: {ours:?} {theirs:?}");
    let ours: BTreeMap<String, u64> = ours.into_iter().map(|(name, number)| (lower_first(&name), number)).collect();
    let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let differing = names.into_iter().filter(|name| ours.get(*name) != theirs.get(*name));
    let findings = differing.map(|name| difference(&script, name, name, theirs.get(name).copied(), ours.get(name).copied()));
    refuse(findings.collect::<Vec<_>>(), SAME_LAYOUT);
}

fn difference(source: &Source, near: &str, name: &str, here: Option<u64>, there: Option<u64>) -> Finding {
    let line = source.lines().find(|(_, line)| line.contains(near)).map_or(1, |(number, _)| number);
    let words = |number: Option<u64>| number.map_or("missing".to_owned(), |number| number.to_string());
    source.finding(line, format!("`{name}` is {} here and {} in Rust", words(here), words(there)))
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let after = text.split_once(from).map_or("", |(_, after)| after);
    after.split_once(to).map_or(after, |(inside, _)| inside)
}

fn number_after(text: &str, from: &str) -> Option<u64> {
    let (_, after) = text.split_once(from)?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// `name: 1, other: 2` or `Name = 1,` as a map.
fn numbers(text: &str, sign: char) -> BTreeMap<String, u64> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once(sign));
    pairs.filter_map(|(name, number)| Some((name.trim().to_owned(), number.trim().parse().ok()?))).collect()
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}

// Providers

#[test]
fn kinds_of_providers_have_the_same_keys_in_the_environment() {
    let (here, there) = (read("ts/models/config.ts"), read("crates/providers/src/provider.rs"));
    let ours = keys(between(&here.text, "const KINDS", "\n}"), ": [");
    let theirs = keys(between(&there.text, "fn key_variables", "\n    }"), "=> &[");
    assert!(ours.len() > 10, "only {} kinds were found in ts/models/config.ts", ours.len());
    assert_eq!(ours, theirs, "a kind and its variables stand in `KINDS` and in `Kind::key_variables`: change them together");
}

/// `name: ['A', 'B'],` or `Self::Name | Self::Other => &["A"],` by the names, as users write them.
fn keys(text: &str, sign: &str) -> BTreeMap<String, Vec<String>> {
    let lines = text.lines().filter_map(|line| line.split_once(sign));
    lines
        .flat_map(|(names, variables)| {
            let variables: Vec<String> = variables.split(['\'', '"']).skip(1).step_by(2).map(str::to_owned).collect();
            names
                .split('|')
                .map(move |name| (kebab(name.trim().trim_start_matches("Self::").trim_matches('\'')), variables.clone()))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn kebab(name: &str) -> String {
    let letters = name.char_indices().flat_map(|(place, letter)| {
        let hyphen = (letter.is_ascii_uppercase() && place > 0).then_some('-');
        hyphen.into_iter().chain([letter.to_ascii_lowercase()])
    });
    letters.collect()
}

// Papers

#[test]
fn papers_name_files_that_exist() {
    let tree = everything();
    let papers = tree.iter().filter(|source| ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"].contains(&source.path.as_str()));
    let findings = papers.flat_map(|paper| {
        let named = paper.lines().flat_map(move |(number, line)| {
            // A README speaks of the user's files too; its links are ours.
            let quoted = quoted(line).into_iter().filter(|name| is_path(name) && paper.path == "ARCHITECTURE.md");
            quoted.chain(links(line)).map(move |name| (number, name))
        });
        named
            .filter(|(_, name)| !is_there(&tree, name))
            .map(|(number, name)| paper.finding(number, format!("`{name}` is not there")))
            .collect::<Vec<_>>()
    });
    refuse(findings, "Say where it went, or take it out.");
}

#[test]
fn papers_name_symbols_that_exist() {
    let tree = written();
    let rust: Vec<&Source> = tree.iter().filter(|source| source.extension() == "rs" && !source.is_test()).collect();
    let papers = tree.iter().filter(|source| source.path == "ARCHITECTURE.md");
    let findings = papers.flat_map(|paper| {
        let symbols = paper.lines().flat_map(|(number, line)| quoted(line).into_iter().map(move |name| (number, name)));
        let paths = symbols.filter(|(_, name)| name.contains("::") && !name.contains(' '));
        let unknown = paths.filter(|(_, name)| {
            let last = name.rsplit("::").next().unwrap_or_default().trim_end_matches("()");
            !rust.iter().any(|source| source.text.contains(last))
        });
        unknown.map(|(number, name)| paper.finding(number, format!("`{name}` is not in the source"))).collect::<Vec<_>>()
    });
    refuse(findings, "Give its present name.");
}

/// What stands between backticks.
fn quoted(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

/// The targets of Markdown links, without those to the world and within the page.
fn links(line: &str) -> Vec<&str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains(':')).collect()
}

fn is_path(name: &str) -> bool {
    let of_ours = [".rs", ".ts", ".mjs", ".md", ".toml", ".json"].iter().any(|extension| name.ends_with(extension));
    let in_ours =
        ["crates/", "src/", "ts/", "scripts/", "__test__/", "examples/", "bench/", "npm/"].iter().any(|folder| name.starts_with(folder));
    !name.contains(' ') && (of_ours || in_ours)
}

/// From the root, or the end of some path; `*` stands for anything.
fn is_there(tree: &[Source], name: &str) -> bool {
    let name = name.split('*').next().unwrap_or_default().trim_start_matches("./");
    let inside = format!("/{name}");
    exists(name) || tree.iter().any(|source| source.path.starts_with(name) || source.path.ends_with(&inside))
}

#[test]
fn the_packages_share_one_version() {
    let version = |path: &str, before: &str| between(&read(path).text, before, "\"").to_owned();
    let ours = version("Cargo.toml", "[workspace.package]\nversion = \"");
    let package = version("package.json", "\"version\": \"");
    assert!(!ours.is_empty() && !package.is_empty(), "the versions were not found");
    let packages = written().into_iter().filter(|source| source.is_in("npm/") && source.path.ends_with("package.json"));
    let of_platforms = packages.map(|source| (between(&source.text, "\"version\": \"", "\"").to_owned(), source));
    let all = of_platforms.chain([(package, read("package.json"))]);
    let findings: Vec<Finding> =
        all.filter(|(found, _)| *found != ours).map(|(found, source)| source.finding(1, format!("version {found}"))).collect();
    refuse(findings, &format!("`Cargo.toml` says {ours}; release both under one number."));
}
