// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Calls from beginning to end, with a provider that the test speaks for: what is asked, what comes back, and who may answer.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "what a test's own helpers find missing fails the test")]

use model_driver::{Error, ModelDriver, Time};
use providers::Transport;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use stdx::Timestamp;
use tokio::runtime::{Builder, Runtime};

struct Host {
    driver: ModelDriver,
    _runtime: Runtime,
}

fn times() -> Value {
    json!({ "firstToken": 60_000, "betweenTokens": 60_000, "whole": 60_000, "stream": 60_000 })
}

fn host(fallback: &[&str]) -> Host {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (epoch, origin) = (SystemTime::now().duration_since(UNIX_EPOCH).unwrap(), Instant::now());
    let now = Arc::new(move || Timestamp::from_micros(u64::try_from((epoch + origin.elapsed()).as_micros()).unwrap()));
    let fallback = fallback.iter().map(|&name| name.to_owned()).collect();
    let driver =
        ModelDriver::new(fallback, 7, Transport::new().unwrap(), runtime.handle().clone(), Time { now, runs: true }, Arc::new(|| {}))
            .unwrap();
    Host { driver, _runtime: runtime }
}

impl Host {
    /// A provider that the test speaks for.
    fn spoken_for(&self, name: &str, more: &Value) {
        let mut provider = json!({ "connection": null, "timeouts": times() });
        for (field, value) in more.as_object().unwrap() {
            provider[field] = value.clone();
        }
        self.driver.add_provider(name, &provider.to_string()).unwrap();
    }

    fn begin(&self, call: u64, targets: &[(&str, &str)], more: &Value) {
        let targets: Vec<Value> = targets.iter().map(|(provider, model)| json!({ "provider": provider, "model": model })).collect();
        let mut request = json!({ "chat": { "messages": [said("hello")] }, "choice": { "targets": targets } });
        for (field, value) in more.as_object().unwrap() {
            request[field] = value.clone();
        }
        self.driver.begin(call, &request.to_string()).unwrap();
    }

