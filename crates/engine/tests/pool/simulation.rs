// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Load on a pool, with a clock that only the simulation moves.

use engine::{InstanceNumber, Pool, PoolEffect, Request, TargetIndex};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use stdx::Timestamp;

/// A number below 1 from a seed, another one each time. `SplitMix64` (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
        let share = ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64;
        share
    }

    /// Around `mean`, as the times between things that happen independently of each other.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.next()).ln()
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times of a simulation are small and positive")]
pub(crate) fn micros(seconds: f64) -> u64 {
    (seconds * 1e6) as u64
}

/// What a simulation is of. Instants and times are in microseconds.
pub(crate) struct Load<'a> {
    pub(crate) pool: Pool,
    pub(crate) target: TargetIndex,
    /// When each task comes, in order.
    pub(crate) arrivals: &'a [u64],
    /// How long a task takes, by its number and that of the instance.
    pub(crate) service: &'a dyn Fn(usize, InstanceNumber) -> u64,
    /// How long it takes to make an instance.
    pub(crate) making: u64,
}

#[derive(Default)]
pub(crate) struct Course {
    /// How long each task waited, in the order they were granted.
    pub(crate) waits: Vec<u64>,
    /// When the last task was done.
    pub(crate) end: u64,
    /// How many instances there were from when on.
    pub(crate) sizes: Vec<(u64, u32)>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happens {
    Made(InstanceNumber),
    Done(usize, InstanceNumber),
    Arrives(usize),
}

struct Run<'a> {
    load: Load<'a>,
    agenda: BinaryHeap<Reverse<(u64, Happens)>>,
    instances: BTreeSet<InstanceNumber>,
    course: Course,
}

/// Plays a load until all is done, and then on for longer than a scaler waits before it goes down.
pub(crate) fn play(load: Load<'_>) -> Course {
    let mut run = Run { load, agenda: BinaryHeap::new(), instances: BTreeSet::new(), course: Course::default() };
    run.agenda.extend(run.load.arrivals.iter().enumerate().map(|(task, at)| Reverse((*at, Happens::Arrives(task)))));
    let mut over = u64::MAX;
    loop {
        let next = run.agenda.peek().map(|Reverse((at, _))| *at);
        let due = run.load.pool.next_deadline().map(Timestamp::micros).filter(|due| *due <= over);
        match (next, due) {
            (Some(at), due) if due.is_none_or(|due| at <= due) => {
                let Some(Reverse((_, what))) = run.agenda.pop() else { break };
                run.happens(at, what);
            }
            (_, Some(due)) => {
                run.load.pool.tick(Timestamp::from_micros(due));
                run.listen(due);
            }
            (_, None) => break,
        }
        if run.course.waits.len() == run.load.arrivals.len() && run.agenda.is_empty() && over == u64::MAX {
            over = run.course.end + 400_000_000;
        }
    }
    assert_eq!(run.course.waits.len(), run.load.arrivals.len(), "every task was granted");
    run.course
}

impl Run<'_> {
    fn happens(&mut self, at: u64, what: Happens) {
        let now = Timestamp::from_micros(at);
        match what {
            Happens::Made(instance) => self.load.pool.created(now, instance, false),
            Happens::Done(task, instance) => {
                self.course.end = at;
                self.load.pool.release(now, instance, (0, name(task)));
            }
            Happens::Arrives(task) => {
                let target = self.load.target;
                let request =
                    Request { target, slot: 0, task: name(task), priority: 0, urgent: false, affinity: None, ready: now, lane: None };
                if let Some(instance) = self.load.pool.request(now, request) {
                    self.granted(at, task, instance);
                }
            }
        }
        self.listen(at);
    }

    fn granted(&mut self, at: u64, task: usize, instance: InstanceNumber) {
        self.course.waits.push(at - self.load.arrivals[task]);
        self.agenda.push(Reverse((at + (self.load.service)(task, instance), Happens::Done(task, instance))));
    }

    fn listen(&mut self, at: u64) {
        let before = self.instances.len();
        while let Some(effect) = self.load.pool.next_effect() {
            match effect {
                PoolEffect::Granted { task, instance, .. } => self.granted(at, task as usize, instance),
                PoolEffect::Create { instance, .. } => {
                    self.instances.insert(instance);
                    self.agenda.push(Reverse((at + self.load.making, Happens::Made(instance))));
                }
                PoolEffect::Dispose { instance, .. } => {
                    self.instances.remove(&instance);
                    self.load.pool.disposed(Timestamp::from_micros(at), instance);
                }
                PoolEffect::ScaledUp { .. } | PoolEffect::ScaledDown { .. } => {}
                other => panic!("nothing was done that leads to {other:?}"),
            }
        }
        if before != self.instances.len() {
            self.course.sizes.push((at, u32::try_from(self.instances.len()).unwrap()));
        }
    }
}

fn name(task: usize) -> u32 {
    u32::try_from(task).unwrap()
}

impl Course {
    /// How long so many of 100 waited at most.
    pub(crate) fn wait(&self, percent: usize) -> u64 {
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        waits[(waits.len() * percent).div_ceil(100).max(1) - 1]
    }

    /// How often its size went up after it went down, or down after it went up, until `end`.
    pub(crate) fn turns(&self, end: u64) -> usize {
        let sizes: Vec<u32> = self.sizes.iter().filter(|(at, _)| *at <= end).map(|(_, size)| *size).collect();
        let ups: Vec<bool> = sizes.windows(2).map(|pair| pair[0] < pair[1]).collect();
        ups.windows(2).filter(|pair| pair[0] != pair[1]).count()
    }

    /// The size at an instant.
    pub(crate) fn size(&self, at: u64) -> u32 {
        self.sizes.iter().rev().find(|(since, _)| *since <= at).map_or(0, |(_, size)| *size)
    }

    /// What all instances together cost, in seconds of one, until `end`.
    #[expect(clippy::cast_precision_loss, reason = "it is told, not counted with")]
    pub(crate) fn cost(&self, end: u64) -> f64 {
        let ends = self.sizes.iter().skip(1).map(|(at, _)| *at).chain([end]);
        self.sizes.iter().zip(ends).map(|((from, size), to)| f64::from(*size) * to.min(end).saturating_sub(*from) as f64 / 1e6).sum()
    }
}
