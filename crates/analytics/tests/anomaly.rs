// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Anomalies on simulated runs: lognormal tasks of every spread, with unusual runs already in their past. The figures are printed; the bounds are asserted.

#[path = "support/random.rs"]
mod random;

use analytics::anomaly::{Change, Series, Spread, Verdict};

use random::{Random, seed};

/// A task: its usual time, and how much that varies.
struct Task {
    middle: f64,
    sigma: f64,
}

impl Task {
    fn of(random: &mut Random) -> Self {
        Self { middle: (random.next() * 6.0).exp(), sigma: 0.25 + 0.65 * random.next() }
    }

    /// A healthy run; one in fifty of those before takes five times as long.
    fn run(&self, random: &mut Random, past: bool) -> f64 {
        let unusual = if past && random.next() < 0.02 { 5.0 } else { 1.0 };
        unusual * self.middle * (self.sigma * random.normal()).exp()
    }
}

/// Nothing is too small to be told of, and there are no others.
fn observe(series: &mut Series, value: f64, pool: f64) -> Verdict {
    series.observe(value, 0.0, pool, || 0.0)
}

fn pool(random: &mut Random) -> f64 {
    let mut spread = Spread::default();
    for _ in 0..50 {
        let task = Task::of(random);
        let mut series = Series::default();
        for _ in 0..30 {
            observe(&mut series, task.run(random, true), 0.12);
        }
        series.variance().into_iter().for_each(|variance| spread.add(variance));
    }
    spread.middle()
}

#[test]
fn one_healthy_run_in_a_thousand_is_flagged_and_most_that_take_eight_times_as_long() {
    let mut random = Random(seed(18));
    let (mut healthy, mut slow) = (0, 0);
    // What a pool of 50 tasks knows differs from pool to pool, and the figures with it.
    let (pools, each) = (10, 5_000);
    let trials = pools * each;
    let mut middle = 0.0;
    for trial in 0..trials {
        if trial % each == 0 {
            middle = pool(&mut random);
        }
        let task = Task::of(&mut random);
        let mut series = Series::default();
        for _ in 0..20 {
            observe(&mut series, task.run(&mut random, true), middle);
        }
        healthy += i32::from(observe(&mut series.clone(), task.run(&mut random, false), middle).is_flagged);
        slow += i32::from(observe(&mut series, 8.0 * task.run(&mut random, false), middle).is_flagged);
    }
    let share = |count: i32| f64::from(count) / f64::from(trials);
    println!(
        "flagged after 20 runs: {:.3} % of healthy ones, {:.1} % of eight times slower ones",
        100.0 * share(healthy),
        100.0 * share(slow)
    );
    assert!(share(healthy) <= 0.0015, "{}", share(healthy));
    assert!(share(slow) >= 0.6, "{}", share(slow));
}

#[test]
fn a_healthy_task_alerts_once_in_ten_thousand_runs_at_most_and_a_slow_one_within_five() {
    let mut random = Random(seed(81));
    let pool = pool(&mut random);
    let (mut alerts, mut runs) = (0, 0);
    let (mut found, mut planted) = (0, 0);
    for _ in 0..1000 {
        let task = Task::of(&mut random);
        let mut series = Series::default();
        for _ in 0..200 {
            alerts += i32::from(observe(&mut series, task.run(&mut random, false), pool).change == Some(Change::Rises));
            runs += 1;
        }
        planted += 1;
        found += i32::from((0..5).any(|_| observe(&mut series, 8.0 * task.run(&mut random, false), pool).change == Some(Change::Rises)));
    }
    println!("{alerts} alerts of {runs} healthy runs; {found} of {planted} eight times slower tasks within 5 runs");
    assert!(f64::from(alerts) / f64::from(runs) <= 1.0 / 10_000.0, "{alerts} of {runs}");
    assert!(f64::from(found) / f64::from(planted) >= 0.9, "{found} of {planted}");
}
