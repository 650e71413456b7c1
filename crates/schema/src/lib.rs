// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A JSON Schema (draft 2020-12 unless `$schema` says otherwise) that judges a value.
//!
//! Schemas come from others, and so may values: how large a schema may be is bounded in `bounds`, what judging a value may cost by `meter`, through
//! which the validator sees the value (`metered`), and what a pattern may cost in `pattern`.

mod bounds;
mod meter;
mod metered;
mod pattern;

use jsonschema::{Keyword, PatternOptions, ValidationError, Validator};
use metered::{Metered, Part};
use pattern::{Pattern, Unusable};
use serde_json::{Map, Value};
use std::fmt::{self, Write as _};

/// A compiled JSON Schema. Nothing is ever fetched: a remote `$ref` is refused.
pub struct Schema {
    validator: Validator<Metered>,
    parts: usize,
}

/// Why there is no schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaError {
    /// It is none.
    Wrong(String),
    /// It is larger than what may come in.
    TooLarge(String),
}

/// One thing a value does that its schema forbids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaIssue {
    /// JSON Pointer into the value; empty for the value itself.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

impl Schema {
    /// At most this many issues are reported of one value.
    pub const ISSUES_MAX: usize = 20;
    /// What judging one value may cost: looks at parts of it. They take some 25 ms.
    pub const STEPS_MAX: usize = 2_000_000;
    /// What finding all issues may cost, each of which takes longer to say than a look.
    const STEPS_MAX_OF_ISSUES: usize = 50_000;
    /// More than this of one issue nobody reads, and it may hold the whole value.
    const MESSAGE_BYTES_MAX: usize = 500;

    /// Compiles a schema that comes in, or says what is wrong with it.
    pub fn compile(schema: &Value) -> Result<Self, SchemaError> {
        let parts = bounds::parts(schema).map_err(SchemaError::TooLarge)?;
        Ok(Self { parts, validator: validator(schema, Pattern::BYTES_MAX)? })
    }

    /// Compiles a schema that came in before there were bounds.
    pub fn compile_accepted(schema: &Value) -> Result<Self, SchemaError> {
        Ok(Self { parts: 0, validator: validator(schema, Self::PATTERN_BYTES_MAX_ONCE)? })
    }

    /// How many parts it has, once everything stands where it is referred to; 0 if it came in before they were counted.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// What a pattern could be before [`Pattern::BYTES_MAX`].
    const PATTERN_BYTES_MAX_ONCE: usize = 10 * 1024 * 1024;

    /// What `value` does that the schema forbids; empty when it fits.
    pub fn judge(&self, value: &Value) -> Vec<SchemaIssue> {
        let whole = |message: &str| vec![SchemaIssue { pointer: String::new(), message: message.to_owned() }];
        match meter::within(Self::STEPS_MAX, || self.validator.is_valid(Part(value))) {
            Some(true) => return Vec::new(),
            Some(false) => {}
            None => return whole(TOO_COSTLY),
        }
        let issues = meter::within(Self::STEPS_MAX_OF_ISSUES, || {
            self.validator.iter_errors(Part(value)).take(Self::ISSUES_MAX).map(|error| issue(&error)).collect()
        });
        issues.unwrap_or_else(|| {
            let first = meter::within(Self::STEPS_MAX, || self.validator.validate(Part(value)).err().map(|error| issue(&error)));
            first.flatten().map_or_else(|| whole("it does not fit; to say where would take too long"), |issue| vec![issue])
        })
    }
}

const TOO_COSTLY: &str = "judging this value by its schema takes too many steps (2000000); make the value smaller, or the schema simpler";
const TOO_LARGE: &str = "the compiled pattern takes more than 256 KiB; repeat less in it, or use `maxLength`";

