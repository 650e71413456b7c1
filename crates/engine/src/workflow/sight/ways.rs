// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What came before what in a list, and what of it has certainly completed.
//!
//! A definition may have a hundred thousand tasks that all look back, so nobody walks back from each: the tasks that are looked at are taken 64 at a
//! time, and one pass over the part of the list between them and their readers carries a bit for each.

#![expect(clippy::indexing_slicing, reason = "every slice here has as many places as its list has tasks")]

use super::super::arranged::Arranged;
use crate::plan::{ListIndex, PlannedTask, TaskKind};
use crate::{TaskIndex, TriggerRule};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Whether `wanted` comes before `reader`, a sibling of it.
pub(super) struct Question {
    pub(super) list: ListIndex,
    pub(super) reader: TaskIndex,
    pub(super) wanted: TaskIndex,
}

#[derive(Clone, Copy)]
pub(super) struct Answer {
    pub(super) before: bool,
    /// Whether it has an output whenever the reader runs.
    pub(super) completed: bool,
}

pub(super) struct Ways<'a> {
    arranged: &'a Arranged,
    lists: FxHashMap<u32, Siblings>,
}

/// What is known of the tasks of one list, by their places in it.
struct Siblings {
    /// Number of the first task.
    base: u32,
    /// Places such that every task stands after what it depends on; empty if there is a cycle.
    order: Vec<u32>,
    /// The other way round: where each place is in the order.
    rank: Vec<u32>,
    /// Whether the task may be skipped though nothing failed, itself or because of what is before it.
    skips: Vec<bool>,
}

/// Of one task, for each of 64 others: what is certain.
#[derive(Clone, Copy, Default)]
struct Certain {
    /// It came before.
    before: u64,
    /// It completed if this task runs.
    runs: u64,
    /// It completed if this task does not count as failed.
    fine: u64,
    /// It completed if this task succeeded.
    succeeds: u64,
}

impl<'a> Ways<'a> {
    pub(super) fn of(arranged: &'a Arranged) -> Self {
        Self { arranged, lists: FxHashMap::default() }
    }

    /// Whether a task of this list may be skipped though nothing failed.
    pub(super) fn may_be_skipped(&mut self, list: ListIndex, task: TaskIndex) -> bool {
        let siblings = self.siblings(list);
        siblings.skips.get(task.get().wrapping_sub(siblings.base) as usize).copied().unwrap_or(false)
    }

    /// The answers, in the order of the questions. In a list with a cycle, which is reported as that, everything is before and completed.
    pub(super) fn answer(mut self, questions: &[Question]) -> Vec<Answer> {
        let mut answers = vec![Answer { before: true, completed: true }; questions.len()];
        let mut lists: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (at, question) in questions.iter().enumerate() {
            lists.entry(question.list.0).or_default().push(at);
        }
        for (list, mut asked) in lists {
            let arranged = self.arranged;
            let siblings = self.siblings(ListIndex(list));
            if siblings.order.is_empty() {
                continue;
            }
            let rank = |task: TaskIndex| siblings.rank[(task.get() - siblings.base) as usize];
            asked.sort_unstable_by_key(|at| (rank(questions[*at].wanted), *at));
            let mut known = vec![Certain::default(); siblings.order.len()];
            // As many questions as are about 64 tasks.
            for batch in batches(&asked, |at| questions[at].wanted) {
                let bits = bits_of(batch, |at| questions[at].wanted);
                let first = batch.first().map_or(0, |at| rank(questions[*at].wanted));
                let last = batch.iter().map(|at| rank(questions[*at].reader)).max().unwrap_or(0);
                siblings.carry(arranged, &bits, first..last.saturating_add(1), &mut known);
                for at in batch {
                    let Question { reader, wanted, .. } = questions[*at];
                    let bit = bits.get(&wanted).copied().unwrap_or(0);
                    // What stands earlier in the order was not carried to: nothing comes before it.
                    let certain = if rank(reader) > first { known[rank(reader) as usize] } else { Certain::default() };
                    answers[*at] = Answer { before: certain.before & bit != 0, completed: certain.runs & bit != 0 };
                }
            }
        }
        answers
    }

    fn siblings(&mut self, list: ListIndex) -> &Siblings {
        let arranged = self.arranged;
        self.lists.entry(list.0).or_insert_with(|| Siblings::of(arranged, list))
    }
}

