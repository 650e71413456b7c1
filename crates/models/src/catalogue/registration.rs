// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a user says of a model, over what is known: the fields that are given change, `null` makes one unknown.

use super::{Capability, Catalogue, Modality, Model, Quality};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Why a model cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// It is no object.
    #[error("a model must be an object with `provider`, `id` and its known properties")]
    NotAnObject,
    /// Nobody could find it again.
    #[error("a model needs `{0}`, a non-empty string")]
    Nameless(&'static str),
    /// The field would be lost.
    #[error("unknown field `{field}` of a model; known are {}", FIELDS.join(", "))]
    UnknownField {
        /// What was given.
        field: String,
    },
    /// The value does not fit the field.
    #[error("`{field}` of model `{provider}/{id}`: {problem}")]
    Field {
        /// The provider of the model.
        provider: String,
        /// The model.
        id: String,
        /// Where it stands.
        field: String,
        /// What would fit.
        problem: String,
    },
}

const FIELDS: [&str; 18] = [
    "provider",
    "id",
    "aliases",
    "family",
    "context",
    "maxOutput",
    "input",
    "output",
    "tools",
    "structuredOutput",
    "reasoning",
    "promptCaching",
    "batch",
    "prices",
    "released",
    "deprecated",
    "quality",
    "types",
];

/// The model that `given` makes of what the catalogue knows.
pub(super) fn read(catalogue: &Catalogue, given: &Value) -> Result<Model, RegistrationError> {
    let given = given.as_object().ok_or(RegistrationError::NotAnObject)?;
    let (provider, id) = (name(given, "provider")?, name(given, "id")?);
    let mut model = base(catalogue, provider, id);
    for (field, value) in given {
        set(&mut model, field, value)?;
    }
    check(&model)?;
    if !given.contains_key("types") {
        // What the list says of code does not follow from fields, and no field that was given denies it.
        let coder = model.types.contains(&Capability::CodeGeneration);
        model.types = Capability::of(&model);
        if coder && !model.types.contains(&Capability::CodeGeneration) {
            model.types.push(Capability::CodeGeneration);
            model.types.sort_unstable();
        }
    }
    let fields: Vec<&str> = given.keys().map(String::as_str).filter(|field| !["provider", "id"].contains(field)).collect();
    model.from.insert("user".to_owned(), fields.join(" "));
    Ok(model)
}

/// What is known of the model already, under the names that it is registered by.
fn base(catalogue: &Catalogue, provider: &str, id: &str) -> Model {
    let known = catalogue.find(provider, id).cloned();
    let new = || Model { input: vec![Modality::Text], output: vec![Modality::Text], ..Model::default() };
    let mut model = known.unwrap_or_else(new);
    if model.provider != provider || model.id != id {
        // It was found by another name, and stays there beside this one.
        model.aliases.clear();
        provider.clone_into(&mut model.provider);
        id.clone_into(&mut model.id);
    }
    model
}

fn name<'a>(given: &'a Map<String, Value>, field: &'static str) -> Result<&'a str, RegistrationError> {
    given.get(field).and_then(Value::as_str).filter(|name| !name.is_empty()).ok_or(RegistrationError::Nameless(field))
}

fn set(model: &mut Model, field: &str, value: &Value) -> Result<(), RegistrationError> {
    let read = match field {
        "provider" | "id" => Ok(()),
        "aliases" => put(&mut model.aliases, value),
        "family" => put(&mut model.family, value),
        "context" => put(&mut model.context, value),
        "maxOutput" => put(&mut model.max_output, value),
        "input" => put(&mut model.input, value),
        "output" => put(&mut model.output, value),
        "tools" => put(&mut model.tools, value),
        "structuredOutput" => put(&mut model.structured_output, value),
        "reasoning" => put(&mut model.reasoning, value),
        "promptCaching" => put(&mut model.prompt_caching, value),
        "batch" => put(&mut model.batch, value),
        "prices" => put(&mut model.prices, value),
        "released" => put(&mut model.released, value),
        "deprecated" => put(&mut model.deprecated, value),
        "quality" if value.is_string() => serde_json::from_value(value.clone()).map(|tier| model.quality = Some(Quality::of(tier))),
        "quality" => put(&mut model.quality, value),
        "types" => put(&mut model.types, value),
        _ => return Err(RegistrationError::UnknownField { field: field.to_owned() }),
    };
    read.map_err(|error| wrong(model, field, error.to_string()))
}

fn put<T: DeserializeOwned>(slot: &mut T, value: &Value) -> Result<(), serde_json::Error> {
    *slot = serde_json::from_value(value.clone())?;
    Ok(())
}

/// What no type can say.
fn check(model: &Model) -> Result<(), RegistrationError> {
    let problem = |field: &str, problem: &str| Err(wrong(model, field, problem.to_owned()));
    if model.context == Some(0) {
        return problem("context", "a window has at least 1 token; leave it out if it is unknown");
    }
    if model.max_output == Some(0) {
        return problem("maxOutput", "an answer has at least 1 token; leave it out if it is unknown");
    }
    if let (Some(context), Some(output)) = (model.context, model.max_output)
        && output > context
    {
        return problem("maxOutput", &format!("{output} tokens do not fit into a window (`context`) of {context}"));
    }
    if model.quality.as_ref().and_then(|quality| quality.share).is_some_and(|share| share > 1000) {
        return problem("quality", "`share` is in thousandths of the best, 1000 at most");
    }
    if model.types.iter().enumerate().any(|(place, one)| model.types.iter().take(place).any(|other| other == one)) {
        return problem("types", "each is named once");
    }
    Ok(())
}

fn wrong(model: &Model, field: &str, problem: String) -> RegistrationError {
    RegistrationError::Field { provider: model.provider.clone(), id: model.id.clone(), field: field.to_owned(), problem }
}
