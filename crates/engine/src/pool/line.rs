// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The requests that wait for one target, in the order in which they are served.
//!
//! Those of one priority come in that order, but for a clock that is told otherwise, and leave in front. So there is a list for each: to add behind and
//! take in front moves nothing else. One that is withdrawn leaves its place empty; when half of a list is empty places, they are removed.

use super::rank::{Class, Number, Rank};
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug, Default)]
pub(super) struct Line {
    /// Each has somebody in front.
    lists: BTreeMap<Class, List>,
    /// A list that ran empty: its room is used again.
    spare: List,
}

#[derive(Debug, Default)]
struct List {
    /// In the order of the ranks.
    places: VecDeque<(Rank, Option<Number>)>,
    /// How many of them are empty.
    empty: usize,
}

/// Beyond it a list that ran empty gives its room back.
const SPARE_MAX: usize = 4096;

impl Line {
    /// Who is served first.
    pub(super) fn first(&self) -> Option<(Rank, Number)> {
        let (_, list) = self.lists.first_key_value()?;
        let (rank, number) = list.places.front()?;
        Some((*rank, (*number)?))
    }

    pub(super) fn insert(&mut self, rank: Rank, number: Number) {
        let Self { lists, spare } = self;
        let places = &mut lists.entry(rank.class()).or_insert_with(|| std::mem::take(spare)).places;
        if places.back().is_none_or(|(last, _)| *last < rank) {
            return places.push_back((rank, Some(number)));
        }
        let place = places.partition_point(|(other, _)| *other < rank);
        places.insert(place, (rank, Some(number)));
    }

    pub(super) fn pop_first(&mut self) -> Option<Number> {
        let (rank, _) = self.first()?;
        let list = self.lists.get_mut(&rank.class())?;
        let (_, number) = list.places.pop_front()?;
        self.tidy(rank);
        number
    }

    pub(super) fn remove(&mut self, rank: Rank) {
        let Some(list) = self.lists.get_mut(&rank.class()) else { return };
        let place = list.places.partition_point(|(other, _)| *other < rank);
        if let Some((found, number)) = list.places.get_mut(place)
            && *found == rank
            && number.take().is_some()
        {
            list.empty += 1;
        }
        self.tidy(rank);
    }

    /// All that wait, in order.
    pub(super) fn numbers(&self) -> impl Iterator<Item = Number> {
        self.lists.values().flat_map(|list| &list.places).filter_map(|(_, number)| *number)
    }

    /// Whoever is first in a list stands in front of it, and a list without anybody is none.
    fn tidy(&mut self, rank: Rank) {
        let Some(list) = self.lists.get_mut(&rank.class()) else { return };
        while let Some((_, None)) = list.places.front() {
            list.places.pop_front();
            list.empty -= 1;
        }
        if list.empty * 2 > list.places.len() {
            list.places.retain(|(_, number)| number.is_some());
            list.empty = 0;
        }
        if list.places.is_empty()
            && let Some(list) = self.lists.remove(&rank.class())
            && list.places.capacity() <= SPARE_MAX
        {
            self.spare = list;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{Request, TargetIndex};
    use stdx::Timestamp;

    fn rank(urgent: bool, priority: i32, ready: u64, arrival: u64) -> Rank {
        let ready = Timestamp::from_micros(ready);
        let request = Request { target: TargetIndex::new(0), slot: 0, task: 0, priority, urgent, affinity: None, ready, lane: None };
        Rank::new(&request, arrival)
    }

    #[test]
    fn it_keeps_the_order_of_a_tree_whatever_comes_and_goes() {
        let (mut line, mut tree) = (Line::default(), BTreeMap::new());
        let mut seed = 7_u64;
        let mut draw = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for arrival in 0..20_000_u32 {
            // More come than go for a while, and then more go than come.
            let comes = if arrival % 4000 < 2000 { 7 } else { 3 };
            match draw(10) {
                act if act < comes => {
                    let late = if draw(20) == 0 { draw(50) } else { 0 };
                    let priority = i32::try_from(draw(3)).unwrap_or_default();
                    let rank = rank(draw(50) == 0, priority, u64::from(arrival / 3).saturating_sub(late), arrival.into());
                    line.insert(rank, Number(arrival));
                    tree.insert(rank, Number(arrival));
                }
                act if act < comes + 2 => {
                    let nth = usize::try_from(draw(tree.len().max(1) as u64)).unwrap_or_default();
                    if let Some(rank) = tree.keys().nth(nth).copied() {
                        line.remove(rank);
                        tree.remove(&rank);
                        line.remove(rank);
                    }
                }
                _ => assert_eq!(line.pop_first(), tree.pop_first().map(|(_, number)| number)),
            }
            assert_eq!(line.first(), tree.first_key_value().map(|(rank, number)| (*rank, *number)));
            if arrival % 100 == 0 {
                assert!(line.numbers().eq(tree.values().copied()));
            }
        }
    }

    #[test]
    fn the_urgent_and_then_the_higher_priorities_go_first() {
        let priorities = [i32::MAX, 1, 0, -1, i32::MIN];
        let ranks = [true, false].map(|urgent| priorities.map(|priority| rank(urgent, priority, 0, 0)));
        assert!(ranks.iter().flatten().is_sorted());
        assert!(ranks.map(|half| half.map(|rank| rank.priority())).into_iter().all(|half| half == priorities));
        assert_eq!(ranks.map(|half| half.iter().filter(|rank| rank.is_urgent()).count()), [5, 0]);
        assert!(rank(false, 0, 1, 0) > rank(false, 0, 0, 9) && rank(false, 0, 1, 1) > rank(false, 0, 1, 0));
    }

    #[test]
    fn those_that_are_withdrawn_behind_one_that_stays_leave_no_room_taken() {
        let mut line = Line::default();
        line.insert(rank(false, 0, 0, 0), Number(0));
        for arrival in 1..100_000 {
            let rank = rank(false, 0, arrival, arrival);
            line.insert(rank, Number(1));
            line.remove(rank);
        }
        assert!(line.lists.values().all(|list| list.places.len() <= 2));
        assert_eq!(line.pop_first(), Some(Number(0)));
        assert!(line.lists.is_empty());
    }
}
