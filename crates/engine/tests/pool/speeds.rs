// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Agents whose service times differ ten times.
//!
//! The bound: machines of different speeds (uniform machines), all tasks and speeds known beforehand, the longest task first, each to the machine
//! that would end it earliest. That is LPT as Gonzalez, Ibarra and Sahni generalised it ("Bounds for LPT schedules on uniform processors", SIAM J.
//! Comput. 6, 1977). No schedule at all ends before the work divided by the sum of the speeds, which is told beside it.

use crate::simulation::{Chance, Load, micros, play};
use crate::words::read;
use engine::InstanceNumber;
use std::fmt::Write as _;

const TASKS: usize = 10_000;
const AGENTS: usize = 8;

/// How long an agent takes for a task of size 1: from 10 ms to 100 ms.
fn pace(agent: usize) -> f64 {
    0.01 * 10_f64.powf(f64::from(u32::try_from(agent).unwrap()) / 7.0)
}

/// The end of the last task, in microseconds.
fn longest_first(sizes: &[f64]) -> u64 {
    let mut sizes = sizes.to_vec();
    sizes.sort_unstable_by(|one, other| other.total_cmp(one));
    let mut ends = [0_u64; AGENTS];
    for size in sizes {
        let end = |agent: usize| ends[agent] + micros(size * pace(agent));
        let first = (0..AGENTS).min_by_key(|agent| end(*agent)).unwrap();
        ends[first] = end(first);
    }
    ends.into_iter().max().unwrap()
}

#[expect(clippy::cast_precision_loss, reason = "it is told, not counted with")]
fn compare(name: &str, setup: &str, id: &str, requires: &[&str], sizes: &[f64]) {
    let mut pool = read(setup).pool();
    let requires: Vec<_> = requires.iter().map(|capability| (*capability).into()).collect();
    let target = pool.target(id, &requires).unwrap();
    let arrivals = vec![0; sizes.len()];
    // Instances are numbered from 1 in the order they are made.
    let service = |task: usize, instance: InstanceNumber| micros(sizes[task] * pace(instance.get() as usize - 1));
    let course = play(Load { pool, target, arrivals: &arrivals, service: &service, making: 0 });
    let bound = longest_first(sizes);
    let work = sizes.iter().sum::<f64>() / (0..AGENTS).map(|agent| 1.0 / pace(agent)).sum::<f64>();
    let ratio = course.end as f64 / bound as f64;
    println!(
        "{name}: {:.3} s, longest first {:.3} s, no schedule below {work:.3} s: {ratio:.4}",
        course.end as f64 / 1e6,
        bound as f64 / 1e6
    );
    assert!(ratio <= 1.05, "{name}: {ratio} of the bound");
}

#[test]
fn ten_thousand_tasks_end_within_a_twentieth_of_the_offline_bound() {
    let one_type = format!("type a min {AGENTS} max {AGENTS}");
    let mut registered = format!("type a max {AGENTS}");
    for agent in 0..AGENTS {
        write!(registered, "; agent x{agent} of a can work limit 1").unwrap();
    }
    let mut chance = Chance(3);
    let equal = vec![1.0; TASKS];
    let mixed: Vec<f64> = (0..TASKS).map(|_| 0.1 * 100_f64.powf(chance.next())).collect();
    for (sizes, of) in [(&equal, "equal tasks"), (&mixed, "tasks of sizes 0.1 to 10")] {
        compare(&format!("{of}, 8 instances"), &one_type, "a", &[], sizes);
        compare(&format!("{of}, 8 registered agents"), &registered, "", &["work"], sizes);
    }
}
