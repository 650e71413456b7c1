// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Calls that were made again with the same input.

use crate::Outcome;
use crate::trace::{Micros, TaskNumber, Trace};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What repeats of a task.
#[derive(Debug, Default)]
pub struct Repeats {
    /// Instances whose input had been seen: by execution and number.
    pub hits: BTreeSet<(Arc<str>, TaskNumber)>,
    /// Instances whose input is known.
    pub known: usize,
    /// Repeats that gave something else than the first, or of which that is not known.
    pub other_output: usize,
}

/// The instances of a task that an output which was there when they became ready would have stood in for.
pub fn repeats(traces: &[Trace], task: &str) -> Repeats {
    let mut repeats = Repeats::default();
    let instances = traces.iter().flat_map(|trace| trace.tasks.iter().enumerate().map(move |(number, task)| (trace, number, task)));
    let mut ran: Vec<_> = instances
        .filter(|(_, _, one)| *one.id == *task)
        .filter_map(|(trace, number, one)| {
            let attempt = one.attempts.last()?;
            Some((attempt.ready, one.ended.at, attempt.print?, trace, number, one))
        })
        .collect();
    ran.sort_by_key(|(ready, ..)| *ready);
    // By print: when the first output was there, and which that is.
    let mut firsts: BTreeMap<u64, (Micros, Option<u64>)> = BTreeMap::new();
    for (ready, ended, print, trace, number, one) in ran {
        repeats.known += 1;
        match firsts.get_mut(&print) {
            Some((there, output)) if *there <= ready => {
                repeats.hits.insert((Arc::clone(&trace.execution), number));
                repeats.other_output += usize::from(one.output.is_none() || one.output != *output);
            }
            first if one.outcome == Some(Outcome::Completed) => match first {
                Some(earlier) if earlier.0 > ended => *earlier = (ended, one.output),
                Some(_) => {}
                None => _ = firsts.insert(print, (ended, one.output)),
            },
            _ => {}
        }
    }
    repeats
}
