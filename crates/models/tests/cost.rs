// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What calls cost: by tables, by what genai-prices says of the same calls, and for any prices.

use models::{Catalogue, Cost, Prices, Usage};
use proptest::prelude::*;
use serde_json::{Value, json};

fn prices(value: Value) -> Prices {
    serde_json::from_value(value).expect("prices")
}

fn usage(value: Value) -> Usage {
    serde_json::from_value(value).expect("usage")
}

fn all_kinds() -> Prices {
    prices(json!({
        "input": "4", "output": "20", "cacheRead": "0.2", "cacheWrite": "5", "cacheWriteHour": "8",
        "above": [{ "tokens": 1000, "input": "8", "output": "30" }, { "tokens": 5000, "input": "16" }],
        "batch": { "input": "2", "output": "10", "above": [{ "tokens": 1000, "input": "3" }] },
    }))
}

#[test]
fn each_kind_of_token_has_its_price() {
    // What is not cached, in nano-dollars per token: 4,000 in and 20,000 out up to 1,000 tokens of input.
    for (used, nanos) in [
        (json!({}), 0),
        (json!({ "inputTokens": 1 }), 4_000),
        (json!({ "outputTokens": 1, "reasoningTokens": 1 }), 20_000),
        (json!({ "inputTokens": 10, "cacheReadTokens": 4 }), 6 * 4_000 + 4 * 200),
        (json!({ "inputTokens": 10, "cacheWriteTokens": 4 }), 6 * 4_000 + 4 * 5_000),
        (json!({ "inputTokens": 10, "cacheWriteHourTokens": 4 }), 6 * 4_000 + 4 * 8_000),
        (json!({ "inputTokens": 10, "cacheReadTokens": 2, "cacheWriteTokens": 3, "cacheWriteHourTokens": 5 }), 400 + 15_000 + 40_000),
        // A step holds for the whole request, beyond its number and not at it; what it does not name stays.
        (json!({ "inputTokens": 1000, "outputTokens": 1 }), 1000 * 4_000 + 20_000),
        (json!({ "inputTokens": 1001, "outputTokens": 1 }), 1001 * 8_000 + 30_000),
        (json!({ "inputTokens": 5001, "outputTokens": 1, "cacheReadTokens": 1 }), 5000 * 16_000 + 30_000 + 200),
        // More cached than there was: nobody pays less for that.
        (json!({ "inputTokens": 1, "cacheReadTokens": 4 }), 4 * 200),
    ] {
        let used = usage(used);
        assert_eq!(all_kinds().cost(&used, false), Cost { nanos, complete: true }, "{used:?}");
    }
}

#[test]
fn a_batch_has_prices_of_its_own_and_else_the_usual_ones() {
    let used = usage(json!({ "inputTokens": 1001, "outputTokens": 1, "cacheReadTokens": 1 }));
    assert_eq!(all_kinds().cost(&used, true), Cost { nanos: 1000 * 3_000 + 10_000 + 200, complete: true });
    let without = prices(json!({ "input": "4", "output": "20" }));
    assert_eq!(without.cost(&usage(json!({ "inputTokens": 1 })), true), Cost { nanos: 4_000, complete: false });
}

#[test]
fn a_missing_price_is_told_and_the_nearest_one_taken() {
    let of = |known: Value, used: Value| prices(known).cost(&usage(used), false);
    let hour = json!({ "inputTokens": 1, "cacheWriteHourTokens": 1 });
    assert_eq!(of(json!({}), json!({})), Cost { nanos: 0, complete: true });
    assert_eq!(of(json!({ "input": "4" }), json!({ "outputTokens": 9 })), Cost { nanos: 0, complete: false });
    assert_eq!(of(json!({ "output": "4" }), json!({ "inputTokens": 9 })), Cost { nanos: 0, complete: false });
    assert_eq!(of(json!({ "input": "4" }), json!({ "inputTokens": 1, "cacheReadTokens": 1 })), Cost { nanos: 4_000, complete: false });
    assert_eq!(of(json!({ "input": "4", "cacheWrite": "5" }), hour.clone()), Cost { nanos: 5_000, complete: false });
    assert_eq!(of(json!({ "input": "4" }), hour), Cost { nanos: 4_000, complete: false });
}

#[test]
fn a_call_is_rounded_once() {
    // 0.0005 nano-dollars a token: nothing would be left of a token rounded by itself.
    let cheap = prices(json!({ "input": "0.000001", "output": "0.000001" }));
    assert_eq!(cheap.cost(&usage(json!({ "inputTokens": 499 })), false).nanos, 0);
    assert_eq!(cheap.cost(&usage(json!({ "inputTokens": 499, "outputTokens": 1 })), false).nanos, 1);
    assert_eq!(cheap.cost(&usage(json!({ "inputTokens": 1_000_000 })), false).nanos, 1_000);
}

#[test]
fn what_no_number_holds_is_the_most_there_is() {
    let dear = prices(json!({ "input": 1_000_000, "output": 1_000_000 }));
    let used = Usage { input_tokens: u64::MAX, output_tokens: u64::MAX, ..Usage::default() };
    assert_eq!(dear.cost(&used, false), Cost { nanos: u64::MAX, complete: true });
    assert_eq!(
        Cost { nanos: u64::MAX, complete: true }.plus(Cost { nanos: 1, complete: false }),
        Cost { nanos: u64::MAX, complete: false }
    );
}

