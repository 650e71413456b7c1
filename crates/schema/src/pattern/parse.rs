// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The text of a pattern, taken apart by the grammar of ECMAScript.

use super::Unusable;
use super::sets::{self, Set};
use regex_syntax::hir::{Class, Hir, Look, Repetition};
use std::sync::Arc;

/// A part of a pattern.
#[derive(Debug)]
pub(super) enum Node {
    Set(Arc<Set>),
    Start,
    End,
    /// Whether a word begins or ends here, or the opposite.
    Word {
        boundary: bool,
    },
    Around {
        ahead: bool,
        wanted: bool,
        body: Box<Node>,
    },
    /// With its number, from 1, if it is one that may be referred to.
    Group {
        number: Option<usize>,
        body: Box<Node>,
    },
    Back(usize),
    Row(Vec<Node>),
    Either(Vec<Node>),
    Repeat {
        least: u32,
        most: Option<u32>,
        greedy: bool,
        body: Box<Node>,
    },
}

/// Groups within groups.
const DEPTH_MAX: usize = 100;
/// A text that is longer is no pattern that people or libraries write.
const SOURCE_BYTES_MAX: usize = 64 * 1024;

pub(super) fn parse(source: &str) -> Result<Node, Unusable> {
    if source.len() > SOURCE_BYTES_MAX {
        return Err(Unusable::TooLarge);
    }
    let letters: Vec<char> = source.chars().collect();
    let mut parser = Parser { names: names(source), letters, at: 0, groups: 0, depth: 0, highest: 0 };
    let node = parser.either().filter(|_| parser.at == parser.letters.len() && parser.highest <= parser.groups);
    node.ok_or(Unusable::Unknown)
}

/// The names of groups, in the order of their numbers. An opening bracket within a set is not told apart, which only a reference by name would notice.
fn names(source: &str) -> Vec<Option<String>> {
    let mut names = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['(', '\\']) {
        let tail = rest.get(at..).unwrap_or_default();
        if tail.starts_with('\\') {
            rest = tail.get(1..).and_then(|rest| rest.get(rest.chars().next().map_or(0, char::len_utf8)..)).unwrap_or_default();
            continue;
        }
        rest = tail.get(1..).unwrap_or_default();
        match rest.strip_prefix("?<").filter(|inner| !inner.starts_with(['=', '!'])) {
            Some(inner) => names.push(inner.split('>').next().map(str::to_owned)),
            None if !rest.starts_with('?') => names.push(None),
            None => {}
        }
    }
    names
}

