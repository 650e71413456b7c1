// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What users read names its actor: messages of errors, the declarations, the papers.

use tidy::{Finding, Source, everything, refuse};

/// Words that hide who acts, and one that people re-read.
const HIDING: [&str; 4] = ["whoever", "somebody", "nobody", "shall"];

/// Prose that is read from its first line to its last.
const READ_WHOLE: &[&str] = &["CONTRIBUTING.md", "README.md", "index.d.ts", "testing.d.ts"];

/// Papers whose lines fit a terminal.
const NARROW: &[&str] = &["CONTRIBUTING.md", "README.md"];
const COLUMNS_MAX: usize = 120;

const WAY_OUT: &str = "Name the actor (the caller, the listener), and write `must` or `will`.";

#[test]
fn papers_and_declarations_name_the_actor() {
    let tree = everything();
    let prose = tree.iter().filter(|source| READ_WHOLE.contains(&source.path.as_str()));
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
    let papers = tree.iter().filter(|source| NARROW.contains(&source.path.as_str()));
    let findings = papers.flat_map(|source| {
        let wide = source.lines().filter(|(_, line)| !line.starts_with('|') && line.chars().count() > COLUMNS_MAX);
        wide.map(|(number, line)| source.finding(number, format!("{} columns", line.chars().count()))).collect::<Vec<_>>()
    });
    refuse(findings, "Break the line at 120 columns; rows of tables may be longer.");
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