/// Runs of `asked`, which is sorted by what is wanted, with at most 64 different tasks wanted in each.
fn batches(asked: &[usize], wanted: impl Fn(usize) -> TaskIndex) -> Vec<&[usize]> {
    let mut batches = Vec::new();
    let (mut start, mut different) = (0, 0);
    for (at, question) in asked.iter().enumerate() {
        let is_new = at == 0 || wanted(asked[at - 1]) != wanted(*question);
        if is_new && different == 64 {
            batches.push(&asked[start..at]);
            (start, different) = (at, 0);
        }
        different += u32::from(is_new);
    }
    batches.push(&asked[start..]);
    batches
}

fn bits_of(batch: &[usize], wanted: impl Fn(usize) -> TaskIndex) -> FxHashMap<TaskIndex, u64> {
    let mut bits = FxHashMap::default();
    for at in batch {
        let next = 1_u64.checked_shl(u32::try_from(bits.len()).unwrap_or(u32::MAX)).unwrap_or(0);
        bits.entry(wanted(*at)).or_insert(next);
    }
    bits
}

impl Siblings {
    fn of(arranged: &Arranged, list: ListIndex) -> Self {
        let base = arranged.lists.get(list.0 as usize).map_or(0, |list| list.tasks.start);
        let order = arranged.orders.get(list.0 as usize).cloned().unwrap_or_default();
        let mut siblings = Self { base, rank: vec![0; order.len()], skips: vec![false; order.len()], order };
        for (rank, place) in (0_u32..).zip(&siblings.order) {
            siblings.rank[*place as usize] = rank;
        }
        for place in &siblings.order {
            let task = &arranged.tasks[TaskIndex::new(base + place)];
            siblings.skips[*place as usize] = skips_itself(task) || siblings.skips_by_rule(task);
        }
        siblings
    }

    fn place(&self, task: TaskIndex) -> usize {
        (task.get() - self.base) as usize
    }

    /// Whether a task whose dependencies did not fail may still be kept from running by its rule.
    fn skips_by_rule(&self, task: &PlannedTask) -> bool {
        let mut skips = task.dependencies.iter().map(|earlier| self.skips[self.place(*earlier)]);
        match task.rule {
            _ if task.dependencies.is_empty() => false,
            TriggerRule::NoneFailed | TriggerRule::AllDone => false,
            TriggerRule::NoneFailedMinOneSuccess | TriggerRule::OneSuccess => skips.all(|skips| skips),
            TriggerRule::AllSuccess => skips.any(|skips| skips),
            TriggerRule::AllFailed | TriggerRule::OneFailed => true,
        }
    }

    /// What is certain of the tasks with a bit, for every task whose rank is in `ranks`.
    fn carry(&self, arranged: &Arranged, bits: &FxHashMap<TaskIndex, u64>, ranks: std::ops::Range<u32>, known: &mut [Certain]) {
        for rank in ranks.clone() {
            let index = TaskIndex::new(self.base + self.order[rank as usize]);
            let task = &arranged.tasks[index];
            let bit = bits.get(&index).copied().unwrap_or(0);
            let earlier = task.dependencies.iter().map(|earlier| {
                let (earlier, rank) = (*earlier, self.rank[self.place(*earlier)]);
                // What stands before the first task with a bit is certain of none.
                let certain = if rank < ranks.start { Certain::default() } else { known[rank as usize] };
                (bits.get(&earlier).copied().unwrap_or(0), certain)
            });
            let (mut before, mut succeeded, mut fine) = (0, 0, 0);
            // If one of none succeeded, nothing is certain of all of them.
            let mut one_succeeded = if task.dependencies.is_empty() { 0 } else { u64::MAX };
            for (bit, certain) in earlier {
                before |= bit | certain.before;
                succeeded |= certain.succeeds;
                fine |= certain.fine;
                one_succeeded &= certain.succeeds;
            }
            let runs = match task.rule {
                TriggerRule::AllSuccess => succeeded,
                TriggerRule::NoneFailedMinOneSuccess => fine | one_succeeded,
                TriggerRule::NoneFailed => fine,
                TriggerRule::OneSuccess => one_succeeded,
                TriggerRule::AllDone | TriggerRule::AllFailed | TriggerRule::OneFailed => 0,
            };
            let succeeds = if task.is_tolerant() { runs } else { runs | bit };
            let mut own_fine = succeeds;
            if skips_itself(task) {
                own_fine &= runs;
            }
            if self.skips_by_rule(task) {
                own_fine &= if matches!(task.rule, TriggerRule::AllFailed | TriggerRule::OneFailed) { 0 } else { fine };
            }
            known[rank as usize] = Certain { before, runs, fine: own_fine, succeeds };
        }
    }
}

/// Whether a task whose rule lets it run may still be skipped.
fn skips_itself(task: &PlannedTask) -> bool {
    !task.conditions.is_empty() || matches!(task.kind, TaskKind::Choice { fails_without: false, .. })
}
