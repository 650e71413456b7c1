// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The requests that wait for one target, in the order in which they are served.
//!
//! Those of one priority come in that order, but for a clock that is told otherwise, and leave in front. So there is a list for each: to add behind and
//! take in front moves nothing else. One that is withdrawn leaves its place empty; when half of a list is empty places, they are removed.

use super::rank::{Class, Rank};
use std::collections::{BTreeMap, VecDeque};
use std::mem;

/// `T`: what is known of each.
#[derive(Debug)]
pub(super) struct Line<T> {
    /// Who is served first, with those of the same class: as a rule there is no other, and it is found without a search.
    front: Option<(Class, List<T>)>,
    /// Those behind. Each has somebody in front.
    lists: BTreeMap<Class, List<T>>,
    /// A list that ran empty: its room is used again.
    spare: List<T>,
}

#[derive(Debug)]
struct List<T> {
    /// In the order of the ranks.
    places: VecDeque<(Rank, Option<T>)>,
    /// How many of them are empty.
    empty: usize,
}

/// Beyond it a list that ran empty gives its room back.
const SPARE_MAX: usize = 16_384;

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { front: None, lists: BTreeMap::new(), spare: List::default() }
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { places: VecDeque::new(), empty: 0 }
    }
}

impl<T> Line<T> {
    /// Who is served first.
    pub(super) fn first(&self) -> Option<(Rank, &T)> {
        let (_, list) = self.front.as_ref()?;
        let (rank, value) = list.places.front()?;
        Some((*rank, value.as_ref()?))
    }

    pub(super) fn insert(&mut self, rank: Rank, value: T) {
        let Self { front, lists, spare } = self;
        let class = rank.class();
        if front.as_ref().is_none_or(|(first, _)| class < *first)
            && let Some((behind, list)) = front.replace((class, mem::take(spare)))
        {
            lists.insert(behind, list);
        }
        let list = match front {
            Some((first, list)) if *first == class => list,
            _ => lists.entry(class).or_insert_with(|| mem::take(spare)),
        };
        list.insert(rank, value);
    }

    pub(super) fn pop_first(&mut self) -> Option<T> {
        let (class, list) = self.front.as_mut()?;
        let (_, value) = list.places.pop_front()?;
        if list.tidy() {
            let class = *class;
            self.drop_list(class);
        }
        value
    }

    pub(super) fn remove(&mut self, rank: Rank) -> Option<T> {
        let list = self.list_mut(rank.class())?;
        let value = list.find(rank)?.take()?;
        list.empty += 1;
        if list.tidy() {
            self.drop_list(rank.class());
        }
        Some(value)
    }

    pub(super) fn get(&self, rank: Rank) -> Option<&T> {
        let class = rank.class();
        let list = self.front.as_ref().filter(|(first, _)| *first == class).map(|(_, list)| list).or_else(|| self.lists.get(&class))?;
        let place = list.place_of(rank);
        list.places.get(place).filter(|(found, _)| *found == rank)?.1.as_ref()
    }

    pub(super) fn get_mut(&mut self, rank: Rank) -> Option<&mut T> {
        self.list_mut(rank.class())?.find(rank)?.as_mut()
    }

    /// All that wait, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Rank, &T)> {
        let lists = self.front.iter().map(|(_, list)| list).chain(self.lists.values());
        lists.flat_map(|list| &list.places).filter_map(|(rank, value)| Some((*rank, value.as_ref()?)))
    }

    fn list_mut(&mut self, class: Class) -> Option<&mut List<T>> {
        match &mut self.front {
            Some((first, list)) if *first == class => Some(list),
            _ => self.lists.get_mut(&class),
        }
    }

    /// Nobody of a class is left. The room of its list is for the next.
    fn drop_list(&mut self, class: Class) {
        let list = if self.front.as_ref().is_some_and(|(first, _)| *first == class) {
            mem::replace(&mut self.front, self.lists.pop_first()).map(|(_, list)| list)
        } else {
            self.lists.remove(&class)
        };
        if let Some(list) = list.filter(|list| list.places.capacity() <= SPARE_MAX) {
            self.spare = list;
        }
    }
}

impl<T> List<T> {
    fn insert(&mut self, rank: Rank, value: T) {
        if self.places.back().is_none_or(|(last, _)| *last < rank) {
            return self.places.push_back((rank, Some(value)));
        }
        let place = self.place_of(rank);
        self.places.insert(place, (rank, Some(value)));
    }

    /// Where it is, or would be.
    fn place_of(&self, rank: Rank) -> usize {
        self.places.partition_point(|(other, _)| *other < rank)
    }

    fn find(&mut self, rank: Rank) -> Option<&mut Option<T>> {
        let place = self.place_of(rank);
        self.places.get_mut(place).filter(|(found, _)| *found == rank).map(|(_, value)| value)
    }

    /// Whoever is first stands in front from now on. Whether nobody is left: a list without anybody is none.
    fn tidy(&mut self) -> bool {
        while let Some((_, None)) = self.places.front() {
            self.places.pop_front();
            self.empty -= 1;
        }
        if self.empty * 2 > self.places.len() {
            self.places.retain(|(_, value)| value.is_some());
            self.empty = 0;
        }
        self.places.is_empty()
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
                    line.insert(rank, arrival);
                    tree.insert(rank, arrival);
                }
                act if act < comes + 2 => {
                    let nth = usize::try_from(draw(tree.len().max(1) as u64)).unwrap_or_default();
                    if let Some(rank) = tree.keys().nth(nth).copied() {
                        assert_eq!(line.get_mut(rank).copied(), tree.get(&rank).copied());
                        assert_eq!(line.remove(rank), tree.remove(&rank));
                        assert_eq!((line.remove(rank), line.get_mut(rank)), (None, None));
                    }
                }
                _ => assert_eq!(line.pop_first(), tree.pop_first().map(|(_, number)| number)),
            }
            assert_eq!(line.first(), tree.first_key_value().map(|(rank, number)| (*rank, number)));
            if arrival % 100 == 0 {
                assert!(line.iter().eq(tree.iter().map(|(rank, number)| (*rank, number))));
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
        line.insert(rank(false, 0, 0, 0), 0);
        for arrival in 1..100_000 {
            let rank = rank(false, 0, arrival, arrival);
            line.insert(rank, 1);
            line.remove(rank);
        }
        assert!(line.front.as_ref().is_some_and(|(_, list)| list.places.len() <= 2) && line.lists.is_empty());
        assert_eq!(line.pop_first(), Some(0));
        assert!(line.front.is_none());
    }
}
