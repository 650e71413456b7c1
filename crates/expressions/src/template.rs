// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Texts with `{{ … }}`, by minijinja: strict about names, without files, clocks or environment, and with a bound on its work and on its output.

#![expect(clippy::wildcard_enum_match_arm, reason = "one token or value of many matters here, and no new one would")]

use crate::error::TemplateError;
use crate::evaluate::brief;
use crate::number::{double_text, json_text};
use crate::plain_template::PlainTemplate;
use crate::references::{References, TaskRead};
use crate::template_bounds::OUTPUT_BYTES_MAX;
use crate::{ROOTS, shapes, template_bounds, template_words};
use minijinja::value::{Value as Rendered, ValueKind};
use minijinja::{AutoEscape, Environment, ErrorKind, State, UndefinedBehavior};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use stdx::nearest;

/// The most instructions of one rendering.
const FUEL: u64 = 100_000;
const NAME: &str = "t";

/// A text with places to fill.
pub struct Template {
    environment: Environment<'static>,
    /// Bytes of values that the rendering under way has written.
    written: Arc<AtomicUsize>,
    references: References,
    /// Whether it is nothing but one `{{ … }}`, whose value it then is.
    whole: Option<String>,
    /// How it is filled in as long as nothing is out of the ordinary.
    plain: Option<PlainTemplate>,
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Template").field("references", &self.references).finish_non_exhaustive()
    }
}

impl Template {
    /// Whether a text has places to fill.
    pub fn is_one(text: &str) -> bool {
        text.contains("{{") || text.contains("{%") || text.contains("{#")
    }

    /// Reads a template that may use [`ROOTS`] and `variables`.
    pub fn compile(text: &str, variables: &[&str]) -> Result<Self, TemplateError> {
        template_bounds::check(text)?;
        let written = Arc::<AtomicUsize>::default();
        let mut environment = environment(&written);
        environment.add_template_owned(NAME, text.to_owned()).map_err(|error| wrong(&error))?;
        let template = environment.get_template(NAME).map_err(|error| wrong(&error))?;
        let mut references = References::default();
        for name in template.undeclared_variables(false) {
            let known = || ROOTS.iter().chain(variables).copied();
            // What the engine itself offers: `range`, `dict`, …
            if environment.globals().any(|(global, _)| global == name) {
                continue;
            }
            if !known().any(|known| known == name) {
                let hint = match nearest(&name, known()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are: {}", known().collect::<Vec<_>>().join(", ")),
                };
                return Err(TemplateError { message: format!("`{name}` is not defined here; {hint}") });
            }
            references.add_root(&name);
        }
        find_members(text, &mut references);
        let mut paths: Vec<String> = template.undeclared_variables(true).into_iter().collect();
        paths.sort_unstable();
        for path in paths {
            let steps: Vec<(&str, usize)> = path.split('.').map(|step| (step, 0)).collect();
            let suspect = steps.split_first().and_then(|((root, _), steps)| shapes::unknown_member(root, steps, variables));
            references.add_suspects(suspect);
        }
        template_words::find(text, &environment, variables, &mut references);
        let whole = whole(text).map(str::to_owned);
        let plain = PlainTemplate::read(text, &references);
        Ok(Self { environment, written, references, whole, plain })
    }

    /// What it reads.
    pub fn references(&self) -> &References {
        &self.references
    }

    /// The text where `scope` has a member for each name it uses.
    pub fn render(&self, scope: &Value) -> Result<String, TemplateError> {
        if let Some(text) = self.plain.as_ref().and_then(|plain| plain.text(scope)) {
            return Ok(text);
        }
        let template = self.environment.get_template(NAME).map_err(|error| wrong(&error))?;
        self.written.store(0, Ordering::Relaxed);
        let text = template.render(Rendered::from(minijinja::value::Serde(scope))).map_err(|error| wrong_in(&error, scope))?;
        if text.len() > OUTPUT_BYTES_MAX { Err(too_long()) } else { Ok(text) }
    }

    /// The value, if the template is nothing but one `{{ … }}`, else the text.
    pub fn value(&self, scope: &Value) -> Result<Value, TemplateError> {
        let Some(expression) = &self.whole else { return self.render(scope).map(Value::String) };
        if let Some(value) = self.plain.as_ref().and_then(|plain| plain.value(scope))
            && size(value) <= OUTPUT_BYTES_MAX
        {
            return Ok(value.clone());
        }
        let compiled = self.environment.compile_expression(expression).map_err(|error| wrong(&error))?;
        let value = compiled.eval(Rendered::from(minijinja::value::Serde(scope))).map_err(|error| wrong_in(&error, scope))?;
        if value.is_undefined() {
            return Err(TemplateError { message: undefined(expression.trim(), scope) });
        }
        let value = serde_json::to_value(&value).map_err(|error| TemplateError { message: error.to_string() })?;
        // An upper bound for its size, without writing it out.
        if size(&value) > OUTPUT_BYTES_MAX { Err(too_long()) } else { Ok(value) }
    }
}

