// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Expressions and what they give: `tests/golden/*.txt` has one in a line, then its value, or what is wrong with it. `UPDATE_EXPECT=1` writes them.

use expect_test::expect_file;
use expressions::{Expression, InputTemplate};
use serde_json::{Value, json};
use std::fmt::Write as _;

const VARIABLES: &[&str] = &["item", "index", "iteration", "last", "outer"];

fn scope() -> Value {
    json!({
        "input": { "n": 42, "big": 9_007_199_254_740_993_u64, "small": -1, "name": "Ada", "list": [1, 2, 3], "nested": { "deep": { "value": 7 } }, "nothing": null },
        "context": { "dryRun": false },
        "tasks": {
            "fetch": { "status": "completed", "output": { "count": 12 }, "error": null, "attempts": 1, "durationMs": 250 },
            "fetch-data": { "status": "completed", "output": { "count": 3, "items": [{ "id": 1, "ok": false }, { "id": 2, "ok": true }] }, "error": null, "attempts": 1 },
            "broken": { "status": "failed", "output": null, "error": { "code": "ERR_AGENT", "message": "no" }, "attempts": 3 },
        },
        "results": { "fetch": { "count": 12 }, "fetch-data": { "count": 3 } },
        "signal": { "payload": { "by": "me" } },
        "execution": { "id": "e-1", "startedAt": 1_700_000_000_000_i64 },
        "item": 5, "index": 1, "iteration": 1, "last": { "done": true },
        "outer": { "item": "o", "index": 2, "iteration": 2, "last": null },
    })
}

/// The lines of a file that begin with `> `, without that.
fn asked(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("> ")).collect()
}

#[test]
fn every_expression_gives_what_is_written() {
    let scope = scope();
    let mut told = String::new();
    let sources = asked(include_str!("golden/expressions.txt"));
    assert!(sources.len() >= 200, "{} expressions", sources.len());
    for source in sources {
        let said = match Expression::compile(source, VARIABLES) {
            Err(error) => format!("refused: {error}"),
            Ok(expression) => expression.evaluate(&scope).map_or_else(|error| format!("fails: {error}"), |value| value.to_string()),
        };
        writeln!(told, "> {source}\n  {said}").unwrap();
    }
    expect_file!["golden/expressions.txt"].assert_eq(&told);
}

#[test]
fn every_template_gives_what_is_written() {
    let scope = scope();
    let mut told = String::new();
    for source in asked(include_str!("golden/templates.txt")) {
        let value: Value = serde_json::from_str(source).unwrap();
        let said = match InputTemplate::compile(&value, VARIABLES) {
            Err(errors) => errors.into_iter().map(|(path, error)| format!("refused: {path}: {error}")).collect::<Vec<_>>().join("; "),
            Ok(None) => "no template".to_owned(),
            Ok(Some(template)) => match template.render(&scope) {
                Ok(value) => value.to_string(),
                Err((path, error)) => format!("fails: {path}: {error}"),
            },
        };
        writeln!(told, "> {source}\n  {said}").unwrap();
    }
    expect_file!["golden/templates.txt"].assert_eq(&told);
}
