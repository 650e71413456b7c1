// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The worst case of every bound, read and evaluated on a thread with 2 MiB of stack.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so, and its stack is the point")]

use expressions::{Expression, InputTemplate, NESTING_MAX, NODES_MAX, SOURCE_BYTES_MAX};
use serde_json::{Value, json};

const STACK_BYTES: usize = 2 << 20;

fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).unwrap().join().unwrap()
}

/// What comes of an expression: its value, or what is wrong.
fn said(source: String) -> String {
    on_a_small_stack(move || {
        let list: Vec<Value> = (0..2000).map(|n| json!({ "n": n, "text": "x".repeat(100) })).collect();
        let mut deep = json!(0);
        for _ in 0..120 {
            deep = json!([deep]);
        }
        let scope = json!({ "input": { "list": list, "deep": deep, "text": "y".repeat(1 << 20) } });
        match Expression::compile(&source, &[]) {
            Err(error) => format!("refused: {error}"),
            Ok(expression) => expression.evaluate(&scope).map_or_else(|error| format!("fails: {error}"), |value| value.to_string()),
        }
    })
}

fn refused(source: String, why: &str) {
    let said = said(source);
    assert!(said.contains(why), "{said}");
}

#[test]
fn what_is_just_within_the_bounds_has_a_value() {
    let brackets = NESTING_MAX / 2 - 1;
    assert_eq!(said(format!("{}1{}", "(".repeat(brackets), ")".repeat(brackets))), "1");
    assert_eq!(said(format!("{}1{}", "[".repeat(brackets), "]".repeat(brackets))).len(), 2 * brackets + 1);
    assert_eq!(said(format!("{}true", "!".repeat(brackets - 1))), if brackets % 2 == 1 { "true" } else { "false" });
    assert_eq!(said(format!("1{}", " + 1".repeat(NESTING_MAX - 1))), NESTING_MAX.to_string());
    assert_eq!(said(format!("{}7{}", "true ? ".repeat(brackets - 1), " : 1".repeat(brackets - 1))), "7");
    assert_eq!(said(format!("input.deep{} == 7", "[0]".repeat(NESTING_MAX - 4))), "false");
    assert_eq!(said("input.deep == input.deep".to_owned()), "true");
    assert_eq!(said("input.list.filter(x, x.n > 1990).size()".to_owned()), "9");
}

#[test]
fn what_is_beyond_them_is_refused_when_it_is_read() {
    let long = 100_000;
    refused("x".repeat(SOURCE_BYTES_MAX + 1), "at most 2048 bytes");
    refused("(".repeat(SOURCE_BYTES_MAX), "nested deeper than 32");
    refused("[".repeat(SOURCE_BYTES_MAX), "nested deeper than 32");
    refused("{'a':".repeat(SOURCE_BYTES_MAX / 5), "nested deeper than 32");
    refused("!".repeat(SOURCE_BYTES_MAX), "nested deeper than 32");
    refused("-".repeat(SOURCE_BYTES_MAX), "nested deeper than 32");
    refused("true ? ".repeat(SOURCE_BYTES_MAX / 7), "nested deeper than 32");
    refused("size(".repeat(SOURCE_BYTES_MAX / 5), "nested deeper than 32");
    refused(format!("1{}", " + 1".repeat(NESTING_MAX)), "nested deeper than 64");
    refused(format!("input{}", ".a".repeat(NESTING_MAX)), "nested deeper than 64");
    refused(format!("input{}", "[0]".repeat(NESTING_MAX)), "nested deeper than 64");
    refused(format!("[{}1]", "1,".repeat(NODES_MAX)), "at most 512 parts");
    refused(format!("'a'{}", ".trim()".repeat(NESTING_MAX)), "nested deeper than 64");
    refused("(".repeat(long), "at most 2048 bytes");
}

#[test]
fn what_is_beyond_them_ends_when_it_is_evaluated() {
    let many = "input.list.map(x, input.list)";
    refused(many.to_owned(), "fails: it makes more than");
    refused("input.list.all(x, input.list == input.list)".to_owned(), "fails: it takes more than 100000 steps");
    refused("input.list.map(x, input.text)".to_owned(), "fails: it makes more than");
    refused(format!("'{}'{}", "a".repeat(1000), " + input.text".repeat(10)), "fails: it makes more than");
    refused("input.list.all(x, !input.text.contains('yyyyz'))".to_owned(), "fails: it takes more than 100000 steps");
    refused("input.text.split('y')".to_owned(), "fails: it makes more than");
}

#[test]
fn a_template_that_never_ends_does() {
    let render = |text: &'static str| {
        on_a_small_stack(move || {
            let template = InputTemplate::compile(&json!({ "data": text }), &[]).unwrap().unwrap();
            template.render(&json!({ "input": { "text": "y".repeat(1 << 19) } })).unwrap_err().1.to_string()
        })
    };
    let loops = render("x{% for a in range(90000) %}{% for b in range(90000) %}x{% endfor %}{% endfor %}");
    assert!(loops.contains("fuel"), "{loops}");
    let long = render("{% for a in range(9) %}{{ input.text }}{% endfor %}");
    assert!(long.contains("1048576 bytes"), "{long}");
}