    /// The next messages, which may take a moment to come.
    fn told(&self) -> Vec<Value> {
        for _ in 0..500 {
            let text = self.driver.pull();
            if !text.is_empty() {
                return text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("nothing was told")
    }

    fn choose(&self, wanted: &Value) -> Result<Vec<String>, Error> {
        let chat = json!({ "messages": [said("hello")] });
        let choice: Value = serde_json::from_str(&self.driver.choose(None, &wanted.to_string(), &chat.to_string())?).unwrap();
        let names = choice["targets"].as_array().unwrap().iter();
        Ok(names
            .map(|target| {
                let larger = if target["largerContext"] == true { " (larger)" } else { "" };
                format!("{}/{}{larger}", target["provider"].as_str().unwrap(), target["model"].as_str().unwrap())
            })
            .collect())
    }
}

fn said(text: &str) -> Value {
    json!({ "role": "user", "content": [{ "type": "text", "text": text }] })
}

const USAGE: &str = r#"{"text":"hi","usage":{"inputTokens":10,"outputTokens":2}}"#;

#[test]
fn a_call_is_asked_once_and_its_answer_is_priced() {
    let host = host(&[]);
    host.spoken_for("own", &json!({}));
    host.driver.register(r#"{"provider":"own","id":"m","prices":{"input":"3","output":"15"}}"#).unwrap();
    host.begin(1, &[("own", "m")], &json!({}));
    let asked = host.told();
    assert_eq!(asked.len(), 1);
    assert_eq!((&asked[0]["type"], &asked[0]["attempt"], &asked[0]["request"]["model"]), (&json!("ask"), &json!(1), &json!("m")));
    host.driver.answered(1, 1, USAGE).unwrap();
    let done = host.told();
    assert_eq!(done[0]["type"], "done");
    // 10 tokens at 3 and 2 at 15 dollars a million.
    assert_eq!(done[0]["cost"], json!({ "nanos": 60_000, "complete": true }));
    assert_eq!(done[0]["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(host.driver.unfinished(), 0);
    // What comes twice or late is about nothing.
    host.driver.answered(1, 1, USAGE).unwrap();
    assert_eq!(host.driver.pull(), "");
}

#[test]
fn requests_that_were_sent_are_attempts_that_are_recorded() {
    let host = host(&[]);
    host.spoken_for("own", &json!({}));
    host.spoken_for("other", &json!({}));
    host.begin(7, &[("own", "m"), ("other", "n")], &json!({ "retry": { "maxAttempts": 2, "initialDelayMs": 1 } }));
    let mut sent = 0;
    let end = loop {
        let [message] = host.told().try_into().unwrap();
        if message["type"] != "ask" {
            break message;
        }
        sent += 1;
        let attempt = u32::try_from(message["attempt"].as_u64().unwrap()).unwrap();
        host.driver.failed(7, attempt, r#"{"class":"overload","message":"not now"}"#).unwrap();
    };
    assert_eq!((&end["type"], &end["reason"], &end["class"]), (&json!("failed"), &json!("failed"), &json!("overload")));
    let attempts: Vec<(String, String)> =
        end["attempts"].as_array().unwrap().iter().map(|one| (text(&one["model"]), text(&one["next"]))).collect();
    let expected = [("m", "retry"), ("m", "fallback"), ("n", "retry"), ("n", "give-up")];
    assert_eq!(attempts, expected.map(|(model, next)| (model.to_owned(), next.to_owned())));
    assert_eq!(sent, 4);
    assert!(end["attempts"].as_array().unwrap().iter().all(|one| one["message"] == "not now"));
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn a_cancelled_call_stops_its_attempt_and_what_follows_is_about_nothing() {
    let host = host(&[]);
    host.spoken_for("own", &json!({}));
    host.begin(1, &[("own", "m")], &json!({}));
    host.told();
    host.driver.cancel(1);
    let told = host.told();
    assert_eq!(told.iter().map(|one| text(&one["type"])).collect::<Vec<_>>(), ["stop", "failed"]);
    assert_eq!(told[1]["reason"], "cancelled");
    host.driver.answered(1, 1, USAGE).unwrap();
    assert_eq!(host.driver.pull(), "");
}

#[test]
fn a_budget_has_room_for_so_many_calls_however_many_come_at_once() {
    let host = host(&[]);
    host.spoken_for("own", &json!({}));
    host.driver.set_budget("execution:e", r#"{"calls":5}"#, r#"{"calls":2}"#).unwrap();
    for call in 1..=10 {
        host.begin(call, &[("own", "m")], &json!({ "budgets": ["execution:e"] }));
    }
    let told = host.told();
    let of = |kind: &str| told.iter().filter(|one| one["type"] == kind).count();
    assert_eq!((of("ask"), of("failed")), (3, 7));
    let refused = told.iter().find(|one| one["type"] == "failed").unwrap();
    assert_eq!(refused["reason"], "budget");
    assert_eq!(refused["exceeded"], json!({ "scope": "execution:e", "what": "calls", "limit": 5, "spent": 2, "reserved": 3, "asked": 1 }));
}

#[test]
fn no_more_are_under_way_than_the_provider_lets_through() {
    let host = host(&[]);
    host.spoken_for("own", &json!({ "rateLimit": { "concurrentRequests": 2 } }));
    for call in 1..=5 {
        host.begin(call, &[("own", "m")], &json!({}));
    }
    let first: Vec<u64> = host.told().iter().map(|one| one["call"].as_u64().unwrap()).collect();
    assert_eq!(first, [1, 2]);
    host.driver.answered(1, 1, USAGE).unwrap();
    let next: Vec<(u64, String)> = host.told().iter().map(|one| (one["call"].as_u64().unwrap(), text(&one["type"]))).collect();
    assert_eq!(next, [(1, "done".to_owned()), (3, "ask".to_owned())]);
}

#[test]
fn who_may_answer_follows_from_what_the_request_names() {
    let host = host(&["other/n"]);
    let key = |kind: &str| json!({ "connection": { "kind": kind, "apiKey": "k" }, "timeouts": times() }).to_string();
    assert!(matches!(host.choose(&json!({})), Err(Error::NoProvider { .. })));
    host.driver.add_provider("anthropic", &key("anthropic")).unwrap();
    host.driver.add_provider("work", &key("openai")).unwrap();
    host.spoken_for("other", &json!({ "model": "n" }));
    // What is named is asked, and the configured fallback after it; one that has a window has a larger one to go to.
    let table = [
        (json!({ "model": "work/gpt-5" }), "work/gpt-5, other/n, work/gpt-6-luna (larger)"),
        (json!({ "model": "gpt-5", "fallback": [] }), "work/gpt-5"),
        (json!({ "model": "claude-haiku-4-5", "fallback": ["gpt-5"] }), "anthropic/claude-haiku-4-5, work/gpt-5"),
        (json!({ "provider": "anthropic", "model": "of-tomorrow", "fallback": [] }), "anthropic/of-tomorrow"),
        (json!({ "provider": "other" }), "other/n"),
        (json!({ "provider": "work", "requirements": { "mode": "cost" }, "fallback": [] }), "work/"),
    ];
    for (wanted, expected) in table {
        let found = host.choose(&wanted).unwrap().join(", ");
        assert!(found.starts_with(expected), "{wanted}: {found}");
    }
    assert!(matches!(host.choose(&json!({ "provider": "nobody" })), Err(Error::UnknownProvider { .. })));
    let unknown = host.choose(&json!({ "model": "of-nobody" })).unwrap_err().to_string();
    assert!(unknown.contains("anthropic, other, work") && unknown.contains("provider/model"), "{unknown}");
}

/// A definition from others may ask some models: whatever a request names or leaves open, and whatever is configured to fall back to, no other is asked.
#[test]
fn what_is_not_allowed_is_never_among_those_who_may_answer() {
    let host = host(&["one/b", "two/c"]);
    host.spoken_for("one", &json!({ "model": "a" }));
    host.spoken_for("two", &json!({}));
    let choose = |wanted: Value| match host.choose(&wanted) {
        Ok(targets) => targets.join(", "),
        Err(Error::NotAllowed { what, .. }) => format!("not allowed: {what}"),
        Err(other) => other.to_string(),
    };
    assert_eq!(choose(json!({ "provider": "one" })), "one/a, one/b, two/c");
    assert_eq!(choose(json!({ "provider": "one", "allow": ["a", "two/c"] })), "one/a, two/c");
    // What the provider is told to take is not allowed, and nothing is known of what is.
    assert_eq!(choose(json!({ "provider": "one", "allow": ["one/b"] })), "one/b");
    assert_eq!(choose(json!({ "provider": "two", "allow": ["one/b"] })), "not allowed: every model that could be asked");
    assert_eq!(choose(json!({ "model": "one/a", "allow": ["one/b", "two/a"] })), "not allowed: model `one/a`");
    assert_eq!(choose(json!({ "provider": "two", "model": "a", "allow": ["one/a"] })), "not allowed: model `two/a`");
    assert_eq!(choose(json!({ "model": "one/a", "fallback": ["two/c"], "allow": ["a"] })), "not allowed: model `two/c`");
    assert_eq!(choose(json!({ "model": "one/a", "allow": [] })), "not allowed: model `one/a`");
}

/// The chance in the waits came of the number of the call alone, which begins with 1 in each process: a fleet came back at the same moment.
#[test]
fn waits_differ_between_processes_and_are_the_same_for_what_is_on_record() {
    let start = Timestamp::from_micros(1_800_000_000_000_000);
    let wait = |seed: u32, recorded: Option<&Value>| {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let time = Time { now: Arc::new(move || start), runs: false };
        let driver =
            ModelDriver::new(Vec::new(), seed, Transport::new().unwrap(), runtime.handle().clone(), time, Arc::new(|| {})).unwrap();
        let host = Host { driver, _runtime: runtime };
        host.spoken_for("other", &json!({ "model": "n" }));
        let chosen = host
            .driver
            .choose(None, &json!({ "model": "other/n" }).to_string(), &json!({ "messages": [said("hello")] }).to_string())
            .unwrap();
        let chosen: Value = recorded.map_or_else(|| serde_json::from_str(&chosen).unwrap(), Clone::clone);
        host.driver.begin(1, &json!({ "chat": { "messages": [said("hello")] }, "choice": chosen }).to_string()).unwrap();
        host.driver.failed(1, 1, &json!({ "class": "overload", "message": "busy" }).to_string()).unwrap();
        (host.driver.next_deadline().unwrap().since(start), chosen)
    };
    let ((one, chosen), (other, _), (again, _)) = (wait(1, None), wait(2, None), wait(1, None));
    assert_ne!(one, other);
    assert_eq!(one, again);
    // What had been chosen is made again by another process as it stands on record.
    assert_eq!(wait(3, Some(&chosen)).0, one);
    // A record of an older version has no seed.
    let old = json!({ "targets": chosen["targets"] });
    assert_eq!(wait(4, Some(&old)).0, wait(5, Some(&old)).0);
}

#[test]
fn a_request_is_kept_for_the_call_that_it_is_chosen_for_and_forgotten_when_that_is_cancelled() {
    let host = host(&[]);
    host.spoken_for("own", &json!({}));
    let (wanted, chat) = (json!({ "model": "own/m" }).to_string(), json!({ "messages": [said("hello")] }).to_string());
    let choice: Value = serde_json::from_str(&host.driver.choose(Some(1), &wanted, &chat).unwrap()).unwrap();
    assert_eq!(host.driver.begin(1, &json!({ "choice": choice }).to_string()).unwrap(), "", "no fallback is left out");
    assert_eq!(host.told()[0]["request"]["messages"], json!([said("hello")]));
    host.driver.choose(Some(2), &wanted, &chat).unwrap();
    host.driver.cancel(2);
    let refusal = host.driver.begin(2, &json!({ "choice": choice }).to_string());
    assert!(matches!(refusal, Err(Error::Malformed { .. })), "{refusal:?}");
}

#[test]
fn a_call_that_begins_with_what_is_wanted_goes_where_the_choice_would() {
    let host = host(&["other/n"]);
    for name in ["own", "other"] {
        host.spoken_for(name, &json!({}));
    }
    for (id, price) in [("dear", "9"), ("cheap", "1")] {
        let (prices, types) = (json!({ "input": price, "output": price }), ["text-generation"]);
        let model = json!({ "provider": "own", "id": id, "prices": prices, "types": types, "context": 10_000, "maxOutput": 1_000 });
        host.driver.register(&model.to_string()).unwrap();
    }
    let wanted = [json!({ "requirements": { "mode": "cost" } }), json!({ "provider": "own" }), json!({ "model": "own/dear" })];
    for (call, wanted) in (1..).zip(&wanted) {
        let expected = host.choose(wanted).unwrap();
        host.driver.begin(call, &json!({ "chat": { "messages": [said("hello")] }, "wanted": wanted }).to_string()).unwrap();
        let told = &host.told()[0];
        let asked = format!("{}/{}", told["provider"].as_str().unwrap(), told["request"]["model"].as_str().unwrap());
        assert_eq!(asked, expected[0], "{wanted}");
    }
    let nobody = host.driver.begin(
        9,
        &json!({ "chat": { "messages": [said("hello")] }, "wanted": { "requirements": { "contextLength": 1_000_000_000 } } }).to_string(),
    );
    assert!(matches!(nobody, Err(Error::NoModel(_))), "{nobody:?}");
}