struct Parser {
    letters: Vec<char>,
    at: usize,
    groups: usize,
    depth: usize,
    names: Vec<Option<String>>,
    /// The highest number that something refers back to.
    highest: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += 1;
        Some(letter)
    }

    fn takes(&mut self, text: &str) -> bool {
        let found = text.chars().enumerate().all(|(index, letter)| self.letters.get(self.at + index) == Some(&letter));
        if found {
            self.at += text.chars().count();
        }
        found
    }

    fn either(&mut self) -> Option<Node> {
        let mut choices = vec![self.row()?];
        while self.takes("|") {
            choices.push(self.row()?);
        }
        if choices.len() == 1 { choices.pop() } else { Some(Node::Either(choices)) }
    }

    fn row(&mut self) -> Option<Node> {
        let mut row = Vec::new();
        while self.peek().is_some_and(|letter| letter != '|' && letter != ')') {
            let atom = self.atom()?;
            row.push(self.repeated(atom)?);
        }
        Some(Node::Row(row))
    }

    fn atom(&mut self) -> Option<Node> {
        match self.next()? {
            '^' => Some(Node::Start),
            '$' => Some(Node::End),
            '.' => Some(Node::of(sets::dot())),
            '[' => self.set().map(Node::of),
            '(' => self.group(),
            '\\' => self.escaped(),
            '*' | '+' | '?' => None,
            // A brace that repeats nothing is itself.
            '{' if self.counts(self.at).is_some() => None,
            letter => Some(Node::of(sets::of(&[(letter, letter)]))),
        }
    }

    fn repeated(&mut self, body: Node) -> Option<Node> {
        let (least, most) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.counts(self.at + 1) {
                Some((least, most, end)) => {
                    self.at = end - 1;
                    (least, most)
                }
                None => return Some(body),
            },
            _ => return Some(body),
        };
        self.at += 1;
        if matches!(body, Node::Start | Node::End | Node::Word { .. } | Node::Around { .. }) || most.is_some_and(|most| most < least) {
            return None;
        }
        let greedy = !self.takes("?");
        Some(Node::Repeat { least, most, greedy, body: body.into() })
    }

    /// `2}`, `2,}` or `2,3}` from `at`, and where it ends.
    fn counts(&self, at: usize) -> Option<(u32, Option<u32>, usize)> {
        let rest = self.letters.get(at..)?;
        let length = rest.iter().take(24).position(|letter| *letter == '}')?;
        let text: String = rest.get(..length)?.iter().collect();
        let number = |text: &str| -> Option<u32> { text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())) };
        let (least, most) = match text.split_once(',') {
            None => (number(&text)?, Some(number(&text)?)),
            Some((least, "")) => (number(least)?, None),
            Some((least, most)) => (number(least)?, Some(number(most)?)),
        };
        Some((least, most, at + length + 1))
    }

    fn group(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let around = |ahead, wanted| Some((ahead, wanted));
        let kind = match () {
            () if self.takes("?:") => Err(None),
            () if self.takes("?=") => Ok(around(true, true)),
            () if self.takes("?!") => Ok(around(true, false)),
            () if self.takes("?<=") => Ok(around(false, true)),
            () if self.takes("?<!") => Ok(around(false, false)),
            () => {
                if self.takes("?<") {
                    while self.next()? != '>' {}
                } else if self.peek() == Some('?') {
                    return None;
                }
                self.groups += 1;
                Err(Some(self.groups))
            }
        };
        let body = Box::new(self.either()?);
        if !self.takes(")") {
            return None;
        }
        self.depth -= 1;
        match kind {
            Err(number) => Some(Node::Group { number, body }),
            Ok(around) => around.map(|(ahead, wanted)| Node::Around { ahead, wanted, body }),
        }
    }

    fn escaped(&mut self) -> Option<Node> {
        match self.peek()? {
            letter @ ('b' | 'B') => {
                self.at += 1;
                Some(Node::Word { boundary: letter == 'b' })
            }
            'k' => {
                self.at += 1;
                if !self.takes("<") {
                    return None;
                }
                let mut name = String::new();
                loop {
                    match self.next()? {
                        '>' => break,
                        letter => name.push(letter),
                    }
                }
                let number = self.names.iter().position(|one| one.as_deref() == Some(name.as_str()))? + 1;
                Some(self.back(number))
            }
            '1'..='9' => {
                let mut number = 0;
                while let Some(digit) = self.peek().and_then(|letter| letter.to_digit(10)) {
                    number = number * 10 + digit as usize;
                    self.at += 1;
                    if number > self.letters.len() {
                        return None;
                    }
                }
                Some(self.back(number))
            }
            _ => self.escaped_set().map(Node::of),
        }
    }

    fn back(&mut self, number: usize) -> Node {
        self.highest = self.highest.max(number);
        Node::Back(number)
    }

    /// What stands behind a backslash, in a set or outside.
    fn escaped_set(&mut self) -> Option<Set> {
        let set = match self.next()? {
            'd' => sets::digits(),
            'D' => sets::negated(sets::digits()),
            'w' => sets::words(),
            'W' => sets::negated(sets::words()),
            's' => sets::spaces(),
            'S' => sets::negated(sets::spaces()),
            letter @ ('p' | 'P') => {
                if !self.takes("{") {
                    return None;
                }
                let length = self.letters.get(self.at..)?.iter().take(64).position(|letter| *letter == '}')?;
                let name: String = self.letters.get(self.at..self.at + length)?.iter().collect();
                self.at += length + 1;
                let set = sets::property(&name)?;
                if letter == 'P' { sets::negated(set) } else { set }
            }
            other => {
                let letter = self.escaped_letter(other)?;
                sets::of(&[(letter, letter)])
            }
        };
        Some(set)
    }

    fn escaped_letter(&mut self, letter: char) -> Option<char> {
        match letter {
            't' => Some('\t'),
            'n' => Some('\n'),
            'v' => Some('\u{b}'),
            'f' => Some('\u{c}'),
            'r' => Some('\r'),
            '0' if !self.peek().is_some_and(|letter| letter.is_ascii_digit()) => Some('\0'),
            'c' => self.next().filter(char::is_ascii_alphabetic).and_then(|letter| char::from_u32(u32::from(letter) % 32)),
            'x' => self.hexadecimal(2),
            'u' if self.takes("{") => {
                let length = self.letters.get(self.at..)?.iter().take(8).position(|letter| *letter == '}')?;
                let letter = self.hexadecimal(length)?;
                self.at += 1;
                Some(letter)
            }
            'u' => self.hexadecimal(4),
            // Other letters and digits have a meaning here or elsewhere, or may get one.
            other if other.is_ascii_alphanumeric() => None,
            other => Some(other),
        }
    }

    fn hexadecimal(&mut self, digits: usize) -> Option<char> {
        let text: String = self.letters.get(self.at..self.at + digits)?.iter().collect();
        self.at += digits;
        u32::from_str_radix(&text, 16).ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_hexdigit())).and_then(char::from_u32)
    }

    fn set(&mut self) -> Option<Set> {
        let negative = self.takes("^");
        let mut whole = sets::of(&[]);
        loop {
            if self.takes("]") {
                return Some(if negative { sets::negated(whole) } else { whole });
            }
            let first = self.member()?;
            // A hyphen at the end is itself.
            let ranges = self.peek() == Some('-') && self.letters.get(self.at + 1).is_some_and(|letter| *letter != ']');
            if !ranges {
                whole.union(&first);
                continue;
            }
            self.at += 1;
            let last = self.member()?;
            match (single(&first), single(&last)) {
                (Some(from), Some(to)) if from <= to => whole.union(&sets::of(&[(from, to)])),
                (Some(_), Some(_)) => return None,
                _ => {
                    whole.union(&first);
                    whole.union(&sets::of(&[('-', '-')]));
                    whole.union(&last);
                }
            }
        }
    }

    fn member(&mut self) -> Option<Set> {
        match self.next()? {
            '\\' if self.takes("b") => Some(sets::of(&[('\u{8}', '\u{8}')])),
            '\\' => self.escaped_set(),
            letter => Some(sets::of(&[(letter, letter)])),
        }
    }
}