#[test]
fn prices_that_contradict_themselves_are_refused_where_they_do() {
    for (written, expected) in [
        (json!({ "above": [{ "tokens": 2 }, { "tokens": 2 }] }), "must be sorted by `tokens`, each once; 2 comes after 2"),
        (json!({ "batch": { "batch": {} } }), "`batch` cannot contain another `batch`"),
        (json!({ "inputs": "1" }), "unknown field `inputs`"),
        (json!({ "above": [{ "tokens": 2, "cacheread": "1" }] }), "unknown field `cacheread`"),
        (json!({ "output": "free" }), "`free` is not a price"),
    ] {
        let error = serde_json::from_value::<Prices>(written).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn genai_prices_says_the_same_of_every_call_in_its_table() {
    let catalogue = Catalogue::built_in().expect("the catalogue");
    let mut differences = Vec::new();
    let mut calls = 0;
    for line in include_str!("cost/oracle.csv").lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [provider, id, batch, numbers @ .., dollars] = fields.as_slice() else { panic!("`{line}` has too few fields") };
        let numbers: Vec<u64> = numbers.iter().map(|number| number.parse().expect(line)).collect();
        let [read, write, hour, neither, output] = numbers[..] else { panic!("`{line}` has other fields") };
        let used = Usage {
            input_tokens: read + write + hour + neither,
            cache_read_tokens: read,
            cache_write_tokens: write,
            cache_write_hour_tokens: hour,
            output_tokens: output,
            reasoning_tokens: 0,
        };
        let cost = catalogue.find(provider, id).expect(line).prices.cost(&used, *batch == "1");
        calls += 1;
        if !cost.complete || picos(dollars).abs_diff(u128::from(cost.nanos) * 1_000) > 500 {
            differences.push(format!("{line} but {cost:?}"));
        }
    }
    assert!(calls >= 400, "only {calls} calls were compared");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Dollars as pico-dollars, exactly.
fn picos(dollars: &str) -> u128 {
    let (whole, decimals) = dollars.split_once('.').unwrap_or((dollars, ""));
    format!("{whole}{decimals:0<12}").parse().expect(dollars)
}

fn any_price() -> impl Strategy<Value = Option<String>> {
    prop::option::weighted(0.8, (0u32..1000, 0u32..1_000_000).prop_map(|(dollars, decimals)| format!("{dollars}.{decimals:06}")))
}

fn any_rates() -> impl Strategy<Value = Value> {
    (any_price(), any_price(), any_price(), any_price(), any_price()).prop_map(|(input, output, cache_read, cache_write, hour)| {
        json!({ "input": input, "output": output, "cacheRead": cache_read, "cacheWrite": cache_write, "cacheWriteHour": hour })
    })
}

fn with(mut object: Value, field: &str, value: impl Into<Value>) -> Value {
    object.as_object_mut().expect("an object").insert(field.to_owned(), value.into());
    object
}

fn any_list() -> impl Strategy<Value = Value> {
    (any_rates(), prop::collection::btree_map(0u64..4_000, any_rates(), 0..3)).prop_map(|(list, steps)| {
        let steps: Vec<Value> = steps.into_iter().map(|(tokens, rates)| with(rates, "tokens", tokens)).collect();
        with(list, "above", steps)
    })
}

fn any_prices() -> impl Strategy<Value = Prices> {
    (any_list(), prop::option::of(any_list())).prop_map(|(list, batch)| prices(with(list, "batch", batch)))
}

fn any_usage() -> impl Strategy<Value = Usage> {
    (0u64..2_000, 0u64..1_000, 0u64..1_000, 0u64..1_000, 0u64..5_000).prop_map(|(plain, read, write, hour, output)| Usage {
        input_tokens: plain + read + write + hour,
        cache_read_tokens: read,
        cache_write_tokens: write,
        cache_write_hour_tokens: hour,
        output_tokens: output,
        reasoning_tokens: output / 2,
    })
}

proptest! {
    #[test]
    fn no_call_costs_more_than_its_estimate(prices in any_prices(), used in any_usage(), spare in (0u64..3_000, 0u64..3_000), batch: bool) {
        let used = Usage { input_tokens: used.input_tokens - used.cache_write_hour_tokens, cache_write_hour_tokens: 0, ..used };
        let estimate = prices.estimate(used.input_tokens + spare.0, used.output_tokens + spare.1, batch);
        prop_assert!(prices.cost(&used, batch).nanos <= estimate.nanos);
    }

    #[test]
    fn what_is_written_is_read_again(prices in any_prices()) {
        let text = serde_json::to_string(&prices).expect("text");
        prop_assert_eq!(serde_json::from_str::<Prices>(&text).expect(&text), prices);
    }

    #[test]
    fn calls_one_by_one_cost_what_they_cost_together(prices in any_rates().prop_map(prices), one in any_usage(), other in any_usage()) {
        let both = Usage {
            input_tokens: one.input_tokens + other.input_tokens,
            cache_read_tokens: one.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens: one.cache_write_tokens + other.cache_write_tokens,
            cache_write_hour_tokens: one.cache_write_hour_tokens + other.cache_write_hour_tokens,
            output_tokens: one.output_tokens + other.output_tokens,
            reasoning_tokens: 0,
        };
        let apart = prices.cost(&one, false).plus(prices.cost(&other, false));
        // Each of the two was rounded by half a nano-dollar at most, and so was the sum.
        prop_assert!(apart.nanos.abs_diff(prices.cost(&both, false).nanos) <= 1);
        prop_assert_eq!(apart.complete, prices.cost(&both, false).complete);
    }
}
