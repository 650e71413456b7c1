// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Templates that only name values are filled in without minijinja: both give the same, value or error.

use expressions::Template;
use proptest::prelude::*;
use serde_json::{Value, json};

const PATHS: &[&str] = &[
    "context",
    "context.n",
    "context.a",
    "context.a.b",
    "context.a.b.c",
    "context.none",
    "context.items",
    "input.n",
    "input",
    "item",
    "item.n",
];

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop_oneof![any::<f64>(), Just(2.0), Just(-0.0), Just(1e21), Just(1e-7)]
            .prop_filter_map("finite", |number| serde_json::Number::from_f64(number).map(Value::from)),
        prop_oneof![any::<String>(), Just("{{ context }}".to_owned()), Just("<b>&".to_owned())].prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let keys =
            prop_oneof![Just("n"), Just("a"), Just("b"), Just("c"), Just("items"), Just("none"), Just("ä b")].prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys, inner), 0..5).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn pieces() -> impl Strategy<Value = Vec<(String, &'static str)>> {
    let text = prop_oneof![
        Just(String::new()),
        Just(" ".to_owned()),
        Just("\n".to_owned()),
        "[a-z {}\\n\"']{0,6}".prop_map(|text| text.replace("{{", "{"))
    ];
    prop::collection::vec((text, prop::sample::select(PATHS)), 1..4)
}

/// The same template with each path in brackets, which only minijinja reads.
fn compile(pieces: &[(String, &str)], end: &str, bracketed: bool) -> Option<Template> {
    let mut text = String::new();
    for (before, path) in pieces {
        text.push_str(before);
        text.push_str(&[if bracketed { "{{ (" } else { "{{ " }, path, if bracketed { ") }}" } else { " }}" }].concat());
    }
    text.push_str(end);
    Template::compile(&text, &["item"]).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_template_that_only_names_values_gives_what_minijinja_gives(
        pieces in pieces(),
        end in prop_oneof![Just(""), Just(" "), Just("\n"), Just("\r\n"), Just(".")],
        (context, input, item) in (values(), values(), values()),
    ) {
        let scope = json!({ "context": context, "input": input, "item": item });
        let (Some(plain), Some(slow)) = (compile(&pieces, end, false), compile(&pieces, end, true)) else { return Ok(()) };
        let said = |result: Result<Value, expressions::TemplateError>| result.map_err(|error| error.to_string());
        let text = |template: &Template| template.render(&scope).map(Value::from);
        // Where one of them fails, both do; only minijinja's words tell that a path was in brackets.
        for (one, other) in [(said(text(&plain)), said(text(&slow))), (said(plain.value(&scope)), said(slow.value(&scope)))] {
            prop_assert_eq!(one.as_ref().ok(), other.as_ref().ok());
        }
    }
}

#[test]
fn an_object_keeps_the_order_of_its_keys() {
    let scope = json!({ "context": { "z": 1, "a": [1.0, 2], "m": null } });
    let template = Template::compile("is {{ context }}", &[]).unwrap();
    assert_eq!(template.render(&scope).unwrap(), r#"is {"z":1,"a":[1,2],"m":null}"#);
}
