// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The layout of answers, and of what stands before effects.

/// The words of one answer; `instance`: the number of the agent's instance that gave it, 0 if there is none; `reads`: which outputs of its dependencies
/// it looked at, a bit for each, or [`READS_UNKNOWN`] or [`READS_ALL`]; `progress`: when it first told of some, 0 if it has not.
pub const ANSWER: [&str; 9] = ["slot", "task", "attempt", "form", "start", "end", "instance", "reads", "progress"];

/// Nobody knows what an attempt looked at.
pub const READS_UNKNOWN: i8 = -1;

/// It looked at each.
pub const READS_ALL: i8 = -2;

/// Words before the first effect: how many effects, 1 if there are more plus [`ALERTS`], the next deadline.
pub const HEADER_WORDS: usize = 3;

/// In the second word of the header, beside 1 if there are more effects: the store has something to tell.
pub const ALERTS: u8 = 2;

macro_rules! forms {
    ($( $(#[doc = $doc:literal])* $Name:ident, )*) => {
        /// The form of an answer.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Form {
            $( $(#[doc = $doc])* $Name, )*
        }

        impl Form {
            pub(crate) const ALL: &[(Self, &'static str, &'static [&'static str])] =
                &[$( (Self::$Name, stringify!($Name), &[$($doc),*]), )*];
        }
    };
}

forms! {
    /// The agent gave a value, which stays in JavaScript.
    CompletedHeld,
    /// The agent gave a value; its text is JSON.
    CompletedJson,
    /// The attempt failed; its text says why.
    Failed,
    /// With what the agent gave, on a second line, beside what its schema made of that.
    CompletedJudged,
    /// Of a child in which something can be undone.
    CompletedUndoable,
}

impl Form {
    /// The form with this number, if there is one.
    pub fn of(number: f64) -> Option<Self> {
        let form = |(form, ..): &(Self, _, _)| (f64::from(*form as u8) - number).abs() < 0.5;
        Self::ALL.iter().find(|named| form(named)).map(|(form, ..)| *form)
    }
}