fn single(set: &Set) -> Option<char> {
    match set.ranges() {
        [range] if range.start() == range.end() => Some(range.start()),
        _ => None,
    }
}

impl Node {
    fn of(set: Set) -> Self {
        Self::Set(set.into())
    }

    /// Whether it looks neither around nor back.
    pub(super) fn is_regular(&self) -> bool {
        match self {
            Self::Around { .. } | Self::Back(_) => false,
            Self::Set(_) | Self::Start | Self::End | Self::Word { .. } => true,
            Self::Group { body, .. } | Self::Repeat { body, .. } => body.is_regular(),
            Self::Row(nodes) | Self::Either(nodes) => nodes.iter().all(Self::is_regular),
        }
    }

    /// As the library of automata has it; `None` for what is not regular.
    pub(super) fn hir(&self) -> Option<Hir> {
        Some(match self {
            Self::Set(set) => Hir::class(Class::Unicode(Set::clone(set))),
            Self::Start => Hir::look(Look::Start),
            Self::End => Hir::look(Look::End),
            Self::Word { boundary: true } => Hir::look(Look::WordAscii),
            Self::Word { boundary: false } => Hir::look(Look::WordAsciiNegate),
            Self::Around { .. } | Self::Back(_) => return None,
            Self::Group { body, .. } => body.hir()?,
            Self::Row(nodes) => Hir::concat(nodes.iter().map(Self::hir).collect::<Option<_>>()?),
            Self::Either(nodes) => Hir::alternation(nodes.iter().map(Self::hir).collect::<Option<_>>()?),
            Self::Repeat { least, most, greedy, body } => {
                Hir::repetition(Repetition { min: *least, max: *most, greedy: *greedy, sub: body.hir()?.into() })
            }
        })
    }
}
