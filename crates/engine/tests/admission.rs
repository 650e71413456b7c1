// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Who is let in, and that tenants, priorities and keys get what they were promised.

use engine::{Admission, KeyLimit, Ticket};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

fn ticket(tenant: &str, priority: i32) -> Ticket {
    Ticket { tenant: tenant.into(), priority, key: None }
}

fn keyed(tenant: &str, key: &str, limit: u32) -> Ticket {
    Ticket { key: Some(KeyLimit { key: key.into(), limit }), ..ticket(tenant, 0) }
}

fn all(admission: &mut Admission) -> Vec<u32> {
    std::iter::from_fn(|| admission.next()).collect()
}

fn limited(limit: u32, weights: &[(&str, u32)]) -> Admission {
    Admission::new(Some(limit), weights.iter().map(|(tenant, weight)| (Arc::from(*tenant), *weight)).collect())
}

#[test]
fn no_more_run_than_the_limit_and_whoever_leaves_makes_room() {
    let mut admission = limited(2, &[]);
    for id in 0..4 {
        admission.enqueue(id, ticket("", 0));
    }
    assert_eq!(all(&mut admission), [0, 1]);
    admission.leave(0);
    assert_eq!((all(&mut admission), admission.waiting()), (vec![2], 1));
    // One that waits may go as well, and leaving twice is leaving once.
    admission.leave(3);
    admission.leave(3);
    admission.leave(1);
    assert_eq!((all(&mut admission), admission.waiting()), (vec![], 0));
}

#[test]
fn what_ran_before_counts_whatever_the_limit() {
    let mut admission = limited(1, &[]);
    admission.adopt(7, ticket("", 0));
    admission.adopt(8, ticket("", 0));
    admission.enqueue(1, ticket("", 0));
    assert_eq!(admission.next(), None);
    admission.leave(7);
    assert_eq!(admission.next(), None);
    admission.leave(8);
    assert_eq!(all(&mut admission), [1]);
}

#[test]
fn priority_orders_within_a_tenant_and_not_between_them() {
    let mut admission = limited(10, &[]);
    for (id, tenant, priority) in [(0, "a", 0), (1, "a", 5), (2, "a", -1), (3, "b", 0), (4, "a", 5)] {
        admission.enqueue(id, ticket(tenant, priority));
    }
    assert_eq!(all(&mut admission), [1, 3, 4, 0, 2]);
}

#[test]
fn tenants_take_turns_by_their_weights() {
    let mut admission = limited(12, &[("heavy", 3)]);
    for id in 0..100 {
        admission.enqueue(id, ticket("heavy", 0));
        admission.enqueue(100 + id, ticket("light", 0));
    }
    let admitted = all(&mut admission);
    assert_eq!(admitted.iter().filter(|id| **id < 100).count(), 9);
}

#[test]
fn nobody_saves_up_turns_while_idle() {
    let mut admission = limited(100, &[]);
    for id in 0..60 {
        admission.enqueue(id, ticket("busy", 0));
    }
    assert_eq!(all(&mut admission).len(), 60);
    for id in 60..140 {
        admission.enqueue(id, ticket(if id % 2 == 0 { "busy" } else { "late" }, 0));
    }
    let late = all(&mut admission).iter().filter(|id| **id % 2 == 1).count();
    assert!((20..=21).contains(&late), "{late}");
}

#[test]
fn a_key_is_of_its_tenant_and_lets_others_pass() {
    let mut admission = Admission::new(None, BTreeMap::new());
    assert!(admission.is_free(&ticket("a", 0)) && !admission.is_free(&keyed("a", "k", 1)));
    for (id, ticket) in
        [keyed("a", "k", 1), keyed("a", "k", 1), keyed("b", "k", 1), ticket("a", -9), keyed("a", "k", 1)].into_iter().enumerate()
    {
        admission.enqueue(u32::try_from(id).unwrap_or(0), ticket);
    }
    assert_eq!(all(&mut admission), [0, 2, 3]);
    // The limit given last counts.
    admission.enqueue(5, keyed("a", "k", 2));
    assert_eq!(all(&mut admission), [1]);
    admission.leave(0);
    assert_eq!(all(&mut admission), [4]);
    // Whoever is next and goes away leaves the place to the one behind.
    admission.leave(4);
    admission.leave(5);
    assert_eq!((all(&mut admission), admission.waiting()), (vec![], 0));
}

#[test]
fn one_that_goes_away_while_ready_wakes_who_waits_behind_it() {
    let mut admission = limited(1, &[]);
    for id in 0..3 {
        admission.enqueue(id, keyed("a", "k", 1));
    }
    assert_eq!(all(&mut admission), [0]);
    admission.leave(0);
    admission.leave(1);
    assert_eq!(all(&mut admission), [2]);
}

