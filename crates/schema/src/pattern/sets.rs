// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Sets of characters, as ranges.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange, HirKind};

pub(super) type Set = ClassUnicode;

pub(super) fn of(ranges: &[(char, char)]) -> Set {
    ClassUnicode::new(ranges.iter().map(|(from, to)| ClassUnicodeRange::new(*from, *to)))
}

pub(super) fn negated(mut set: Set) -> Set {
    set.negate();
    set
}

pub(super) fn digits() -> Set {
    of(&[('0', '9')])
}

pub(super) fn words() -> Set {
    of(&[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')])
}

pub(super) fn spaces() -> Set {
    of(&[
        ('\t', '\r'),
        (' ', ' '),
        ('\u{a0}', '\u{a0}'),
        ('\u{1680}', '\u{1680}'),
        ('\u{2000}', '\u{200a}'),
        ('\u{2028}', '\u{2029}'),
        ('\u{202f}', '\u{202f}'),
        ('\u{205f}', '\u{205f}'),
        ('\u{3000}', '\u{3000}'),
        ('\u{feff}', '\u{feff}'),
    ])
}

/// What `.` stands for: everything but ends of lines.
pub(super) fn dot() -> Set {
    negated(of(&[('\n', '\n'), ('\r', '\r'), ('\u{2028}', '\u{2029}')]))
}

/// `\p{name}`, by the tables of Unicode.
pub(super) fn property(name: &str) -> Option<Set> {
    let known = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_=".contains(letter));
    let hir = regex_syntax::parse(&format!("\\p{{{name}}}")).ok().filter(|_| known)?;
    match hir.into_kind() {
        HirKind::Class(regex_syntax::hir::Class::Unicode(set)) => Some(set),
        HirKind::Literal(literal) => {
            let letter = std::str::from_utf8(&literal.0).ok()?.chars().next()?;
            Some(of(&[(letter, letter)]))
        }
        HirKind::Empty
        | HirKind::Class(regex_syntax::hir::Class::Bytes(_))
        | HirKind::Look(_)
        | HirKind::Repetition(_)
        | HirKind::Capture(_)
        | HirKind::Concat(_)
        | HirKind::Alternation(_) => None,
    }
}

pub(super) fn contains(set: &Set, letter: char) -> bool {
    set.ranges()
        .binary_search_by(|range| {
            if range.end() < letter {
                std::cmp::Ordering::Less
            } else if range.start() > letter {
                std::cmp::Ordering::Greater
            } else {
                std::cmp::Ordering::Equal
            }
        })
        .is_ok()
}
