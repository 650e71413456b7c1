// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What providers answer and what we make of it. The tables are data: a line that was seen in the wild is added there.

use models::{FailureClass, classify, retry_after};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use stdx::Timestamp;

/// The lines of a table that say something, each cut into its columns; the last has all that is left.
fn rows(table: &str, columns: usize) -> impl Iterator<Item = Vec<&str>> {
    let lines = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(move |line| line.splitn(columns, " | ").map(str::trim).collect())
}

#[test]
fn every_known_answer_has_its_class() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for row in rows(include_str!("failures/classes.txt"), 3) {
        let [class, status, body] = row[..] else { panic!("three columns: {row:?}") };
        let expected: FailureClass = serde_json::from_value(class.into()).unwrap();
        let found = classify(status.parse().ok(), body);
        count += 1;
        if found != expected {
            wrong.push(format!("{found} instead of {expected}: {status} {body}"));
        }
    }
    assert!(count > 70, "only {count} rows were read");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Servers say in ever other words that a request is too long, of which half were taken for a request that is wrong: the larger model was not asked.
#[test]
fn too_long_is_understood_in_the_words_of_each_server_and_nothing_else_is_taken_for_it() {
    let mut wrong = Vec::new();
    let mut servers = BTreeSet::new();
    for row in rows(include_str!("failures/too-long.txt"), 3) {
        let [class, status, said] = row[..] else { panic!("three columns: {row:?}") };
        let (server, words) = said.split_once(": ").unwrap();
        let expected: FailureClass = serde_json::from_value(class.into()).unwrap();
        if expected == FailureClass::Context {
            servers.insert(server.split(',').next().unwrap());
        }
        // However it is wrapped.
        let bodies = [
            json!({ "error": { "message": words, "type": "invalid_request_error", "code": null } }),
            json!({ "error": words }),
            json!({ "message": words }),
            json!({ "detail": [{ "msg": format!("Provider returned error: {words}") }] }),
            json!([{ "error": { "code": 400, "message": "Provider returned error", "metadata": { "raw": words } } }]),
        ];
        for body in bodies.map(|body| body.to_string()).into_iter().chain([words.to_owned()]) {
            let status = status.parse().ok();
            let found = classify(status, &body);
            // Nothing says that it is an error's text where there is neither a status nor a form.
            if found != expected && (status.is_some() || expected != FailureClass::Invalid) {
                wrong.push(format!("{found} instead of {expected}: {body}"));
            }
        }
    }
    assert!(servers.len() >= 25, "only {} servers: {servers:?}", servers.len());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn only_what_may_go_well_later_is_retried() {
    use FailureClass::{Auth, Content, Context, Invalid, Network, Overload, Quota, Rate};
    let all = [Rate, Quota, Auth, Overload, Context, Content, Network, Invalid];
    let retried: Vec<FailureClass> = all.into_iter().filter(|class| class.retryable()).collect();
    assert_eq!(retried, [Rate, Overload, Network]);
    for class in all {
        assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
    }
}

#[test]
fn every_known_way_to_ask_for_patience_is_understood() {
    // Sun, 06 Nov 1994 08:49:37 GMT
    let now = Timestamp::from_micros(784_111_777_000_000);
    let mut count = 0;
    for row in rows(include_str!("failures/waits.txt"), 3) {
        let [wait, headers, body] = row[..] else { panic!("three columns: {row:?}") };
        let expected = (wait != "none").then(|| Duration::from_secs_f64(wait.parse().unwrap()));
        let headers: Vec<(&str, &str)> = headers.split("; ").filter_map(|header| header.split_once(": ")).collect();
        let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        assert_eq!(retry_after(header, body, now), expected, "{row:?}");
        count += 1;
    }
    assert!(count > 25, "only {count} rows were read");
}
