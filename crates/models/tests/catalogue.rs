// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is known of models: the built-in list holds what it promises, names find models, and users may say more.

use models::{Capability, Catalogue, Day, Model, Price, Tier};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn built_in() -> Catalogue {
    Catalogue::built_in().expect("the catalogue")
}

/// A catalogue of models of which only what a test needs is said.
fn small() -> Catalogue {
    let models = json!([
        { "id": "swift", "provider": "acme", "aliases": ["swift-2026-01-02"], "context": 1000, "types": ["text-generation"] },
        { "id": "swift-code", "provider": "acme", "types": ["text-generation", "code-generation"] },
        { "id": "swift", "provider": "resold", "types": ["text-generation"] },
        { "id": "vendor/wise", "provider": "resold", "types": ["text-generation"] },
    ]);
    let whole = json!({ "attribution": "nobody", "day": "2026-10-30", "sameAs": { "cloud": "acme" }, "models": models });
    Catalogue::read(&whole.to_string()).expect("a catalogue")
}

fn registered(given: &Value) -> Model {
    small().register(given).expect("registered")
}

#[test]
fn every_model_of_the_list_can_be_chosen_and_paid() {
    let catalogue = built_in();
    assert!(catalogue.attribution().contains("LMArena") && catalogue.attribution().contains("CC-BY-4.0"));
    assert!(catalogue.models().len() >= 150, "only {} models", catalogue.models().len());
    for model in catalogue.models() {
        let Model { id, provider, .. } = model;
        assert!(model.context.is_some_and(|tokens| tokens >= 1024), "{provider}/{id}: {:?}", model.context);
        assert!(model.max_output.is_none_or(|tokens| Some(tokens) <= model.context), "{provider}/{id}: {:?}", model.max_output);
        assert!(model.deprecated.is_none_or(|day| day > catalogue.day()), "{provider}/{id} was switched off");
        assert!(model.types.contains(&Capability::TextGeneration), "{provider}/{id}: {:?}", model.types);
        // Those of OpenRouter whose prices move are unknown.
        let known = model.prices.standard.rates.input.is_some() && model.prices.standard.rates.output.is_some();
        assert!(known || provider == "openrouter", "{provider}/{id} has no price");
        let said: BTreeSet<&str> = model.from.values().flat_map(|fields| fields.split(' ')).collect();
        assert!(["context", "input", "output"].iter().all(|field| said.contains(field)), "{provider}/{id}: {:?}", model.from);
    }
}

#[test]
fn each_provider_has_models() {
    let catalogue = built_in();
    for provider in ["openai", "azure", "anthropic", "google", "mistral", "groq", "deepseek", "xai", "together", "openrouter", "cohere"] {
        assert!(catalogue.models_of(provider).count() > 0, "{provider} has none");
    }
    assert_eq!(catalogue.models_of("ollama").count(), 0, "what is local has no list");
    assert_eq!(catalogue.models_of("azure").count(), catalogue.models_of("openai").count());
}

#[test]
fn tiers_follow_from_scores_by_the_rule_that_is_documented() {
    let best = built_in().models().iter().filter_map(|model| model.quality.as_ref()?.score).fold(0.0, f64::max);
    let mut tiers: BTreeMap<Tier, usize> = BTreeMap::new();
    for model in built_in().models() {
        let Some(quality) = &model.quality else { continue };
        *tiers.entry(quality.tier).or_default() += 1;
        let Some(score) = quality.score else {
            assert!(quality.inferred.is_some() && quality.tier <= Tier::Good, "{}: {quality:?}", model.id);
            continue;
        };
        let against_best = 1.0 / (1.0 + 10_f64.powf((best - score) / 400.0));
        let tier = match against_best {
            share if share >= 0.4 => Tier::Excellent,
            share if share >= 0.25 => Tier::Good,
            _ => Tier::Basic,
        };
        assert_eq!(quality.tier, tier, "{}: {score}", model.id);
        let share = f64::from(quality.share.expect("of a score"));
        assert!((share - 2000.0 * against_best).abs() <= 0.5, "{}: {share}", model.id);
    }
    assert!(tiers[&Tier::Excellent] >= 10 && tiers[&Tier::Good] >= 10, "{tiers:?}");
}

#[test]
fn a_name_finds_its_model() {
    let catalogue = small();
    for (provider, name, expected) in [
        ("acme", "swift", Some("swift")),
        ("acme", "swift-2026-01-02", Some("swift")),
        ("acme", "swift-20260304", Some("swift")),
        ("acme", "swift-2026-03-04", Some("swift")),
        ("acme", "swift@20260304", Some("swift")),
        ("acme", "swift-2603", Some("swift")),
        ("acme", "swift-latest", Some("swift")),
        ("acme", "swift-code-latest", Some("swift-code")),
        ("acme", "swift-2026-13-04", None),
        ("acme", "swift-12345", None),
        ("acme", "-latest", None),
        ("acme", "swiftly", None),
        ("acme", "", None),
        ("cloud", "swift", Some("swift")),
        ("cloud", "swift-latest", Some("swift")),
        ("cloud", "wise", None),
        ("nobody", "swift", None),
    ] {
        assert_eq!(catalogue.find(provider, name).map(|model| model.id.as_str()), expected, "{provider} {name}");
    }
}

