// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Very many of everything: what is quadratic anywhere does not end.

use crate::words::read;
use engine::{InstanceNumber, Pool, PoolEffect, Request, TargetIndex};
use std::sync::Arc;
use stdx::Timestamp;

const MANY: u32 = 100_000;

fn request(target: TargetIndex, number: u32) -> Request {
    let now = Timestamp::default();
    Request { target, slot: number % 7, task: number, priority: 0, urgent: false, affinity: None, ready: now, lane: None }
}

/// Makes what is to be made and ends what was granted, until nothing is left to do; how many were granted and refused.
fn drain(pool: &mut Pool) -> (u32, u32) {
    let (now, mut granted, mut refused) = (Timestamp::default(), 0, 0);
    while let Some(effect) = pool.next_effect() {
        match effect {
            PoolEffect::Create { instance, .. } => pool.created(now, instance, true),
            PoolEffect::Dispose { instance, .. } => pool.disposed(now, instance),
            PoolEffect::Granted { slot, task, instance, .. } => {
                granted += 1;
                pool.release(now, instance, (slot, task));
            }
            PoolEffect::Refused { .. } => refused += 1,
            _ => {}
        }
    }
    (granted, refused)
}

#[test]
fn a_hundred_thousand_wait_and_are_served() {
    let mut pool = read("type a min 1 max 4; agent x of a can one; agent y of a can one").pool();
    let targets = [pool.target("a", &[]), pool.target("x", &[]), pool.target("", &[Arc::from("one")])].map(Option::unwrap);
    for number in 0..MANY {
        assert_eq!(pool.request(Timestamp::default(), request(targets[number as usize % 3], number)), None);
    }
    assert_eq!(drain(&mut pool), (MANY, 0));
}

#[test]
fn a_hundred_thousand_wait_and_go_away_or_are_refused() {
    let now = Timestamp::default();
    let mut pool = read("type a max 4").pool();
    let target = pool.target("a", &[]).unwrap();
    for number in 0..MANY {
        pool.request(now, request(target, number));
    }
    (0..MANY / 2).for_each(|number| pool.withdraw(now, number % 7, number));
    pool.forget(now, 3);
    let left = pool.statistics().all.queued;
    assert_eq!(left, (MANY / 2..MANY).filter(|number| number % 7 != 3).map(|_| 1).sum::<u32>());
    pool.create_failed(now, InstanceNumber::new(1), true);
    assert_eq!(pool.statistics().all.queued, 0);
    // What was being made meanwhile is of no use any more.
    assert_eq!(drain(&mut pool), (0, left));
}

#[test]
fn a_hundred_thousand_places_of_which_any_may_be_free() {
    let now = Timestamp::default();
    let mut pool = read("type a min 100000 max 100000; type b min 1 max 1 holds 100000").pool();
    for id in ["a", "b"] {
        let target = pool.target(id, &[]).unwrap();
        pool.request(now, request(target, MANY));
        drain(&mut pool);
        let places: Vec<InstanceNumber> = (0..MANY).map(|number| pool.request(now, request(target, number)).unwrap()).collect();
        for (number, instance) in (0..MANY).zip(places).rev() {
            pool.release(now, instance, (number % 7, number));
        }
        assert_eq!(pool.statistics().all.running, 0);
    }
}

#[test]
fn ten_thousand_types_with_their_agents_do_not_meet() {
    let now = Timestamp::default();
    let types = (0..10_000).map(|number| format!("type t{number} min 1 max 2;agent x{number} of t{number} can c{}", number % 100));
    let mut pool = read(&types.collect::<Vec<_>>().join(";")).pool();
    for number in 0..10_000 {
        let target = pool.target(&format!("x{number}"), &[]).unwrap();
        pool.request(now, request(target, number));
    }
    assert_eq!(drain(&mut pool), (10_000, 0));
    let due = pool.next_deadline().unwrap();
    pool.tick(due);
    let checked = std::iter::from_fn(|| pool.next_effect()).filter(|effect| matches!(effect, PoolEffect::Check { .. })).count();
    assert_eq!((checked, due.micros()), (10_000, 10_000_000));
    for number in 0..1000 {
        let target = pool.target("", &[Arc::from(format!("c{}", number % 100))]).unwrap();
        assert!(pool.request(due, request(target, number)).is_some());
    }
}
