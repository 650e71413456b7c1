// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! That nobody spends more than there is, and that everything is accounted for.

use models::{Account, Budget, BudgetReservation, Budgets, Counted, Per, Spend};
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::Arc;
use stdx::Timestamp;

fn scopes(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

fn tokens(tokens: u64) -> Spend {
    Spend { tokens, calls: 1, ..Spend::default() }
}

fn budget(tokens: u64) -> Budget {
    Budget { tokens: Some(tokens), ..Budget::default() }
}

#[test]
fn who_has_no_room_is_told_what_there_is() {
    let mut budgets = Budgets::default();
    budgets.set("tenant".into(), Budget { usd_nanos: Some(100), ..Budget::default() });
    budgets.charge("tenant".into(), Spend { usd_nanos: 40, ..Spend::default() });
    let held = budgets.reserve(&scopes(&["tenant"]), Spend { usd_nanos: 30, ..Spend::default() }).unwrap();
    let exceeded = budgets.reserve(&scopes(&["tenant"]), Spend { usd_nanos: 31, ..Spend::default() }).unwrap_err();
    assert_eq!((exceeded.what, exceeded.limit, exceeded.spent, exceeded.reserved, exceeded.asked), (Counted::UsdNanos, 100, 40, 30, 31));
    assert_eq!(
        exceeded.to_string(),
        "the call may use $0.000000031, and of the $0.0000001 of budget `tenant` $0.00000004 are spent and $0.00000003 reserved; \
         raise the budget, or use a cheaper model or a lower `maxTokens`"
    );
    budgets.release(held);
    assert!(budgets.reserve(&scopes(&["tenant"]), Spend { usd_nanos: 60, ..Spend::default() }).is_ok());
}

#[test]
fn all_scopes_pay_or_none() {
    let mut budgets = Budgets::default();
    budgets.set("wide".into(), budget(100));
    budgets.set("narrow".into(), budget(10));
    assert_eq!(&*budgets.reserve(&scopes(&["wide", "narrow"]), tokens(11)).unwrap_err().scope, "narrow");
    assert_eq!(budgets.account("wide").unwrap().reserved, Spend::default());
    // Who is named twice pays once, and a scope without a budget pays nothing.
    let held = budgets.reserve(&scopes(&["narrow", "free", "narrow"]), tokens(10)).unwrap();
    budgets.settle(held, tokens(4));
    assert_eq!(*budgets.account("narrow").unwrap(), Account { budget: budget(10), spent: tokens(4), ..Account::default() });
    assert_eq!(budgets.account("free"), None);
    assert_eq!(budgets.forget("narrow").unwrap().spent, tokens(4));
}

#[test]
fn a_reservation_that_is_revised_keeps_what_it_had_where_there_is_no_more() {
    let mut budgets = Budgets::default();
    budgets.set("a".into(), budget(10));
    let mut held = budgets.reserve(&scopes(&["a"]), tokens(6)).unwrap();
    budgets.revise(&mut held, tokens(10)).unwrap();
    assert_eq!(budgets.revise(&mut held, tokens(11)).unwrap_err().reserved, 0);
    assert_eq!((held.estimate(), budgets.account("a").unwrap().reserved), (tokens(10), tokens(10)));
}

#[derive(Debug, Clone)]
enum Move {
    Reserve(Vec<usize>, u64),
    /// A share of what was reserved is what was used.
    Settle(prop::sample::Index, u64),
    Release(prop::sample::Index),
    Revise(prop::sample::Index, u64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let any_index = any::<prop::sample::Index>;
    let one = prop_oneof![
        4 => (vec(0..4usize, 0..4), 1..40u64).prop_map(|(scopes, amount)| Move::Reserve(scopes, amount)),
        2 => (any_index(), 0..=100u64).prop_map(|(which, percent)| Move::Settle(which, percent)),
        1 => any_index().prop_map(Move::Release),
        1 => (any_index(), 1..40u64).prop_map(|(which, amount)| Move::Revise(which, amount)),
    ];
    vec(one, 1..200)
}

fn spend(amount: u64) -> Spend {
    Spend { usd_nanos: amount * 3, tokens: amount, calls: 1 }
}

proptest! {
    #[test]
    fn what_is_spent_and_reserved_never_exceeds_a_budget(moves in moves()) {
        let names = ["a", "b", "c", "d"];
        let limits = [budget(100), Budget { usd_nanos: Some(500), ..Budget::default() }, Budget { calls: Some(7), ..budget(1000) }, budget(33)];
        let mut budgets = Budgets::default();
        for (name, limit) in names.iter().zip(limits) {
            budgets.set((*name).into(), limit);
        }
        let mut held: Vec<(BudgetReservation, Vec<usize>)> = Vec::new();
        let mut spent = [Spend::default(); 4];
        for step in moves {
            match step {
                Move::Reserve(which, amount) => {
                    let named: Vec<&str> = which.iter().map(|index| names[*index]).collect();
                    if let Ok(reservation) = budgets.reserve(&scopes(&named), spend(amount)) {
                        held.push((reservation, which));
                    }
                }
                Move::Revise(which, amount) if !held.is_empty() => {
                    let index = which.index(held.len());
                    let _ = budgets.revise(&mut held[index].0, spend(amount));
                }
                Move::Settle(which, percent) if !held.is_empty() => {
                    let (reservation, mut named) = held.swap_remove(which.index(held.len()));
                    let actual = spend(reservation.estimate().tokens * percent / 100);
                    budgets.settle(reservation, actual);
                    named.sort_unstable();
                    named.dedup();
                    for index in named {
                        let sum = &mut spent[index];
                        *sum = Spend { usd_nanos: sum.usd_nanos + actual.usd_nanos, tokens: sum.tokens + actual.tokens, calls: sum.calls + 1 };
                    }
                }
                Move::Release(which) if !held.is_empty() => budgets.release(held.swap_remove(which.index(held.len())).0),
                Move::Revise(..) | Move::Settle(..) | Move::Release(_) => {}
            }
            for (name, (limit, spent)) in names.iter().zip(limits.iter().zip(spent)) {
                let account = budgets.account(name).unwrap();
                prop_assert_eq!(account.spent, spent);
                let sums = [
                    (limit.usd_nanos, account.spent.usd_nanos + account.reserved.usd_nanos),
                    (limit.tokens, account.spent.tokens + account.reserved.tokens),
                    (limit.calls, account.spent.calls + account.reserved.calls),
                ];
                prop_assert!(sums.iter().all(|(limit, sum)| limit.is_none_or(|limit| *sum <= limit)), "{} {:?}", name, account);
            }
        }
        while let Some((reservation, _)) = held.pop() {
            budgets.release(reservation);
        }
        for name in names {
            prop_assert_eq!(budgets.account(name).unwrap().reserved, Spend::default());
        }
    }
}

#[test]
fn a_window_begins_anew_and_what_is_under_way_is_paid_in_the_next() {
    let day = |day: u64, hours: u64| Timestamp::from_micros((day * 24 + hours) * 3_600_000_000);
    let mut budgets = Budgets::default();
    budgets.pass(day(10, 23));
    budgets.set("day".into(), Budget { per: Some(Per::Day), ..budget(10) });
    let first = budgets.reserve(&scopes(&["day"]), tokens(6)).unwrap();
    budgets.settle(first, tokens(6));
    let across = budgets.reserve(&scopes(&["day"]), tokens(4)).unwrap();
    let exceeded = budgets.reserve(&scopes(&["day"]), tokens(1)).unwrap_err();
    assert_eq!((exceeded.spent, exceeded.until), (6, Some(day(11, 0))));
    assert!(exceeded.to_string().contains("4 tokens reserved; it begins anew at 1970-01-12T00:00:00Z; raise"), "{exceeded}");
    budgets.pass(day(11, 0));
    let next = budgets.reserve(&scopes(&["day"]), tokens(6)).unwrap();
    assert!(budgets.reserve(&scopes(&["day"]), tokens(1)).is_err(), "what is under way is reserved still");
    budgets.settle(across, tokens(3));
    budgets.settle(next, tokens(6));
    let windows = budgets.windows();
    let both = Spend { calls: 2, ..tokens(9) };
    assert_eq!((windows[0].spent, windows[0].start, windows[0].end), (both, day(11, 0).micros(), day(12, 0).micros()));
    // Another process takes up what was spent, if that was today.
    for (now, spent) in [(day(11, 5), both), (day(12, 0), Spend::default())] {
        let mut other = Budgets::default();
        other.pass(now);
        other.set("day".into(), Budget { per: Some(Per::Day), ..budget(10) });
        other.restore(&"day".into(), Timestamp::from_micros(windows[0].start), windows[0].spent);
        assert_eq!(other.windows()[0].spent, spent);
    }
}