#[test]
fn a_name_alone_finds_every_provider_of_it() {
    let catalogue = small();
    for (name, expected) in [
        ("swift", vec!["acme/swift", "resold/swift"]),
        ("swift-latest", vec!["acme/swift", "resold/swift"]),
        ("swift-2026-01-02", vec!["acme/swift"]),
        ("resold/swift", vec!["resold/swift"]),
        ("cloud/swift", vec!["acme/swift"]),
        ("vendor/wise", vec!["resold/vendor/wise"]),
        ("unheard", vec![]),
    ] {
        let found: Vec<String> = catalogue.find_anywhere(name).iter().map(|model| format!("{}/{}", model.provider, model.id)).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn what_is_registered_changes_what_it_names_and_nothing_else() {
    let mut catalogue = small();
    let given =
        json!({ "provider": "acme", "id": "swift", "context": null, "quality": "good", "prices": { "input": 0.5, "output": "1.5" } });
    catalogue.register(&given).expect("registered");
    let model = catalogue.find("acme", "swift-2026-01-02").expect("still known by its alias");
    assert_eq!((model.context, model.quality.as_ref().map(|quality| quality.tier)), (None, Some(Tier::Good)));
    assert_eq!(model.prices.standard.rates.input.map(Price::picos), Some(500_000));
    assert_eq!(model.from["user"], "context quality prices");
    assert_eq!(catalogue.models().len(), small().models().len());
}

#[test]
fn a_new_model_can_do_what_follows_from_its_fields() {
    let new = registered(&json!({ "provider": "ollama", "id": "llama", "tools": true, "input": ["text", "image"], "aliases": ["l"] }));
    assert_eq!(new.types, [Capability::TextGeneration, Capability::ToolUse, Capability::Vision]);
    assert_eq!((new.structured_output, new.quality), (None, None));
    let thinking = registered(&json!({ "provider": "acme", "id": "swift", "tools": true, "reasoning": true }));
    assert!(thinking.types.contains(&Capability::CodeGeneration) && thinking.types.contains(&Capability::Reasoning));
    let coder = registered(&json!({ "provider": "acme", "id": "swift-code", "tools": false }));
    assert_eq!(coder.types, [Capability::TextGeneration, Capability::CodeGeneration]);
    let said = registered(&json!({ "provider": "acme", "id": "swift", "types": ["audio"], "tools": true }));
    assert_eq!(said.types, [Capability::Audio]);
}

#[test]
fn a_name_with_a_date_may_be_registered_beside_its_model() {
    let mut catalogue = small();
    catalogue.register(&json!({ "provider": "acme", "id": "swift-2026-05-06", "maxOutput": 7 })).expect("registered");
    let (old, new) = (catalogue.find("acme", "swift").expect("known"), catalogue.find("acme", "swift-2026-05-06").expect("known"));
    assert_eq!((old.max_output, new.max_output, new.context), (None, Some(7), Some(1000)));
    catalogue.register(&json!({ "provider": "cloud", "id": "swift", "maxOutput": 8 })).expect("registered");
    let of_cloud: Vec<_> = catalogue.models_of("cloud").map(|model| (model.id.as_str(), model.max_output)).collect();
    assert_eq!(of_cloud, [("swift-code", None), ("swift-2026-05-06", Some(7)), ("swift", Some(8))]);
}

#[test]
fn what_cannot_be_registered_names_the_field() {
    for (given, expected) in [
        (json!("swift"), "a model must be an object with `provider`, `id`"),
        (json!({ "id": "swift" }), "a model needs `provider`"),
        (json!({ "provider": "acme", "id": "" }), "a model needs `id`"),
        (
            json!({ "provider": "acme", "id": "swift", "contextWindow": 1 }),
            "unknown field `contextWindow` of a model; known are provider, id, aliases",
        ),
        (json!({ "provider": "acme", "id": "swift", "context": "1k" }), "`context` of model `acme/swift`: invalid type"),
        (json!({ "provider": "acme", "id": "swift", "context": -1 }), "`context` of model `acme/swift`: invalid value"),
        (json!({ "provider": "acme", "id": "swift", "context": 0 }), "`context` of model `acme/swift`: a window has at least 1 token"),
        (json!({ "provider": "acme", "id": "swift", "maxOutput": 0 }), "`maxOutput` of model `acme/swift`: an answer has at least 1 token"),
        (json!({ "provider": "acme", "id": "swift", "maxOutput": 1001 }), "`maxOutput` of model `acme/swift`: 1001 tokens do not fit"),
        (json!({ "provider": "acme", "id": "swift", "quality": "superb" }), "`quality` of model `acme/swift`: unknown variant `superb`"),
        (
            json!({ "provider": "acme", "id": "swift", "quality": { "tier": "good", "share": 1001 } }),
            "`quality` of model `acme/swift`: `share` is in thousandths",
        ),
        (json!({ "provider": "acme", "id": "swift", "types": ["talk"] }), "`types` of model `acme/swift`: unknown variant `talk`"),
        (json!({ "provider": "acme", "id": "swift", "types": ["audio", "audio"] }), "`types` of model `acme/swift`: each is named once"),
        (json!({ "provider": "acme", "id": "swift", "prices": { "in": 1 } }), "`prices` of model `acme/swift`: unknown field `in`"),
        (
            json!({ "provider": "acme", "id": "swift", "prices": { "input": 0.000_000_1 } }),
            "`prices` of model `acme/swift`: `0.0000001` is not a price",
        ),
        (json!({ "provider": "acme", "id": "swift", "deprecated": "soon" }), "`deprecated` of model `acme/swift`: `soon` is not a date"),
    ] {
        let mut catalogue = small();
        let error = catalogue.register(&given).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(catalogue.models(), small().models(), "{expected}");
    }
}

#[test]
fn a_text_that_is_no_catalogue_says_how_to_get_one() {
    let error = Catalogue::read("{}").expect_err("no catalogue");
    assert!(error.to_string().contains("npm run catalogue"), "{error}");
    assert!("2026-10-30".parse::<Day>().is_ok());
}
