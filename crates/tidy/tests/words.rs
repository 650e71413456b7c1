// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What users read names its actor: messages of errors, the declarations, the papers.

use tidy::{Finding, Source, everything, refuse};

/// Words that hide who acts, and one that people re-read.
const HIDING: [&str; 4] = ["whoever", "somebody", "nobody", "shall"];

/// Papers, whose lines fit a terminal. A folder stands for all that is in it.
const PAPERS: &[&str] = &["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "bench/README.md", "docs/decisions/"];
const DECLARATIONS: &[&str] = &["index.d.ts", "testing.d.ts"];
const COLUMNS_MAX: usize = 120;

const WAY_OUT: &str = "Name the actor (the caller, the listener), and write `must` or `will`.";

#[test]
fn papers_and_declarations_name_the_actor() {
    let tree = everything();
    let prose = tree.iter().filter(|source| is_one_of(PAPERS, source) || is_one_of(DECLARATIONS, source));
    refuse(prose.flat_map(|source| source.lines().filter_map(|(number, line)| hidden(source, number, line))), WAY_OUT);
}

#[test]
fn messages_name_the_actor() {
    let tree = everything();
    let code = tree.iter().filter(|source| matches!(source.extension(), "rs" | "ts") && !source.is_test() && is_shipped(source));
    let findings = code.flat_map(|source| {
        let lines = source.lines().take_while(|(_, line)| line.trim() != "#[cfg(test)]");
        let quotes = if source.extension() == "rs" { RUST } else { TYPESCRIPT };
        let said = lines.filter(|(_, line)| !is_comment(line)).map(|(number, line)| (number, strings(line, quotes)));
        said.filter_map(|(number, strings)| strings.iter().find_map(|text| hidden(source, number, text))).collect::<Vec<_>>()
    });
    refuse(findings, WAY_OUT);
}

#[test]
fn lines_of_prose_fit_a_terminal() {
    let tree = everything();
    let mut findings = Vec::new();
    for paper in tree.iter().filter(|source| is_one_of(PAPERS, source)) {
        let mut is_code = false;
        for (number, line) in paper.lines() {
            is_code ^= line.starts_with("```");
            let columns = line.chars().count();
            if columns > COLUMNS_MAX && !is_code && !line.starts_with('|') {
                findings.push(paper.finding(number, format!("{columns} columns")));
            }
        }
    }
    refuse(findings, "Break the line at 120 columns; tables and code may be wider.");
}

fn is_one_of(places: &[&str], source: &Source) -> bool {
    places.iter().any(|place| source.path == *place || (place.ends_with('/') && source.is_in(place)))
}

#[test]
fn strings_are_told_from_what_stands_around_them() {
    assert_eq!(strings(r#"push("it\"s `x`", nobody, 'a')"#, TYPESCRIPT), [r#"it\"s `x`"#, "a"]);
    assert_eq!(strings("        return `it belongs to nobody", TYPESCRIPT), ["it belongs to nobody"]);
    // A lifetime opens no string.
    assert_eq!(strings("fn f<'a>(whoever: &'a str) -> &'a str {", RUST), Vec::<&str>::new());
}

/// What is compiled into the package.
fn is_shipped(source: &Source) -> bool {
    source.is_in("ts/")
        || source.is_in("src/")
        || (source.is_in("crates/") && source.path.contains("/src/") && !source.is_in("crates/tidy/"))
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["//", "/*", "*", "#[expect", "#![expect"].iter().any(|start| line.starts_with(start))
}

fn hidden(source: &Source, number: usize, text: &str) -> Option<Finding> {
    let mut words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let word = words.find(|word| HIDING.contains(&word.to_lowercase().as_str()))?;
    Some(source.finding(number, format!("`{word}` in `{}`", text.trim())))
}

const RUST: &[char] = &['"'];
const TYPESCRIPT: &[char] = &['"', '\'', '`'];

/// The strings of a line, by their quotes; the last one may go on in the next line.
fn strings<'a>(line: &'a str, quotes: &[char]) -> Vec<&'a str> {
    let (mut found, mut rest) = (Vec::new(), line);
    while let Some(at) = rest.find(quotes) {
        let (before, inside) = rest.split_at(at + 1);
        let quote = before.chars().next_back();
        let mut escaped = false;
        let end = inside.find(|letter| {
            let ends = Some(letter) == quote && !escaped;
            escaped = letter == '\\' && !escaped;
            ends
        });
        let (string, after) = inside.split_at(end.unwrap_or(inside.len()));
        found.push(string);
        rest = after.get(1..).unwrap_or_default();
    }
    found
}