/// The promise of the fair share, in steps of one task: a tenant's 100 executions beside another's 10,000 that came first.
#[test]
fn a_small_tenant_is_not_buried_by_a_large_one() {
    const TASK: u64 = 20;
    let makespan = |others: u32| {
        let mut admission = limited(8, &[]);
        for id in 0..others {
            admission.enqueue(1000 + id, ticket("large", 0));
        }
        for id in 0..100 {
            admission.enqueue(id, ticket("small", 0));
        }
        let (mut clock, mut left) = (0, 100);
        while left > 0 {
            let running = all(&mut admission);
            clock += TASK;
            left -= running.iter().filter(|id| **id < 1000).count();
            for id in running {
                admission.leave(id);
            }
        }
        clock
    };
    let (alone, beside) = (makespan(0), makespan(10_000));
    assert!(2 * beside <= 5 * alone + 2 * TASK, "alone {alone} ms, beside {beside} ms");
}

#[derive(Clone, Debug)]
enum Move {
    Enqueue(u8, i8, Option<(u8, u8)>),
    Adopt(u8),
    Leave(u8),
    Next,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let key = proptest::option::of((0..3_u8, 1..4_u8));
    let one = prop_oneof![
        4 => (0..3_u8, -2..3_i8, key).prop_map(|(tenant, priority, key)| Move::Enqueue(tenant, priority, key)),
        1 => (0..3_u8).prop_map(Move::Adopt),
        4 => any::<u8>().prop_map(Move::Leave),
        6 => Just(Move::Next),
    ];
    proptest::collection::vec(one, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Against a list that is searched: nobody runs who may not, and nobody waits who may.
    #[test]
    fn limits_hold_and_nobody_who_may_run_is_kept_waiting(limit in proptest::option::of(1..5_u32), moves in moves()) {
        let mut admission = Admission::new(limit, BTreeMap::new());
        let (mut waiting, mut running) = (BTreeMap::new(), BTreeMap::new());
        let mut limits: BTreeMap<(Arc<str>, Arc<str>), u32> = BTreeMap::new();
        for (id, step) in (0_u32..).zip(moves) {
            let name = |tenant: u8| ["a", "b", "c"].get(usize::from(tenant)).copied().unwrap_or("");
            match step {
                Move::Enqueue(tenant, priority, key) => {
                    let key = key.map(|(key, limit)| KeyLimit { key: name(key).into(), limit: limit.into() });
                    let ticket = Ticket { key, ..ticket(name(tenant), priority.into()) };
                    if let Some(key) = &ticket.key {
                        limits.insert((Arc::clone(&ticket.tenant), Arc::clone(&key.key)), key.limit);
                    }
                    waiting.insert(id, ticket.clone());
                    admission.enqueue(id, ticket);
                }
                Move::Adopt(tenant) => {
                    running.insert(id, ticket(name(tenant), 0));
                    admission.adopt(id, ticket(name(tenant), 0));
                }
                Move::Leave(which) => {
                    let all: BTreeSet<u32> = waiting.keys().chain(running.keys()).copied().collect();
                    let Some(id) = all.iter().nth(usize::from(which) % all.len().max(1)).copied() else { continue };
                    waiting.remove(&id);
                    running.remove(&id);
                    admission.leave(id);
                }
                Move::Next => {
                    let fits = |ticket: &Ticket| ticket.key.as_ref().is_none_or(|key| {
                        let same = |other: &&Ticket| other.tenant == ticket.tenant && other.key.as_ref().is_some_and(|other| other.key == key.key);
                        let limit = limits.get(&(Arc::clone(&ticket.tenant), Arc::clone(&key.key))).copied().unwrap_or(1);
                        running.values().filter(same).count() < limit as usize
                    });
                    let room = limit.is_none_or(|limit| running.len() < limit as usize);
                    let may: Vec<(u32, Ticket)> = waiting.iter().filter(|(_, ticket)| room && fits(ticket)).map(|(id, ticket)| (*id, ticket.clone())).collect();
                    match admission.next() {
                        None => prop_assert!(may.is_empty(), "{may:?} may run"),
                        Some(id) => {
                            let Some((_, chosen)) = may.iter().find(|(other, _)| *other == id) else { return Err(TestCaseError::fail(format!("{id} may not run"))) };
                            let better = |(other, ticket): &&(u32, Ticket)| ticket.tenant == chosen.tenant && (ticket.priority, std::cmp::Reverse(*other)) > (chosen.priority, std::cmp::Reverse(id));
                            prop_assert!(!may.iter().any(|other| better(&other)), "{id} is not the first of its tenant");
                            running.insert(id, chosen.clone());
                            waiting.remove(&id);
                        }
                    }
                }
            }
            prop_assert_eq!(admission.waiting(), waiting.len());
            limits.retain(|(tenant, key), _| waiting.values().chain(running.values()).any(|ticket| ticket.tenant == *tenant && ticket.key.as_ref().is_some_and(|other| other.key == *key)));
        }
    }
}