fn validator(schema: &Value, pattern_bytes_max: usize) -> Result<Validator<Metered>, SchemaError> {
    let built = jsonschema::options_for::<Metered>()
        .with_pattern_options(PatternOptions::regex().size_limit(pattern_bytes_max))
        .with_keyword("pattern", move |_, source, _| Matches::keyword(source, pattern_bytes_max))
        .build(schema);
    built.map_err(|error| {
        let message = shortened(&error);
        if message == TOO_LARGE { SchemaError::TooLarge(message) } else { SchemaError::Wrong(message) }
    })
}

fn issue(error: &ValidationError<'_>) -> SchemaIssue {
    SchemaIssue { pointer: error.instance_path().to_string(), message: shortened(error) }
}

/// What is displayed, as far as it is read.
fn shortened(what: &impl fmt::Display) -> String {
    let mut short = Short(String::new());
    // It fails when it is full.
    if write!(short, "{what}").is_err() {
        short.0.push('…');
    }
    short.0
}

struct Short(String);

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = Schema::MESSAGE_BYTES_MAX.saturating_sub(self.0.len());
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        self.0.push_str(text.get(..end).unwrap_or_default());
        Err(fmt::Error)
    }
}

/// `pattern`, by a pattern of ours, or by one of the `regex` crate where it is written in words that only that knows.
struct Matches {
    source: String,
    by: By,
}

enum By {
    Ours(Box<Pattern>),
    Theirs(Box<Validator<Metered>>),
}

impl Matches {
    fn keyword<'a>(source: &'a Value, bytes_max: usize) -> Result<Box<dyn for<'i> Keyword<'i, Metered>>, ValidationError<'a>> {
        let Some(text) = source.as_str() else { return Err(ValidationError::custom("`pattern` must be a string")) };
        let by = match Pattern::compile(text) {
            Ok(pattern) => By::Ours(pattern.into()),
            Err(Unusable::TooLarge) if bytes_max == Pattern::BYTES_MAX => return Err(ValidationError::custom(TOO_LARGE)),
            Err(Unusable::TooLarge | Unusable::Unknown) => {
                let mut schema = Map::new();
                schema.insert("pattern".to_owned(), source.clone());
                let options = PatternOptions::regex().size_limit(bytes_max);
                let validator = jsonschema::options_for::<Metered>().with_pattern_options(options).build(&Value::Object(schema));
                By::Theirs(validator.map_err(|_| ValidationError::custom(format!("{source} is not a \"regex\"")))?.into())
            }
        };
        Ok(Box::new(Self { source: text.to_owned(), by }))
    }

    fn fits(&self, value: &Value) -> bool {
        match (&self.by, value) {
            (By::Ours(pattern), Value::String(text)) => pattern.is_match(text),
            // How large it is is not known; the time it takes is the product.
            (By::Theirs(validator), Value::String(text)) => {
                meter::charge(text.len().saturating_mul(THEIR_STEPS_PER_BYTE)) && validator.is_valid(Part(value))
            }
            (_, Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => true,
        }
    }
}

/// What a pattern that may be as large as 256 KiB costs at worst.
const THEIR_STEPS_PER_BYTE: usize = 64;

