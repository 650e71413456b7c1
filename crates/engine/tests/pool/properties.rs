// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What holds for every pool, whatever happens to it. `PROPTEST_CASES` says how many are tried.

use crate::model::Model;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Something that happens. To whom depends on who there is then.
#[derive(Clone, Debug)]
pub(crate) enum Move {
    Ask {
        target: Index,
        priority: i32,
        urgent: bool,
        key: Option<u64>,
        early: bool,
    },
    /// An instance that was asked for is there, or could not be made.
    Make {
        which: Index,
        well: bool,
        fatal: bool,
    },
    Release(Index),
    Decline(Index),
    Leak(Index),
    Lend(Index),
    Reclaim(Index),
    /// One that lent its place, or wants it back, ends or is given up.
    Retake {
        which: Index,
        leaks: bool,
    },
    Check {
        which: Index,
        healthy: bool,
    },
    Lose(Index),
    Dispose(Index),
    Withdraw(Index),
    Forget,
    Wait(u64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let which = any::<Index>;
    let ask = (which(), select(vec![0, 0, 0, 1, 5]), prop::bool::weighted(0.1), prop::option::weighted(0.3, 0..4_u64), any::<bool>());
    let one = prop_oneof![
        12 => ask.prop_map(|(target, priority, urgent, key, early)| Move::Ask { target, priority, urgent, key, early }),
        8 => (which(), prop::bool::weighted(0.8), prop::bool::weighted(0.2)).prop_map(|(which, well, fatal)| Move::Make { which, well, fatal }),
        8 => which().prop_map(Move::Release),
        1 => which().prop_map(Move::Decline),
        1 => which().prop_map(Move::Leak),
        2 => which().prop_map(Move::Lend),
        2 => which().prop_map(Move::Reclaim),
        1 => (which(), any::<bool>()).prop_map(|(which, leaks)| Move::Retake { which, leaks }),
        2 => (which(), any::<bool>()).prop_map(|(which, healthy)| Move::Check { which, healthy }),
        1 => which().prop_map(Move::Lose),
        2 => which().prop_map(Move::Dispose),
        2 => which().prop_map(Move::Withdraw),
        1 => Just(Move::Forget),
        3 => select(vec![1, 100, 700, 5_000, 40_000]).prop_map(Move::Wait),
    ];
    vec(one, 0..150)
}

/// Types and agents as `words::add` reads them.
fn setup() -> impl Strategy<Value = Vec<String>> {
    let reserve = select(vec!["", "", " reserve 1 from 5"]);
    let checked = select(vec!["", " checked"]);
    let types = vec((0..3_u32, 1..5_u32, 1..4_u32, reserve, checked), 1..3);
    let limits = select(vec!["", "", " limit 2", " rate 3 per 1s", " limit 3 rate 1 per 5s"]);
    let agents = vec((any::<Index>(), select(vec!["", " can gpu", " can gpu,fast"]), limits), 0..4);
    (select(vec![(100, 50), (80, 40), (50, 50)]), types, agents).prop_map(|((up, down), types, agents)| {
        let mut lines = vec![format!("policy up {up} down {down} check 10s")];
        for (number, (min, max, holds, reserve, checked)) in types.iter().enumerate() {
            lines.push(format!("type t{number} min {min} max {max} holds {holds}{reserve}{checked}"));
        }
        for (number, (of, can, limits)) in agents.iter().enumerate() {
            lines.push(format!("agent x{number} of t{}{can}{limits}", of.index(types.len())));
        }
        lines
    })
}

/// See `Model` for what is looked at after each move, and at the end.
#[test]
fn a_pool_keeps_its_promises() {
    let cases = ProptestConfig::default().cases * 2;
    let config = ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::default() };
    proptest!(config, |(setup in setup(), moves in moves())| {
        let mut model = Model::new(&setup);
        for one in &moves {
            model.play(one);
        }
        model.end();
    });
}
