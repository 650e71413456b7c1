// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How good estimates of the end are on recorded workflows:  cargo run --release -p analytics --example eta -- <folder>
//!
//! The folder holds `*.json`: `{ "tasks": [{ "id", "parents": [], "runtimeInSeconds" }] }`. Each graph runs with its recorded times, which vary from run to
//! run, 30 times before and 10 times to be asked in the middle, with places for a tenth of its tasks.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a program that cannot go on says so"
)]

#[path = "../tests/support/asking.rs"]
mod asking;
#[expect(dead_code, reason = "a seed is for tests")]
#[path = "../tests/support/random.rs"]
mod random;
#[path = "../tests/support/world.rs"]
mod world;

use asking::{Asked, Graph, ask};
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recorded {
    id: String,
    parents: Vec<String>,
    runtime_in_seconds: f64,
}

#[derive(Deserialize)]
struct Workflow {
    tasks: Vec<Recorded>,
}

/// What is simulated record by record takes too long with more.
const TASKS_MAX: usize = 400;

fn main() {
    let folder = std::env::args().nth(1).expect("name the folder of the recorded workflows");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut all = Asked::default();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let Workflow { tasks } = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if tasks.len() > TASKS_MAX {
            println!("{name}: {} tasks, left out", tasks.len());
            continue;
        }
        let numbers: HashMap<&str, usize> = tasks.iter().enumerate().map(|(number, task)| (task.id.as_str(), number)).collect();
        let after = tasks.iter().map(|task| task.parents.iter().map(|parent| numbers[parent.as_str()]).collect()).collect();
        let medians = tasks.iter().map(|task| task.runtime_in_seconds * 1e6).collect();
        let graph = Graph { after, medians, places: (tasks.len() / 10).max(1) };
        let asked = ask(&graph, 1, 30, 10);
        println!("{name}, {} tasks: {}", tasks.len(), asked.told());
        all.add(asked);
    }
    println!("all: {}", all.told());
}