impl<'i> Keyword<'i, Metered> for Matches {
    fn validate(&self, part: Part<'i>) -> Result<(), ValidationError<'i>> {
        if self.fits(part.0) {
            return Ok(());
        }
        Err(ValidationError::custom(format!("{} does not match \"{}\"", shortened(part.0), self.source)))
    }

    fn is_valid(&self, part: Part<'i>) -> bool {
        self.fits(part.0)
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(message) | Self::TooLarge(message) => f.write_str(message),
        }
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schema")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_judged_and_each_issue_says_where() {
        let schema =
            Schema::compile(&json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["id"] })).unwrap();
        assert_eq!(schema.judge(&json!({ "id": 1, "n": 2 })), []);
        let issues = schema.judge(&json!({ "n": "two" }));
        assert_eq!(issues.iter().map(|issue| issue.pointer.as_str()).collect::<Vec<_>>(), ["", "/n"]);
    }

    #[test]
    fn a_schema_that_is_none_or_would_fetch_is_refused() {
        assert!(Schema::compile(&json!({ "type": "strnig" })).is_err());
        assert!(Schema::compile(&json!({ "$ref": "https://example.com/schema.json" })).is_err());
        assert!(Schema::compile(&json!({ "pattern": "(?<=a" })).is_err());
    }

    fn wrong(schema: &Value, value: &Value) -> Vec<String> {
        Schema::compile(schema).unwrap().judge(value).into_iter().map(|issue| format!("{}: {}", issue.pointer, issue.message)).collect()
    }

    /// A thousand bytes stood for a million schemas, each of which was compiled: half a second for sixteen levels, and twice that for each more.
    #[test]
    fn a_schema_is_bounded_as_it_is_once_everything_stands_where_it_is_referred_to() {
        for keyword in ["allOf", "anyOf", "oneOf"] {
            let laughs = |levels: usize| {
                let mut definitions = json!({ "d0": { "type": "number" } });
                for level in 1..=levels {
                    let inner = json!({ "$ref": format!("#/$defs/d{}", level - 1) });
                    definitions[format!("d{level}")] = json!({ keyword: [inner, inner] });
                }
                json!({ "$defs": definitions, "$ref": format!("#/$defs/d{levels}") })
            };
            assert!(Schema::compile(&laughs(8)).is_ok());
            for levels in [14, 40] {
                let Err(SchemaError::TooLarge(message)) = Schema::compile(&laughs(levels)) else { panic!("{keyword} {levels}") };
                assert!(message.contains("10000 parts once each `$ref` stands"), "{message}");
            }
        }
        let listed = json!({ "enum": (0..20_000).collect::<Vec<_>>() });
        assert!(matches!(Schema::compile(&listed), Err(SchemaError::TooLarge(_))));
        let mut deep = json!({ "type": "number" });
        for _ in 0..40 {
            deep = json!({ "items": deep });
        }
        assert!(Schema::compile(&deep).is_ok());
        for _ in 0..40 {
            deep = json!({ "items": deep });
        }
        assert!(matches!(Schema::compile(&deep), Err(SchemaError::TooLarge(message)) if message.contains("64 levels")));
        // What was accepted before stays: its execution is to end.
        assert!(Schema::compile_accepted(&deep).is_ok() && Schema::compile_accepted(&listed).is_ok());
        assert!(Schema::compile_accepted(&json!({ "pattern": "^a{20000}$" })).is_ok());
        assert!(
            matches!(Schema::compile(&json!({ "pattern": "^a{20000}$" })), Err(SchemaError::TooLarge(message)) if message.contains("256 KiB"))
        );
    }

    #[test]
    fn a_schema_that_contains_itself_is_as_large_as_it_is_written() {
        let tree = json!({ "$defs": { "node": { "type": "object", "properties": {
            "left": { "$ref": "#/$defs/node" }, "right": { "$ref": "#/$defs/node" }, "more": { "type": "array", "items": { "$ref": "#" } },
        } } }, "$ref": "#/$defs/node" });
        let schema = Schema::compile(&tree).unwrap();
        assert!(schema.parts() < 30, "{}", schema.parts());
        assert_eq!(schema.judge(&json!({ "left": { "right": { "more": [{}] } } })), []);
        assert_eq!(wrong(&tree, &json!({ "left": { "right": 1 } })), [r#"/left/right: 1 is not of type "object""#]);
    }

    /// A value of others, by a schema of others: what judging takes is the product of both, and can be made to double with each level.
    #[test]
    fn what_judging_costs_is_bounded() {
        let branches: Vec<Value> = (0..2000).map(|index| json!({ "type": "object", "required": [format!("k{index}")] })).collect();
        let last = json!({ "type": "object" });
        let branches: Vec<Value> = branches.into_iter().chain([last]).collect();
        let many = json!({ "items": { "anyOf": branches } });
        let value = Value::from(vec![json!({ "a": 1 }); 5000]);
        assert_eq!(wrong(&many, &value), [format!(": {TOO_COSTLY}")]);
        let doubling = json!({ "$defs": { "d": { "properties": { "a": { "anyOf": [
            { "allOf": [{ "$ref": "#/$defs/d" }, { "required": ["x"] }] }, { "allOf": [{ "$ref": "#/$defs/d" }, { "required": ["y"] }] },
        ] } } } }, "$ref": "#/$defs/d" });
        let mut deep = json!({});
        for _ in 0..100 {
            deep = json!({ "a": deep });
        }
        let issues = wrong(&doubling, &deep);
        assert!(issues.len() == 1 && issues.iter().all(|issue| issue.len() < 1000), "{issues:?}");
        // By the same hash, however they are nested: they were compared each with each.
        let nested =
            |turn: usize| (0..12).fold(json!([]), |inner, bit| if turn >> bit & 1 == 1 { json!([inner]) } else { json!([inner, []]) });
        let alike: Vec<Value> = (0..2000).map(nested).collect();
        assert_eq!(wrong(&json!({ "uniqueItems": true }), &Value::from(alike)), [""; 0]);
    }

    #[test]
    fn at_most_twenty_issues_are_told_and_none_repeats_a_whole_value() {
        let issues = wrong(&json!({ "items": { "type": "number" } }), &Value::from(vec!["x"; 1000]));
        assert_eq!(issues.len(), Schema::ISSUES_MAX);
        let issues = wrong(&json!({ "items": { "type": "number" } }), &Value::from(vec!["x"; 200_000]));
        assert_eq!(issues, [r#"/0: "x" is not of type "number""#], "more than can be listed in time");
        let [issue] = &wrong(&json!({ "maxLength": 5 }), &Value::from("é".repeat(1_000_000)))[..] else { panic!("one issue") };
        assert!(issue.len() < 520 && issue.ends_with('…'), "{issue}");
    }

    #[test]
    fn equal_items_are_found_however_they_are_written() {
        let unique = json!({ "uniqueItems": true });
        for twins in [
            json!([1, 1.0]),
            json!([0, -0.0]),
            json!([{ "a": 1, "b": [2] }, { "b": [2.0], "a": 1 }]),
            json!(["a", "a"]),
            json!([null, null]),
        ] {
            assert_eq!(wrong(&unique, &twins).len(), 1, "{twins}");
        }
        for others in [
            json!([1, "1"]),
            json!([[1], [[1]]]),
            json!(["a\"", "a"]),
            json!([["a", "b"], ["a,\"1\"b"]]),
            json!([{ "a": 1 }, { "a1": null }]),
            json!([1, true]),
            json!([9_007_199_254_740_993_u64, 9_007_199_254_740_992_u64]),
        ] {
            assert_eq!(wrong(&unique, &others), [""; 0], "{others}");
        }
    }

    #[test]
    fn patterns_are_judged_wherever_they_stand() {
        assert_eq!(wrong(&json!({ "pattern": "^(?!\\.)[a-z.]+$" }), &json!(".a")), [r#": ".a" does not match "^(?!\.)[a-z.]+$""#]);
        assert_eq!(wrong(&json!({ "pattern": "(?i)^A$" }), &json!("a")), [""; 0], "words of the regex crate");
        assert_eq!(wrong(&json!({ "patternProperties": { "^x-": { "type": "number" } } }), &json!({ "x-a": "b" })).len(), 1);
        assert_eq!(wrong(&json!({ "propertyNames": { "pattern": "^(?=a)" } }), &json!({ "b": 1 })).len(), 1);
        assert!(matches!(Schema::compile(&json!({ "pattern": "(" })), Err(SchemaError::Wrong(_))));
        assert!(matches!(Schema::compile(&json!({ "pattern": 1 })), Err(SchemaError::Wrong(_))));
    }
}
