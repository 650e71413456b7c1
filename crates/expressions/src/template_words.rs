// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The filters, tests and methods of a template that there are not. minijinja looks them up when it comes to them, which may be never; a slip of
//! the pen is better told of before anything runs.

use crate::ROOTS;
use crate::references::References;
use crate::shapes::{Suspect, hint};
use minijinja::{Environment, ErrorKind};

/// Names for hints. What there is, the environment says.
const FILTERS: &[&str] = &[
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "default",
    "dictsort",
    "escape",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "pprint",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "trim",
    "unique",
    "upper",
    "zip",
];
const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "even",
    "false",
    "float",
    "ge",
    "gt",
    "in",
    "integer",
    "iterable",
    "le",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "true",
    "undefined",
    "upper",
];

/// What stands between `{{` and `}}` or `{%` and `%}`, each by itself.
pub(crate) fn blocks(text: &str) -> Vec<&str> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let after = rest.get(at + 1..).unwrap_or_default();
        let close = match after.chars().next() {
            Some('{') => "}}",
            Some('%') => "%}",
            Some('#') => {
                rest = after.split_once("#}").map_or("", |(_, rest)| rest);
                continue;
            }
            _ => {
                rest = after;
                continue;
            }
        };
        let body = after.get(1..).unwrap_or_default();
        let end = end_of(body, close);
        blocks.extend(body.get(..end));
        rest = body.get(end..).unwrap_or_default();
    }
    blocks
}

/// Where a block ends: not in quotes, and not in brackets of its own.
fn end_of(body: &str, close: &str) -> usize {
    let mut depth = 0_usize;
    for word in words(body).filter(|word| word.kind == Kind::Sign) {
        if (depth == 0 || close == "%}") && body.get(word.start..).is_some_and(|rest| rest.starts_with(close)) {
            return word.start;
        }
        match word.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    body.len()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Name,
    Quoted,
    Sign,
}

#[derive(Clone, Copy)]
struct Word<'a> {
    start: usize,
    text: &'a str,
    kind: Kind,
}

/// Names, texts in quotes, and every other letter by itself.
fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let start = at + (rest.len() - rest.trim_start().len());
        let rest = text.get(start..)?;
        let first = rest.chars().next()?;
        let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
        let (length, kind) = if matches!(first, '\'' | '"') {
            (quoted(rest, first), Kind::Quoted)
        } else if is_name(first) {
            (rest.find(|letter| !is_name(letter)).unwrap_or(rest.len()), Kind::Name)
        } else {
            (first.len_utf8(), Kind::Sign)
        };
        at = start + length;
        Some(Word { start, text: rest.get(..length)?, kind })
    })
}

/// How long the text in quotes is with which `rest` begins.
fn quoted(rest: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if std::mem::take(&mut escaped) => {}
            '\\' => escaped = true,
            _ if letter == mark => return at + letter.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

pub(crate) fn find(text: &str, environment: &Environment<'_>, variables: &[&str], references: &mut References) {
    for block in blocks(text) {
        let words: Vec<Word<'_>> = words(block).collect();
        for (at, word) in words.iter().enumerate() {
            let before = |count: usize| at.checked_sub(count).and_then(|place| words.get(place)).map_or("", |word| word.text);
            let suspect = match word.kind {
                Kind::Name if before(1) == "|" => unknown(environment, Looked::Filter, word.text),
                Kind::Name if before(1) == "is" && word.text != "not" => unknown(environment, Looked::Test, word.text),
                Kind::Name if before(1) == "not" && before(2) == "is" => unknown(environment, Looked::Test, word.text),
                Kind::Name if before(1) == "." && words.get(at + 1).is_some_and(|next| next.text == "(") => {
                    let is_data = |root: &str| ROOTS.contains(&root) || variables.contains(&root);
                    words.get(..at).and_then(root_of).filter(|root| is_data(root)).map(|_| no_method(word.text))
                }
                Kind::Name | Kind::Quoted | Kind::Sign => None,
            };
            references.add_suspects(suspect);
        }
    }
}

/// The name at which a chain of members and indices begins that ends in a dot.
fn root_of<'a>(words: &[Word<'a>]) -> Option<&'a str> {
    let mut at = words.len();
    while let Some(dot) = at.checked_sub(1).filter(|dot| words.get(*dot).is_some_and(|word| word.text == ".")) {
        at = before_indices(words, dot)?.checked_sub(1)?;
        if words.get(at)?.kind != Kind::Name {
            return None;
        }
    }
    words.get(at).filter(|word| word.kind == Kind::Name).map(|word| word.text)
}

/// Where the indices begin that end at `end`; there may be none.
fn before_indices(words: &[Word<'_>], end: usize) -> Option<usize> {
    let mut at = end;
    while words.get(at.checked_sub(1)?)?.text == "]" {
        let mut depth = 0_usize;
        loop {
            at = at.checked_sub(1)?;
            match words.get(at)?.text {
                "]" => depth += 1,
                "[" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    Some(at)
}

#[derive(Clone, Copy)]
enum Looked {
    Filter,
    Test,
}

/// What there is no filter or test for.
fn unknown(environment: &Environment<'_>, looked: Looked, name: &str) -> Option<Suspect> {
    let (what, probe, kind, known) = match looked {
        Looked::Filter => ("filter", format!("1|{name}"), ErrorKind::UnknownFilter, FILTERS),
        Looked::Test => ("test", format!("1 is {name}"), ErrorKind::UnknownTest, TESTS),
    };
    let error = environment.compile_expression(&probe).and_then(|probe| probe.eval(())).err()?;
    if error.kind() != kind {
        return None;
    }
    let way_out = match (what, name) {
        ("filter", "tojson" | "json") => "leave it out: objects and arrays are JSON wherever they stand in a string".to_owned(),
        _ => hint(name, known),
    };
    Some(Suspect { word: name.to_owned(), column: 0, message: format!("there is no {what} `{name}`; {way_out}") })
}

fn no_method(name: &str) -> Suspect {
    let way_out = if FILTERS.contains(&name) {
        format!("write `| {name}`, which is a filter")
    } else {
        "data has no methods: use a filter, as in `{{ input.name | upper }}`".to_owned()
    };
    Suspect { word: name.to_owned(), column: 0, message: format!("there is no method `{name}`; {way_out}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_a_hint_is_one_that_there_is() {
        let environment = Environment::new();
        for name in FILTERS {
            assert_eq!(unknown(&environment, Looked::Filter, name), None);
        }
        for name in TESTS {
            assert_eq!(unknown(&environment, Looked::Test, name), None);
        }
    }

    #[test]
    fn a_block_ends_where_no_quotes_are() {
        assert_eq!(blocks("a {{ b }} {# {{ c }} #} {% if d == '%}' %}{{ e[\"}}\"] }}f {g}"), [" b ", " if d == '%}' ", " e[\"}}\"] "]);
        assert_eq!(blocks("{{ {'a': {'b': 1}}.a }}").len(), 1);
        assert_eq!(blocks("{{ open"), [" open"]);
    }
}
