// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is written in two places and must be the same.

use std::collections::BTreeMap;
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

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let after = text.split_once(from).map_or("", |(_, after)| after);
    after.split_once(to).map_or(after, |(inside, _)| inside)
}

// Providers

#[test]
fn kinds_of_providers_have_the_same_keys_in_the_environment() {
    let (here, there) = (read("ts/config/models.ts"), read("crates/providers/src/provider.rs"));
    let ours = keys(between(&here.text, "const KINDS", "\n}"), ": [");
    let theirs = keys(between(&there.text, "fn key_variables", "\n    }"), "=> &[");
    assert!(ours.len() > 10, "only {} kinds were found in ts/config/models.ts", ours.len());
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

/// Types, fields and constants of the glossary: `Name` in `path`.
#[test]
fn words_of_the_glossary_are_defined_where_it_says() {
    let paper = read("ARCHITECTURE.md");
    let rows = paper.lines().skip_while(|(_, line)| *line != "## Glossary").filter(|(_, line)| line.starts_with("| "));
    let named: Vec<(usize, &str, &str)> = rows
        .filter_map(|(number, line)| {
            let place = line.trim_end_matches(['|', ' ']).rsplit_once("| ")?.1;
            let (name, path) = place.split_once("` in `")?;
            Some((number, name.trim_matches('`'), path.trim_matches('`')))
        })
        .collect();
    assert!(named.len() > 20, "only {} words of the glossary name their place", named.len());
    let findings = named.into_iter().filter(|(_, name, path)| !exists(path) || !defines(&read(path).text, name));
    let findings = findings.map(|(number, name, path)| paper.finding(number, format!("`{name}` is not defined in `{path}`")));
    refuse(findings, "Say where it went; or take its row out, with the word from the code.");
}

fn defines(text: &str, name: &str) -> bool {
    let words = ["struct", "enum", "trait", "const", "class", "interface", "type"];
    let ends = |rest: &str| !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
    let item = words.iter().any(|word| text.split(&format!("{word} {name}")).skip(1).any(ends));
    item || text.contains(&format!("pub {name}: "))
}

/// What is not needed to find the way stands elsewhere.
#[test]
fn the_architecture_is_short() {
    let architecture = read("ARCHITECTURE.md");
    let lines = architecture.lines().take_while(|(_, line)| *line != "## Glossary").count();
    let too_long = (lines > ARCHITECTURE_LINES_MAX)
        .then(|| architecture.finding(lines, format!("{lines} lines before the glossary, {ARCHITECTURE_LINES_MAX} are the most")));
    refuse(too_long, "Move it to the head of its crate, or to a decision.");
}

const ARCHITECTURE_LINES_MAX: usize = 150;

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
