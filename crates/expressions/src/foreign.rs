// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What people write who think of JavaScript, or of all of CEL: what stands here in its place, or that nothing does.

use serde_json::Value;

const NO_CLOCK: &str = "expressions have no clock, no randomness and no environment: pass it in the context";
const NO_PATTERN: &str = "there are no regular expressions: use contains(), startsWith() or endsWith(), or a function as the condition";
const ELSEWHERE: &str = "expressions do not have it: compute it in a task, or write a function as the condition";

/// Names of functions, each with the way out.
const FUNCTIONS: &[(&[&str], &str)] = &[
    (
        &["includes", "has_item", "containsKey", "hasKey", "in"],
        "write `'a' in list` for an array or an object, and text.contains('a') for a string",
    ),
    (&["some", "any"], "write list.exists(item, …)"),
    (&["every"], "write list.all(item, …)"),
    (&["find", "where", "select"], "write list.filter(item, …)[0]"),
    (&["length", "len", "count", "isEmpty", "empty"], "write size(value)"),
    (&["indexOf", "lastIndexOf", "search"], "write `'a' in list` for an array, and text.contains('a') for a string"),
    (&["toLowerCase", "lower", "lowercase"], "write text.lowerAscii()"),
    (&["toUpperCase", "upper", "uppercase"], "write text.upperAscii()"),
    (&["startsWithAny", "hasPrefix"], "write text.startsWith('a')"),
    (&["hasSuffix"], "write text.endsWith('a')"),
    (&["toString", "str", "String"], "write string(value)"),
    (&["parseInt", "Number", "toNumber", "uint", "integer"], "write int(text) or double(text)"),
    (&["parseFloat", "float"], "write double(text)"),
    (&["Boolean", "toBoolean"], "write bool(text), or compare: value != null"),
    (&["typeof", "typeOf", "isArray"], "write type(value) == 'list'"),
    (&["greatest"], "write max(a, b)"),
    (&["least"], "write min(a, b)"),
    (&["matches", "match", "test", "regex", "exec"], NO_PATTERN),
    (&["now", "timestamp", "duration", "random", "uuid", "env", "date", "today"], NO_CLOCK),
    (&["dyn"], "values are not typed before they are read: leave it out"),
    (&["bytes"], "there are no bytes: JSON has strings"),
    (
        &[
            "substring",
            "substr",
            "slice",
            "replace",
            "replaceAll",
            "charAt",
            "concat",
            "reverse",
            "sort",
            "flat",
            "flatMap",
            "reduce",
            "sum",
            "keys",
            "values",
            "entries",
            "round",
            "floor",
            "ceil",
            "abs",
            "format",
        ],
        ELSEWHERE,
    ),
];

/// What to write in place of a function that there is not.
pub(crate) fn function(name: &str) -> Option<&'static str> {
    FUNCTIONS.iter().find(|(theirs, _)| theirs.contains(&name)).map(|(_, ours)| *ours)
}

/// What to write in place of a member that a list or a text has in JavaScript.
pub(crate) fn member(value: &Value, key: &str, holder: &str) -> Option<String> {
    let is_sized = matches!(value, Value::Array(_) | Value::String(_));
    (is_sized && matches!(key, "length" | "size" | "count")).then(|| format!("write size({holder})"))
}