fn environment(written: &Arc<AtomicUsize>) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(50);
    // Errors name what they are about, in every build.
    environment.set_debug(true);
    environment.add_filter("string", |state: &State<'_, '_>, value: &Rendered| match (double(value), word(value)) {
        (Some(number), _) => Ok(Rendered::from(double_text(number))),
        (None, Some(word)) => Ok(Rendered::from(word)),
        (None, None) => minijinja::filters::string(state, value),
    });
    let written = Arc::clone(written);
    // Objects, lists, truth values and null are JSON wherever they stand in a text, numbers are as JavaScript writes them, and what is written is counted.
    environment.set_formatter(move |out, state, value| {
        let json = match value.kind() {
            ValueKind::Map | ValueKind::Seq => Some(serde_json::to_value(value).map(|value| json_text(&value))),
            ValueKind::Number => double(value).map(|number| Ok(double_text(number))),
            _ => word(value).map(|word| Ok(word.to_owned())),
        };
        let json = json.transpose().map_err(|error| minijinja::Error::new(ErrorKind::BadSerialization, error.to_string()))?;
        let size = json.as_deref().or(value.as_str()).map_or(32, str::len);
        if written.fetch_add(size, Ordering::Relaxed) + size > OUTPUT_BYTES_MAX {
            return Err(minijinja::Error::new(ErrorKind::WriteFailure, too_long().message));
        }
        match json {
            Some(json) => out.write_str(&json).map_err(minijinja::Error::from),
            None => minijinja::escape_formatter(out, state, value),
        }
    });
    environment
}

/// A number that is no integer to minijinja, which would write two as `2.0`.
fn double(value: &Rendered) -> Option<f64> {
    f64::try_from(value.clone()).ok().filter(|_| value.is_number() && !value.is_integer())
}

/// How JSON writes a truth value or null; minijinja would write `True` and `None`.
fn word(value: &Rendered) -> Option<&'static str> {
    match value.kind() {
        ValueKind::Bool => Some(if value.is_true() { "true" } else { "false" }),
        ValueKind::None => Some("null"),
        _ => None,
    }
}

/// The expression of a text that is nothing but one `{{ … }}`.
fn whole(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.strip_prefix('-').unwrap_or(inner);
    let inner = inner.strip_suffix('-').unwrap_or(inner);
    (!inner.contains("{{") && !inner.contains("}}") && !inner.contains("{%")).then_some(inner)
}

/// `tasks.a`, `tasks['a']`, `results.a`, `item.b`, … as the blocks of the text have them; anything else of a name may be all of it.
fn find_members(text: &str, references: &mut References) {
    let roots: Vec<String> = references.roots().map(str::to_owned).collect();
    for root in &roots {
        for block in template_words::blocks(text) {
            for (at, _) in block.match_indices(root.as_str()) {
                let before = block.get(..at).and_then(|before| before.chars().last());
                let after = block.get(at + root.len()..).unwrap_or_default();
                if before.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '\'' | '"'))
                    || after.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_')
                {
                    continue;
                }
                let (id, rest) = key(after);
                if !matches!(root.as_str(), "tasks" | "results") {
                    references.add_member(root, id.as_deref());
                    continue;
                }
                let (field, rest) = key(rest);
                let (member, _) = key(rest);
                let path: Vec<&str> = [&id, &field, &member].into_iter().map_while(Option::as_deref).collect();
                let results = root == "results";
                references.add_task(results, TaskRead::of(results, &path), 0);
                let steps: Vec<(&str, usize)> = path.into_iter().map(|step| (step, 0)).collect();
                references.add_suspects(shapes::unknown_member(root, &steps, &[]));
            }
        }
    }
}

/// The first key of `.a…` or `['a']…`, and what follows.
fn key(text: &str) -> (Option<String>, &str) {
    if let Some(rest) = text.strip_prefix('.') {
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        return ((!name.is_empty()).then(|| name.to_owned()), rest);
    }
    for quote in ['\'', '"'] {
        if let Some((name, rest)) = text.strip_prefix('[').and_then(|rest| rest.strip_prefix(quote)).and_then(|rest| rest.split_once(quote))
        {
            return (Some(name.to_owned()), rest.strip_prefix(']').unwrap_or(rest));
        }
    }
    (None, text)
}

fn wrong(error: &minijinja::Error) -> TemplateError {
    wrong_in(error, &Value::Null)
}

/// What is wrong, and what the scope has instead.
fn wrong_in(error: &minijinja::Error, scope: &Value) -> TemplateError {
    let place = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
    let said = |hint: &str| {
        let what = error.detail().map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
        format!("{what}{hint}")
    };
    let message = match error.kind() {
        ErrorKind::UndefinedError => match error.detail().and_then(|detail| detail.strip_prefix('`')?.strip_suffix("` is undefined")) {
            Some(path) => undefined(path, scope),
            None => said("; guard it with `is defined` or `| default(…)`"),
        },
        ErrorKind::OutOfFuel => said("; render less"),
        _ => said(""),
    };
    TemplateError { message: format!("{place}{message}") }
}

