// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A pattern as a list of operations.

use super::parse::Node;
use super::sets::Set;
use super::{Pattern, Unusable};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One operation. `backward` ones read what stands before, as those do that look behind.
#[derive(Debug)]
pub(super) enum Operation {
    Read {
        set: Arc<Set>,
        backward: bool,
    },
    Start,
    End,
    Word {
        boundary: bool,
    },
    /// Goes on at either place, at the first one first.
    Either {
        first: usize,
        other: usize,
    },
    Jump(usize),
    /// Goes on at `behind` if what follows until there is found, or is not.
    Around {
        wanted: bool,
        behind: usize,
    },
    /// Notes where it is.
    Note(usize),
    /// Forgets what was noted.
    Forget(usize),
    /// Reads again what stands between two notes; nothing where there are none.
    Again {
        from: usize,
        to: usize,
        backward: bool,
    },
    Found,
}

#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) operations: Vec<Operation>,
    /// How many places it notes.
    pub(super) notes: usize,
}

impl Program {
    const OPERATIONS_MAX: usize = Pattern::BYTES_MAX / size_of::<Operation>();

    pub(super) fn of(node: &Node) -> Result<Self, Unusable> {
        let mut referred = BTreeSet::new();
        gather(node, &mut referred);
        let referred: Vec<usize> = referred.into_iter().collect();
        let mut writer = Writer { program: Self { notes: referred.len() * 2, ..Self::default() }, referred };
        writer.write(node, false)?;
        writer.push(Operation::Found)?;
        Ok(writer.program)
    }

    pub(super) fn len(&self) -> usize {
        self.operations.len()
    }
}

/// The groups that something refers back to.
fn gather(node: &Node, referred: &mut BTreeSet<usize>) {
    match node {
        Node::Back(number) => {
            referred.insert(*number);
        }
        Node::Set(_) | Node::Start | Node::End | Node::Word { .. } => {}
        Node::Around { body, .. } | Node::Group { body, .. } | Node::Repeat { body, .. } => gather(body, referred),
        Node::Row(nodes) | Node::Either(nodes) => nodes.iter().for_each(|node| gather(node, referred)),
    }
}

fn numbers(node: &Node, found: &mut Vec<usize>) {
    match node {
        Node::Group { number, body } => {
            found.extend(*number);
            numbers(body, found);
        }
        Node::Set(_) | Node::Start | Node::End | Node::Word { .. } | Node::Back(_) => {}
        Node::Around { body, .. } | Node::Repeat { body, .. } => numbers(body, found),
        Node::Row(nodes) | Node::Either(nodes) => nodes.iter().for_each(|node| numbers(node, found)),
    }
}

struct Writer {
    program: Program,
    referred: Vec<usize>,
}

impl Writer {
    fn push(&mut self, operation: Operation) -> Result<usize, Unusable> {
        if self.program.len() >= Program::OPERATIONS_MAX {
            return Err(Unusable::TooLarge);
        }
        self.program.operations.push(operation);
        Ok(self.program.len() - 1)
    }

    fn note_of(&self, number: usize) -> Option<usize> {
        self.referred.iter().position(|one| *one == number).map(|index| index * 2)
    }

    /// Where a jump that was written before its end was known leads: to what is written next.
    fn lead_here(&mut self, at: usize) {
        let here = self.program.len();
        if let Some(Operation::Jump(to) | Operation::Either { other: to, .. } | Operation::Around { behind: to, .. }) =
            self.program.operations.get_mut(at)
        {
            *to = here;
        }
    }

    fn write(&mut self, node: &Node, backward: bool) -> Result<(), Unusable> {
        match node {
            Node::Set(set) => {
                self.push(Operation::Read { set: Arc::clone(set), backward })?;
            }
            Node::Start => {
                self.push(Operation::Start)?;
            }
            Node::End => {
                self.push(Operation::End)?;
            }
            Node::Word { boundary } => {
                self.push(Operation::Word { boundary: *boundary })?;
            }
            Node::Around { ahead, wanted, body } => {
                let around = self.push(Operation::Around { wanted: *wanted, behind: 0 })?;
                self.write(body, !ahead)?;
                self.push(Operation::Found)?;
                self.lead_here(around);
            }
            Node::Group { number, body } => match number.and_then(|number| self.note_of(number)) {
                None => self.write(body, backward)?,
                Some(begin) => {
                    let (first, last) = if backward { (begin + 1, begin) } else { (begin, begin + 1) };
                    self.push(Operation::Note(first))?;
                    self.write(body, backward)?;
                    self.push(Operation::Note(last))?;
                }
            },
            Node::Back(number) => {
                let from = self.note_of(*number).unwrap_or_default();
                self.push(Operation::Again { from, to: from + 1, backward })?;
            }
            Node::Row(nodes) if backward => nodes.iter().rev().try_for_each(|node| self.write(node, true))?,
            Node::Row(nodes) => nodes.iter().try_for_each(|node| self.write(node, false))?,
            Node::Either(nodes) => self.write_either(nodes, backward)?,
            Node::Repeat { least, most, greedy, body } => self.write_repeat(*least, *most, *greedy, body, backward)?,
        }
        Ok(())
    }

    fn write_either(&mut self, nodes: &[Node], backward: bool) -> Result<(), Unusable> {
        let mut ends = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            let fork = if index + 1 < nodes.len() {
                let here = self.program.len();
                Some(self.push(Operation::Either { first: here + 1, other: 0 })?)
            } else {
                None
            };
            self.write(node, backward)?;
            if let Some(fork) = fork {
                ends.push(self.push(Operation::Jump(0))?);
                self.lead_here(fork);
            }
        }
        for end in ends {
            self.lead_here(end);
        }
        Ok(())
    }

    fn write_repeat(&mut self, least: u32, most: Option<u32>, greedy: bool, body: &Node, backward: bool) -> Result<(), Unusable> {
        let mut inner = Vec::new();
        numbers(body, &mut inner);
        let notes: Vec<usize> = inner.into_iter().filter_map(|number| self.note_of(number)).collect();
        let once = |writer: &mut Self| {
            // Each turn begins with groups that have found nothing.
            for note in &notes {
                writer.push(Operation::Forget(*note))?;
            }
            writer.write(body, backward)
        };
        for _ in 0..least {
            let before = self.program.len();
            once(self)?;
            // A body of nothing would be written for ever.
            if self.program.len() == before {
                break;
            }
        }
        let mut forks = Vec::new();
        let fork = |writer: &mut Self| writer.push(Operation::Either { first: writer.program.len() + 1, other: 0 });
        if let Some(most) = most {
            for _ in least..most {
                forks.push(fork(self)?);
                once(self)?;
            }
        } else {
            let begin = fork(self)?;
            forks.push(begin);
            once(self)?;
            self.push(Operation::Jump(begin))?;
        }
        for at in forks {
            self.lead_here(at);
            if let Some(Operation::Either { first, other }) = self.program.operations.get_mut(at).filter(|_| !greedy) {
                std::mem::swap(first, other);
            }
        }
        Ok(())
    }
}
