// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Random workflows: groups, joins, branches, loops, rules, conditions, all within a few tasks.

use serde_json::{Value, json};

/// `SplitMix64` (Steele, Lea, Flood 2014).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((x ^ (x >> 31)) % bound.max(1) as u64).unwrap()
    }

    pub(crate) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        let at = self.below(all.len());
        all[at].clone()
    }
}

/// A definition, always valid.
pub(crate) fn workflow(chance: &mut Chance) -> Value {
    let mut room = 2 + chance.below(11);
    let mut next = 0;
    let tasks = list(chance, &mut room, &mut next, 1, false);
    let policy = if chance.one_in(4) { "continue" } else { "fail_fast" };
    json!({ "id": "w", "name": "w", "version": "1", "failurePolicy": policy, "tasks": tasks })
}

fn list(chance: &mut Chance, room: &mut usize, next: &mut usize, level: usize, beside: bool) -> Vec<Value> {
    let count = 1 + chance.below(4);
    let mut tasks: Vec<Value> = Vec::new();
    for place in 0..count {
        if place > 0 && *room == 0 {
            break;
        }
        let mut task = body(chance, room, next, level);
        let earlier: Vec<String> = tasks.iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect();
        let mut depends = false;
        if chance.one_in(2) {
            let mut chosen: Vec<String> = earlier.iter().filter(|_| chance.one_in(2)).cloned().collect();
            chosen.dedup();
            depends = !chosen.is_empty();
            task["dependencies"] = json!(chosen);
            if depends && chance.one_in(2) {
                let rules =
                    ["all_success", "all_failed", "all_done", "one_success", "one_failed", "none_failed", "none_failed_min_one_success"];
                task["triggerRule"] = json!(chance.pick(&rules));
            }
        }
        if task.get("branches").is_none() && task.get("loop").is_none() && chance.one_in(5) {
            let named = task["dependencies"].as_array().and_then(|ids| ids.first().cloned());
            let condition = match named.filter(|_| depends && chance.one_in(2)) {
                Some(id) => format!("tasks['{}'].status == 'completed'", id.as_str().unwrap()),
                None => chance.pick(&["true", "false"]).to_owned(),
            };
            task["conditions"] = json!([condition]);
        }
        if chance.one_in(5) {
            let codes = [
                json!("continue"),
                json!({ "continue": ["ERR_AGENT"] }),
                json!({ "continue": ["ERR_JOIN_UNREACHABLE", "ERR_LOOP_ITEMS"] }),
            ];
            task["onError"] = chance.pick(&codes);
        }
        let kinds = ["sequential", "parallel"];
        if task.get("type").is_none() && chance.one_in(2) && (task.get("tasks").is_none() || beside) {
            task["type"] = json!(chance.pick(&kinds));
        }
        tasks.push(task);
    }
    tasks
}

fn body(chance: &mut Chance, room: &mut usize, next: &mut usize, level: usize) -> Value {
    let id = format!("t{next}");
    *next += 1;
    *room = room.saturating_sub(1);
    let deep = level < 4 && *room > 0;
    match chance.below(if deep { 8 } else { 4 }) {
        4 | 5 => {
            let parallel = chance.one_in(2);
            let tasks = list(chance, room, next, level + 1, parallel);
            let mut group = json!({ "id": id, "name": id, "type": if parallel { "parallel" } else { "sequential" }, "tasks": tasks });
            if parallel {
                let quorum = 1 + chance.below(tasks_in(&group));
                group["join"] = chance.pick(&[json!("all"), json!("settled"), json!("any"), json!("race"), json!({ "quorum": quorum })]);
            }
            group
        }
        6 => {
            let branch = |chance: &mut Chance, room: &mut usize, next: &mut usize| json!({ "when": chance.pick(&["true", "false"]), "tasks": list(chance, room, next, level + 1, false) });
            let branches: Vec<Value> = (0..=chance.below(2)).map(|_| branch(chance, room, next)).collect();
            let mut choice =
                json!({ "id": id, "name": id, "type": "conditional", "branches": branches, "mode": chance.pick(&["first", "all"]) });
            choice["onNoMatch"] = json!(chance.pick(&["skip", "fail"]));
            if chance.one_in(2) {
                choice["default"] = json!(list(chance, room, next, level + 1, false));
            }
            choice
        }
        7 => {
            let mut repeated = json!({ "id": id, "name": id, "type": "loop" });
            repeated["loop"] = match chance.below(3) {
                0 => {
                    let items: Vec<usize> = (0..chance.below(4)).collect();
                    let on_error = chance.pick(&["fail", "failAfter", "collect", "skip"]);
                    json!({ "forEach": items, "concurrency": 1 + chance.below(3), "onItemError": on_error })
                }
                1 => {
                    json!({ "while": format!("iteration < {}", chance.below(4)), "maxIterations": 2, "onLimit": chance.pick(&["fail", "stop"]) })
                }
                _ => {
                    json!({ "until": format!("iteration >= {}", chance.below(3)), "maxIterations": 2, "onLimit": chance.pick(&["fail", "stop"]) })
                }
            };
            if chance.one_in(2) {
                repeated["agentId"] = json!("x");
                stand_in(chance, &mut repeated);
            } else {
                repeated["tasks"] = json!(list(chance, room, next, level + 1, false));
            }
            repeated
        }
        _ => {
            let mut call = json!({ "id": id, "name": id, "agentId": "x" });
            stand_in(chance, &mut call);
            call
        }
    }
}

/// Sometimes something stands in for a call.
fn stand_in(chance: &mut Chance, call: &mut Value) {
    let (agent, value) = (json!({ "agentId": "y" }), json!({ "value": 7 }));
    if chance.one_in(4) {
        call["fallback"] = chance.pick(&[value.clone(), agent.clone(), json!([agent, value]), json!([agent, agent])]);
    }
}

fn tasks_in(group: &Value) -> usize {
    group["tasks"].as_array().map_or(1, Vec::len)
}