/// That a path leads nowhere, and what there is where it breaks off.
fn undefined(path: &str, scope: &Value) -> String {
    const LISTED_MAX: usize = 10;
    let (root, mut rest) = path.split_at(path.find(['.', '[']).unwrap_or(path.len()));
    let (mut at, mut missing) = (scope.get(root), None);
    while let (Some(found), (Some(step), after)) = (at, key(rest)) {
        let Some(next) = found.get(&step) else {
            missing = Some(step);
            break;
        };
        (at, rest) = (Some(next), after);
    }
    let holder = path.strip_suffix(rest).unwrap_or(path);
    let guard = "guard it with `is defined` or `| default(…)`";
    let there = match (missing, at) {
        (Some(missing), Some(Value::Object(fields))) => match nearest(&missing, fields.keys().take(1000).map(String::as_str)) {
            Some(near) => format!("; did you mean `{holder}.{near}`?"),
            None if fields.is_empty() => format!("; `{holder}` is an empty object"),
            None => {
                let mut names: Vec<String> = fields.keys().take(LISTED_MAX).map(|name| format!("`{name}`")).collect();
                if fields.len() > LISTED_MAX {
                    names.push("…".to_owned());
                }
                format!("; `{holder}` has {}", names.join(", "))
            }
        },
        (Some(_), Some(found)) => format!("; `{holder}` is {}", brief(found)),
        _ => String::new(),
    };
    format!("`{path}` is undefined{there}; correct it, or {guard}")
}

fn too_long() -> TemplateError {
    TemplateError { message: format!("it gives more than {OUTPUT_BYTES_MAX} bytes; render less") }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => 2 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => 2 + fields.iter().map(|(key, value)| key.len() + size(value)).sum::<usize>(),
    }
}

/// JSON data in whose texts something is to be filled in.
#[derive(Debug)]
pub struct InputTemplate {
    root: Part,
    references: References,
}

#[derive(Debug)]
enum Part {
    As(Value),
    Text(Box<Template>),
    List(Vec<Part>),
    Object(Vec<(String, Part)>),
}

impl InputTemplate {
    /// Reads every text of `value`; `None` if none of them is a template. Errors come with their paths, such as `data.users[0]`.
    pub fn compile(value: &Value, variables: &[&str]) -> Result<Option<Self>, Vec<(String, TemplateError)>> {
        if !Self::is_in(value) {
            return Ok(None);
        }
        let (mut references, mut errors) = (References::default(), Vec::new());
        let root = part(value, "", variables, &mut references, &mut errors);
        match root {
            _ if !errors.is_empty() => Err(errors),
            Part::As(_) => Ok(None),
            root => Ok(Some(Self { root, references })),
        }
    }

    /// Whether data holds a template. Most does not, and may be large.
    pub fn is_in(value: &Value) -> bool {
        holds_template(value)
    }

    /// What it reads.
    pub fn references(&self) -> &References {
        &self.references
    }

    /// The data with everything filled in. An error comes with its path.
    pub fn render(&self, scope: &Value) -> Result<Value, (String, TemplateError)> {
        fill(&self.root, "", scope)
    }
}

fn part(value: &Value, path: &str, variables: &[&str], references: &mut References, errors: &mut Vec<(String, TemplateError)>) -> Part {
    match value {
        Value::String(text) if Template::is_one(text) => match Template::compile(text, variables) {
            Ok(template) => {
                references.add(template.references());
                Part::Text(template.into())
            }
            Err(error) => {
                errors.push((path.to_owned(), error));
                Part::As(Value::Null)
            }
        },
        Value::Array(items) => {
            let parts: Vec<Part> = items
                .iter()
                .enumerate()
                .map(|(place, item)| part(item, &format!("{path}[{place}]"), variables, references, errors))
                .collect();
            if parts.iter().all(|part| matches!(part, Part::As(_))) { Part::As(value.clone()) } else { Part::List(parts) }
        }
        Value::Object(fields) => {
            let parts: Vec<(String, Part)> =
                fields.iter().map(|(key, value)| (key.clone(), part(value, &member(path, key), variables, references, errors))).collect();
            if parts.iter().all(|(_, part)| matches!(part, Part::As(_))) { Part::As(value.clone()) } else { Part::Object(parts) }
        }
        other => Part::As(other.clone()),
    }
}

fn holds_template(value: &Value) -> bool {
    match value {
        Value::String(text) => Template::is_one(text),
        Value::Array(items) => items.iter().any(holds_template),
        Value::Object(fields) => fields.values().any(holds_template),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn member(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn fill(part: &Part, path: &str, scope: &Value) -> Result<Value, (String, TemplateError)> {
    match part {
        Part::As(value) => Ok(value.clone()),
        // A prompt is a text whatever it holds.
        Part::Text(template) if path == "prompt" => template.render(scope).map(Value::String).map_err(|error| (path.to_owned(), error)),
        Part::Text(template) => template.value(scope).map_err(|error| (path.to_owned(), error)),
        Part::List(items) => {
            let items = items.iter().enumerate().map(|(place, item)| fill(item, &format!("{path}[{place}]"), scope));
            items.collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        Part::Object(fields) => {
            let fields = fields.iter().map(|(key, part)| Ok((key.clone(), fill(part, &member(path, key), scope)?)));
            fields.collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
    }
}
