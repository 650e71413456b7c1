// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the detectors cost:  cargo run --release -p analytics --example detectors
//!
//! A week of 30 healthy workflows, as `tests/regressions.rs` makes them up; each run of a task is a sample of how long it took, waited and cost, and of whether it failed.

#![expect(clippy::print_stdout, clippy::cast_precision_loss, clippy::indexing_slicing, reason = "a program that cannot go on says so")]

#[expect(dead_code, reason = "a seed is for tests")]
#[path = "../tests/support/random.rs"]
mod random;
#[expect(dead_code, reason = "what can go wrong is for tests")]
#[path = "../tests/support/runs.rs"]
mod runs;

use analytics::anomaly::Detectors;
use random::Random;
use runs::{WELL, Workflow, run};
use std::time::Instant;

const PASSES: usize = 7 * 48;

/// How many samples there were, and how long all of it took; `detectors`: whether they are asked.
fn week() -> (usize, f64) {
    let mut random = Random(7);
    let workflows: Vec<_> = (0..30).map(|number| Workflow::of(&mut random, number, number % 3 == 0)).collect();
    let mut detectors = Detectors::default();
    let (mut heard, mut samples) = (Vec::new(), 0);
    let begun = Instant::now();
    for at in 0..PASSES {
        for workflow in &workflows {
            samples += 1 + run(&mut detectors, workflow, &mut random, (at, at as f64 / 48.0), |_| WELL, &mut heard);
        }
    }
    (samples, begun.elapsed().as_secs_f64())
}

/// What it takes to make the samples up, about: two normal numbers for each.
fn made_up(samples: usize) -> f64 {
    let mut random = Random(7);
    let begun = Instant::now();
    let sum: f64 = (0..samples).map(|_| random.normal().exp() + random.normal().exp() + random.next().ln()).sum();
    let took = begun.elapsed().as_secs_f64();
    assert!(sum.is_finite());
    took
}

fn main() {
    let mut found: Vec<f64> = (0..5)
        .map(|_| {
            let (samples, took) = week();
            (took - made_up(samples)) * 1e6 / samples as f64
        })
        .collect();
    found.sort_by(f64::total_cmp);
    println!("{:.2} µs a sample, the median of 5 weeks ({:.2} to {:.2})", found[2], found[0], found[4]);
}
