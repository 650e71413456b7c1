// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Runs a program over a text. What was tried in vain, at which operation and where, is remembered: no such thing is tried twice, so that the
//! time is bounded by the two lengths multiplied.

use super::program::{Operation, Program};
use super::sets;
use crate::meter;
use rustc_hash::FxHashSet;

/// Where it stands: an operation, a place in the text, and what was noted on the way.
#[derive(Clone)]
struct State {
    at: usize,
    place: usize,
    notes: Vec<Option<usize>>,
}

enum Tried {
    /// One bit for each operation and place.
    Bits(Vec<u64>),
    /// What was noted makes a difference where something refers back.
    Noted(FxHashSet<(usize, usize, Vec<Option<usize>>)>),
}

struct Search<'a> {
    program: &'a Program,
    text: &'a [char],
    tried: Tried,
    /// What was tried within looks around, whose success must be forgotten.
    trail: Vec<State>,
    /// How many looks around it is within.
    within: usize,
}

impl Program {
    /// More bits than this are no memory but a burden.
    const BITS_MAX: usize = 1 << 24;

    /// Whether it is found anywhere in `text`; false too where the meter has run out.
    pub(super) fn find(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let bits = self.operations.len().saturating_mul(text.len() + 1);
        let tried = match self.notes {
            0 if bits > Self::BITS_MAX => return meter::exhaust(),
            0 => {
                meter::charge(bits / 4096);
                Tried::Bits(vec![0; bits / 64 + 1])
            }
            _ => Tried::Noted(FxHashSet::default()),
        };
        let mut search = Search { program: self, text: &text, tried, trail: Vec::new(), within: 0 };
        (0..=text.len()).any(|place| search.run(State { at: 0, place, notes: vec![None; self.notes] }).is_some())
    }
}

impl Search<'_> {
    /// Where it ends, if it is found from here.
    fn run(&mut self, from: State) -> Option<State> {
        let mut open = vec![from];
        while let Some(mut state) = open.pop() {
            // One state takes as long as some looks at a value, and longer to remember with what it noted.
            if !self.is_new(&state) || !meter::charge(if self.program.notes == 0 { 2 } else { 24 }) {
                continue;
            }
            match self.program.operations.get(state.at)? {
                Operation::Found => return Some(state),
                Operation::Read { set, backward } => {
                    let letter = self.letter(state.place, *backward);
                    if !letter.is_some_and(|letter| sets::contains(set, letter)) {
                        continue;
                    }
                    state.place = if *backward { state.place - 1 } else { state.place + 1 };
                }
                Operation::Start if state.place == 0 => {}
                Operation::End if state.place == self.text.len() => {}
                Operation::Word { boundary } if self.is_boundary(state.place) == *boundary => {}
                Operation::Start | Operation::End | Operation::Word { .. } => continue,
                Operation::Either { first, other } => {
                    open.push(State { at: *other, ..state.clone() });
                    open.push(State { at: *first, ..state });
                    continue;
                }
                Operation::Jump(to) => {
                    open.push(State { at: *to, ..state });
                    continue;
                }
                Operation::Around { wanted, behind } => {
                    let found = self.look_around(State { at: state.at + 1, ..state.clone() });
                    if found.is_some() != *wanted {
                        continue;
                    }
                    let notes = found.map_or(state.notes, |found| found.notes);
                    open.push(State { at: *behind, place: state.place, notes });
                    continue;
                }
                Operation::Note(note) => set(&mut state.notes, *note, Some(state.place)),
                Operation::Forget(note) => {
                    set(&mut state.notes, *note, None);
                    set(&mut state.notes, *note + 1, None);
                }
                Operation::Again { from, to, backward } => match self.again(&state, *from, *to, *backward) {
                    Some(place) => state.place = place,
                    None => continue,
                },
            }
            open.push(State { at: state.at + 1, ..state });
        }
        None
    }

    /// What is tried in vain within stays remembered. After a success none of it was in vain.
    fn look_around(&mut self, from: State) -> Option<State> {
        let before = self.trail.len();
        self.within += 1;
        let found = self.run(from);
        self.within -= 1;
        if found.is_some() {
            for state in self.trail.split_off(before) {
                self.forget(state);
            }
        }
        if self.within == 0 {
            self.trail.clear();
        }
        found
    }

    fn bit(&self, state: &State) -> (usize, u64) {
        let index = state.at * (self.text.len() + 1) + state.place;
        (index / 64, 1 << (index % 64))
    }

    fn is_new(&mut self, state: &State) -> bool {
        let (word, bit) = self.bit(state);
        let new = match &mut self.tried {
            Tried::Bits(bits) => bits.get_mut(word).is_some_and(|word| {
                let new = *word & bit == 0;
                *word |= bit;
                new
            }),
            Tried::Noted(noted) => noted.insert((state.at, state.place, state.notes.clone())),
        };
        if new && self.within > 0 {
            self.trail.push(state.clone());
        }
        new
    }

    fn forget(&mut self, state: State) {
        let (word, bit) = self.bit(&state);
        match &mut self.tried {
            Tried::Bits(bits) => {
                if let Some(word) = bits.get_mut(word) {
                    *word &= !bit;
                }
            }
            Tried::Noted(noted) => {
                noted.remove(&(state.at, state.place, state.notes));
            }
        }
    }

    fn letter(&self, place: usize, backward: bool) -> Option<char> {
        let place = if backward { place.checked_sub(1)? } else { place };
        self.text.get(place).copied()
    }

    fn is_boundary(&self, place: usize) -> bool {
        let word = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        word(self.letter(place, true)) != word(self.letter(place, false))
    }

    /// Where it is after what was noted is read again.
    fn again(&self, state: &State, from: usize, to: usize, backward: bool) -> Option<usize> {
        let noted = |note: usize| state.notes.get(note).copied().flatten();
        let (Some(from), Some(to)) = (noted(from), noted(to)) else { return Some(state.place) };
        let earlier = self.text.get(from..to)?;
        meter::charge(earlier.len() / 8);
        let (begin, end) =
            if backward { (state.place.checked_sub(earlier.len())?, state.place) } else { (state.place, state.place + earlier.len()) };
        (self.text.get(begin..end)? == earlier).then_some(if backward { begin } else { end })
    }
}

fn set(notes: &mut [Option<usize>], note: usize, to: Option<usize>) {
    if let Some(noted) = notes.get_mut(note) {
        *noted = to;
    }
}
