// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which model a call goes to.

use models::{
    Availability, Call, Candidate, Candidates, Catalogue, Constraint, Cost, NoModel, Observed, Outcome, Requirements, Selection, Usage,
    best, select,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;

fn catalogue() -> Catalogue {
    let row = |provider: &str, id: &str, input: &str, output: &str, share: u16, more: Value| {
        let tier = if share >= 800 { "excellent" } else { "good" };
        let mut row = json!({
            "provider": provider, "id": id, "context": 100_000, "maxOutput": 8_000, "structuredOutput": true, "batch": false,
            "prices": { "input": input, "output": output }, "quality": { "tier": tier, "share": share }, "types": ["text-generation", "reasoning"],
        });
        row.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        row
    };
    let models = json!([
        row("acme", "large", "5", "25", 950, json!({ "types": ["text-generation", "reasoning", "vision"] })),
        row("acme", "small", "0.1", "0.5", 600, json!({ "context": 32_000 })),
        row("best", "argon", "2", "10", 1000, json!({ "deprecated": "2026-12-01", "batch": true })),
        row("best", "quick", "0.5", "1", 700, json!({ "structuredOutput": null })),
        row("free", "dark", "0", "0", 500, json!({ "prices": {}, "quality": null, "context": null })),
    ]);
    let whole = json!({ "attribution": "nobody", "day": "2026-10-30", "sameAs": {}, "models": models });
    Catalogue::read(&whole.to_string()).expect("a catalogue")
}

fn candidates() -> Candidates {
    Candidates::new(&catalogue(), ["acme", "best", "free"], "2026-11-25".parse().expect("a day"))
}

fn requirements(value: Value) -> Requirements {
    serde_json::from_value(value).expect("requirements")
}

fn always(_: &Candidate) -> Availability {
    Availability::Available
}

fn choose(asked: Value) -> Result<Selection, NoModel> {
    select(&requirements(asked), &candidates(), &Observed::default(), always)
}

fn chosen(asked: Value) -> String {
    choose(asked).expect("one will do").model_id
}

fn observed(provider: &str, model: &str, outcome: Outcome, millis: u64, count: usize) -> Observed {
    let call = Call {
        outcome,
        latency: Duration::from_millis(millis),
        first_token: None,
        usage: Usage::default(),
        cost: Cost { nanos: 0, complete: true },
    };
    let mut observed = Observed::default();
    (0..count).for_each(|_| observed.record(provider, model, &call));
    observed
}

#[test]
fn what_is_asked_decides() {
    for (asked, expected) in [
        (json!({ "mode": "quality" }), "argon"),
        (json!({ "mode": "cost" }), "small"),
        (json!({ "mode": "latency" }), "quick"),
        (json!({ "capabilities": [{ "type": "vision" }] }), "large"),
        (json!({ "capabilities": [{ "type": "text-generation" }, { "type": "reasoning", "quality": "excellent" }] }), "argon"),
        (json!({ "mode": "cost", "contextLength": 32_001 }), "quick"),
        (json!({ "mode": "cost", "estimatedInputTokens": 31_000, "maxOutputTokens": 1_001 }), "quick"),
        (json!({ "mode": "latency", "structuredOutput": true }), "small"),
        (json!({ "batch": true }), "argon"),
        (json!({ "mode": "cost", "providers": { "deny": ["acme"] } }), "quick"),
        (json!({ "mode": "quality", "providers": { "allow": ["acme"] } }), "large"),
        (json!({ "mode": "quality", "maxCost": 0.01 }), "quick"),
        (json!({ "mode": "quality", "maxLatency": 1_000 }), "quick"),
        (json!({ "mode": "cost", "preferredProvider": "best" }), "quick"),
        // Of this one nothing is known, and nothing is asked that it could fail.
        (json!({ "providers": { "allow": ["free"] } }), "dark"),
    ] {
        assert_eq!(chosen(asked.clone()), expected, "{asked}");
    }
}

#[test]
fn what_is_documented_works_with_the_built_in_list() {
    let catalogue = Catalogue::built_in().expect("the catalogue");
    let asked = json!({
        "capabilities": [{ "type": "text-generation", "quality": "excellent" }, { "type": "reasoning", "quality": "excellent" }],
        "contextLength": 32000, "maxCost": 0.10, "maxLatency": 5000, "preferredProvider": "openai",
    });
    let candidates = Candidates::new(&catalogue, ["anthropic", "google", "openai"], catalogue.day());
    let selection = select(&requirements(asked), &candidates, &Observed::default(), always).expect("one will do");
    assert_eq!(selection.provider, "openai");
    assert!(selection.estimated_cost.complete && selection.estimated_cost.nanos <= 100_000_000, "{:?}", selection.estimated_cost);
    assert!(selection.estimated_latency <= 5_000 && selection.reason.contains("not measured yet"), "{}", selection.reason);
    assert!(!selection.alternatives.is_empty());
}

#[test]
fn a_preference_that_cannot_be_met_is_told() {
    let selection =
        choose(json!({ "preferredProvider": "acme", "maxCost": 0.003, "contextLength": 64_000, "estimatedInputTokens": 2_000 }));
    let selection = selection.expect("another will do");
    assert_eq!((selection.provider.as_str(), selection.inputs.refused[&Constraint::MaxCost]), ("best", 2));
    let unmet = "; of the preferred provider acme no model meets them (refused 1 by `contextLength`, 1 by `maxCost`)";
    assert!(selection.reason.ends_with(unmet), "{}", selection.reason);
    let absent = choose(json!({ "preferredProvider": "nobody" })).expect("another will do");
    assert!(absent.reason.ends_with("; the preferred provider nobody is not configured or offers no model"), "{}", absent.reason);
}

#[test]
fn observed_latency_takes_the_place_of_the_expected_one() {
    let fast = observed("acme", "large", Outcome::Succeeded, 100, 20);
    let asked = requirements(json!({ "maxLatency": 500 }));
    let selection = select(&asked, &candidates(), &fast, always).expect("it was measured");
    assert_eq!((selection.model_id.as_str(), selection.estimated_latency), ("large", 103));
    assert!(selection.reason.contains("95 of 100 answers within 103 ms"), "{}", selection.reason);
    assert!(selection.inputs.terms.latency_measured);
    let few = observed("acme", "large", Outcome::Succeeded, 100, 4);
    assert!(matches!(select(&asked, &candidates(), &few, always), Err(NoModel::AllRefused { .. })));
}

#[test]
fn a_model_whose_provider_fails_is_passed_over() {
    let asked = requirements(json!({ "mode": "quality" }));
    let failing = observed("best", "argon", Outcome::ProviderFailed, 1, 20);
    assert_eq!(select(&asked, &candidates(), &failing, always).expect("another").model_id, "large");
    let misused = observed("best", "argon", Outcome::CallerFailed, 1, 20);
    assert_eq!(select(&asked, &candidates(), &misused, always).expect("the best").model_id, "argon");
}

#[test]
fn who_cannot_be_called_now_is_not_chosen() {
    let open = |candidate: &Candidate| if candidate.provider == "best" { Availability::BreakerOpen } else { Availability::Available };
    let asked = requirements(json!({ "mode": "quality" }));
    let selection = select(&asked, &candidates(), &Observed::default(), open).expect("another will do");
    assert_eq!((selection.model_id.as_str(), selection.inputs.refused[&Constraint::Availability]), ("large", 2));
    let none = select(&asked, &candidates(), &Observed::default(), |_| Availability::BudgetExhausted).expect_err("none is left");
    assert!(none.to_string().ends_with("wait, since 5 models cannot be called right now"), "{none}");
}

#[test]
fn a_model_that_was_switched_off_is_no_candidate() {
    let of = |day: &str| {
        let candidates = Candidates::new(&catalogue(), ["best", "best"], day.parse().expect("a day"));
        candidates.list().iter().map(|candidate| candidate.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("2026-11-30"), ["argon", "quick"]);
    assert_eq!(of("2026-12-01"), ["quick"]);
}

#[test]
fn why_nothing_will_do_says_what_to_relax() {
    for (asked, expected) in [
        (json!({ "maxCost": 0.000_01, "contextLength": 1_000 }), "raise `maxCost` to $0.0005 for the cheapest of 4 models"),
        (json!({ "maxLatency": 10 }), "5 models looked at: raise `maxLatency` to 1000 for the quickest of 5 models"),
        (json!({ "capabilities": [{ "type": "audio" }] }), "5 models looked at: relax `capabilities` for 5 models"),
        (
            json!({ "maxCost": 0, "maxLatency": 0 }),
            "each fails more than one: `maxCost` (5 fail it), `maxLatency` (5 fail it); relax several",
        ),
        (json!({ "providers": { "allow": ["acme"] }, "batch": true }), "2 models looked at: relax `batch` for 2 models"),
        (json!({ "providers": { "allow": ["nobody"] } }), "5 models looked at: relax `providers` for 5 models"),
        (json!({ "maxOutputTokens": 8_001 }), "relax `maxOutputTokens` for 4 models"),
        (json!({ "maxCost": -1 }), "`maxCost` must be a number of dollars, 0 or more, not -1"),
        (
            json!({ "contextLength": 10, "estimatedInputTokens": 8, "maxOutputTokens": 3 }),
            "`estimatedInputTokens` and `maxOutputTokens` are 11 tokens together, `contextLength` is 10; raise it or leave it out",
        ),
    ] {
        let error = choose(asked.clone()).expect_err(expected).to_string();
        assert!(error.contains(expected), "{asked}: {error}");
    }
    let nobody = Candidates::new(&catalogue(), ["ollama"], "2026-11-25".parse().expect("a day"));
    let error = select(&Requirements::default(), &nobody, &Observed::default(), always).expect_err("there is nobody");
    assert!(error.to_string().contains("configure one, or register a model"), "{error}");
}

#[test]
fn what_is_misspelt_is_named() {
    for (asked, expected) in [
        (json!({ "maxcost": 1 }), "unknown field `maxcost`"),
        (json!({ "capabilities": [{ "type": "singing" }] }), "unknown variant `singing`, expected one of `text-generation`"),
        (json!({ "capabilities": [{ "type": "vision", "quality": "superb" }] }), "unknown variant `superb`"),
        (json!({ "mode": "best" }), "unknown variant `best`"),
        (json!({ "providers": { "only": [] } }), "unknown field `only`"),
    ] {
        let error = serde_json::from_value::<Requirements>(asked).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_example_of_the_docs_is_what_happens() {
    let docs = include_str!("../../../docs/models.md");
    let (_, after) = docs.split_once("```json\n").expect("the example asks in JSON");
    let (asked, _) = after.split_once("```").expect("the JSON ends");
    let asked: Requirements = serde_json::from_str(asked).expect("requirements");
    let catalogue = Catalogue::built_in().expect("the catalogue");
    let candidates = Candidates::new(&catalogue, ["anthropic", "google", "openai"], catalogue.day());
    let selection = select(&asked, &candidates, &Observed::default(), always).expect("one will do");
    let row = |provider: &str, id: &str, cost: Cost, latency: u64, terms: &models::Terms| {
        let dollars = format!("{:.6}", Duration::from_nanos(cost.nanos).as_secs_f64());
        format!(
            "| {provider}/{id} | {dollars} | {latency} | {:.3} | {:.3} | {:.3} | {:.3} |",
            terms.quality, terms.cost, terms.latency, terms.score
        )
    };
    let first =
        row(&selection.provider, &selection.model_id, selection.estimated_cost, selection.estimated_latency, &selection.inputs.terms);
    let others =
        selection.alternatives.iter().map(|one| row(&one.provider, &one.model_id, one.estimated_cost, one.estimated_latency, &one.terms));
    let table: Vec<String> = std::iter::once(first).chain(others).collect();
    assert!(docs.contains(&table.join("\n")), "docs/models.md should have\n{}", table.join("\n"));
    let reason = format!("> {}", selection.reason);
    assert!(docs.contains(&reason), "docs/models.md should have\n{reason}");
}

proptest! {
    #[test]
    fn whoever_is_chosen_meets_the_requirements_and_the_same_question_has_the_same_answer(
        max_cost_nanos in prop::option::of(0u32..100_000_000),
        max_latency in prop::option::of(0u32..5_000),
        context in prop::option::of(1u64..120_000),
        preferred in prop::option::of(prop::sample::select(vec!["acme", "best", "free", "nobody"])),
        mode in prop::sample::select(vec!["quality", "balanced", "cost", "latency"]),
    ) {
        let asked = json!({
            "maxCost": max_cost_nanos.map(|nanos| f64::from(nanos) / 1e9), "maxLatency": max_latency, "contextLength": context, "preferredProvider": preferred, "mode": mode,
        });
        let selected = choose(asked.clone());
        prop_assert_eq!(&selected, &choose(asked.clone()));
        let (all, observed) = (candidates(), Observed::default());
        let alone = best(&requirements(asked), &all, &observed, always).map(|one| (one.provider.as_str(), one.id.as_str()));
        prop_assert_eq!(alone, selected.as_ref().ok().map(|found| (found.provider.as_str(), found.model_id.as_str())));
        if let Ok(selection) = selected {
            let cost = selection.estimated_cost;
            prop_assert!(max_cost_nanos.is_none_or(|most| cost.complete && cost.nanos <= u64::from(most)));
            prop_assert!(max_latency.is_none_or(|most| selection.estimated_latency <= u64::from(most)));
            prop_assert!(selection.inputs.terms.score <= 1.0);
            // Only a preference puts a lower score before a higher one.
            let best = selection.alternatives.iter().map(|one| one.terms.score).fold(0.0, f64::max);
            prop_assert!(selection.inputs.terms.score >= best || Some(selection.provider.as_str()) == preferred);
        }
    }
}
