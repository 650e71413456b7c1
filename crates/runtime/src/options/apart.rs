// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The large values in options: results and steps that a fork or a retry takes over, which are on record already.

use crate::store::{Apart, LARGE};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Valued<'t> {
    #[serde(borrow)]
    reuse: BTreeMap<String, Reused<'t>>,
    #[serde(borrow)]
    steps: BTreeMap<String, Steps<'t>>,
}

#[derive(Deserialize)]
struct Reused<'t> {
    #[serde(borrow)]
    output: Option<&'t RawValue>,
}

#[derive(Deserialize)]
struct Steps<'t> {
    #[serde(borrow)]
    taken: BTreeMap<String, Step<'t>>,
}

#[derive(Deserialize)]
struct Step<'t> {
    #[serde(borrow)]
    value: Option<&'t RawValue>,
}

/// Options without their large values, and those with their places; what has another shape stays as it is.
pub fn apart(options: &str) -> (String, Vec<Apart<'_>>) {
    let Valued { reuse, steps } = serde_json::from_str(options).unwrap_or_default();
    let results = reuse.into_values().filter_map(|reused| reused.output);
    let taken = steps.into_values().flat_map(|steps| steps.taken.into_values()).filter_map(|step| step.value);
    let values = results.chain(taken).map(RawValue::get).filter(|value| value.len() > LARGE);
    // They are parts of the text.
    let mut found: Vec<(usize, &str)> = values.map(|value| (value.as_ptr().addr() - options.as_ptr().addr(), value)).collect();
    found.sort_unstable_by_key(|(from, _)| *from);
    let (mut text, mut apart, mut end) = (String::new(), Vec::new(), 0);
    for (from, value) in found {
        text.push_str(options.get(end..from).unwrap_or_default());
        apart.push(Apart { place: text.len(), value });
        text.push_str("null");
        end = from + value.len();
    }
    text.push_str(options.get(end..).unwrap_or_default());
    (text, apart)
}
