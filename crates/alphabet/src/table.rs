// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the table of effects becomes in Rust.

use crate::effects::{CLASS_COUNT, CLASSES, Effect};

/// A class of effects, as data.
#[derive(Debug)]
pub struct Class {
    /// Its name in the table.
    pub name: &'static str,
    /// What it is about, line by line.
    pub doc: &'static [&'static str],
    /// The fields that all of its effects have.
    pub fields: &'static [Field],
    /// Its kinds, in the order of their codes.
    pub kinds: &'static [Kind],
}

/// A kind of effect, as data.
#[derive(Debug)]
pub struct Kind {
    /// Its name in the table.
    pub name: &'static str,
    /// What it says, line by line.
    pub doc: &'static [&'static str],
    /// Whether it leaves though nobody listens.
    pub owed: bool,
    /// The names of the fields that only it has.
    pub fields: &'static [&'static str],
}

/// A field that all effects of a class have.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it says, line by line.
    pub doc: &'static [&'static str],
}

/// Words of one effect: as many as the one that has the most.
pub const EFFECT_WORDS: usize = widest();

const fn widest() -> usize {
    let (mut widest, mut classes): (usize, &[Class]) = (0, &CLASSES);
    while let [class, others @ ..] = classes {
        let mut kinds = class.kinds;
        while let [kind, more @ ..] = kinds {
            let words = 1 + class.fields.len() + kind.fields.len();
            widest = if words > widest { words } else { widest };
            kinds = more;
        }
        classes = others;
    }
    widest
}

/// Codes are a byte.
const CODES: usize = 256;

/// Which effects leave: a mask for each class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard([[u64; CODES / 64]; CLASS_COUNT]);

impl Heard {
    /// What leaves though nobody listens.
    pub fn owed() -> Self {
        let mut heard = Self::none();
        for (class, number) in CLASSES.iter().zip(0..) {
            for (_, code) in class.kinds.iter().zip(0..).filter(|(kind, _)| kind.owed) {
                heard.add(number << 8 | code);
            }
        }
        heard
    }

    /// Nothing.
    pub fn none() -> Self {
        Self([[0; CODES / 64]; CLASS_COUNT])
    }

    /// And these kinds, by the first words of their effects. What is no kind is none.
    #[must_use]
    pub fn with(mut self, kinds: &[u32]) -> Self {
        for kind in kinds {
            self.add(*kind);
        }
        self
    }

    fn add(&mut self, kind: u32) {
        let (class, code) = ((kind >> 8) as usize, kind & 0xff);
        if let Some(bits) = self.0.get_mut(class).and_then(|mask| mask.get_mut(code as usize / 64)) {
            *bits |= 1 << (code % 64);
        }
    }

    /// Whether this one leaves.
    pub fn hears(&self, effect: &Effect) -> bool {
        let kind = effect.kind();
        let bits = self.0.get((kind >> 8) as usize).and_then(|mask| mask.get((kind & 0xff) as usize / 64));
        bits.is_some_and(|bits| bits >> (kind % 64) & 1 == 1)
    }
}

/// A field as it crosses.
pub(crate) trait Word {
    fn word(self) -> f64;
}

impl Word for bool {
    fn word(self) -> f64 {
        f64::from(u8::from(self))
    }
}

impl Word for u32 {
    fn word(self) -> f64 {
        f64::from(self)
    }
}

impl Word for u64 {
    #[expect(clippy::cast_precision_loss, reason = "microseconds since the epoch are exact in a float until the year 2255")]
    fn word(self) -> f64 {
        self as f64
    }
}

impl Effect {
    /// If it is of an execution.
    pub const fn execution(&self) -> Option<&crate::execution::Effect> {
        match self {
            Self::Execution(effect) => Some(effect),
            Self::Schedule(_) | Self::Store(_) | Self::Pool(_) => None,
        }
    }
}

macro_rules! is_owed {
    (owed) => {
        true
    };
    (told) => {
        false
    };
}

macro_rules! effects {
    ($(
        $(#[doc = $class_doc:literal])*
        $class:ident $Class:ident { $( $(#[doc = $field_doc:literal])* $field:ident: $field_type:ty, )* } {
            $( $(#[doc = $doc:literal])* $leaves:ident $Kind:ident $( { $( $own:ident: $own_type:ty ),* } )?, )*
        }
    )*) => {
        /// One effect, in the order of its journal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Effect {
            $( $(#[doc = $class_doc])* $Class($class::Effect), )*
        }

        #[repr(u8)]
        enum ClassNumber {
            $( $Class, )*
        }

        /// How many classes there are.
        pub const CLASS_COUNT: usize = CLASSES.len();

        /// The table, as data.
        pub static CLASSES: [$crate::table::Class; [$( stringify!($Class) ),*].len()] = [$( $crate::table::Class {
            name: stringify!($Class),
            doc: &[$( $class_doc ),*],
            fields: &[$( $crate::table::Field { name: stringify!($field), doc: &[$( $field_doc ),*] } ),*],
            kinds: &[$( $crate::table::Kind {
                name: stringify!($Kind),
                doc: &[$( $doc ),*],
                owed: $crate::table::is_owed!($leaves),
                fields: &[$( $( stringify!($own) ),* )?],
            } ),*],
        } ),*];

        impl Effect {
            /// Its first word: `class << 8 | code`.
            pub const fn kind(&self) -> u32 {
                match self {
                    $( Self::$Class(effect) => (ClassNumber::$Class as u32) << 8 | effect.kind.code(), )*
                }
            }

            /// When it was recorded or decided, in microseconds since the epoch.
            pub const fn at(&self) -> u64 {
                match self {
                    $( Self::$Class(effect) => effect.at, )*
                }
            }

            /// As it crosses.
            pub fn words(&self) -> [f64; $crate::table::EFFECT_WORDS] {
                let mut words = [0.0; $crate::table::EFFECT_WORDS];
                let mut places = words.iter_mut();
                let mut put = |word: f64| if let Some(place) = places.next() { *place = word };
                put(f64::from(self.kind()));
                match self {
                    $( Self::$Class(effect) => {
                        $( put($crate::table::Word::word(effect.$field)); )*
                        match effect.kind {
                            $( $class::Kind::$Kind $( { $( $own ),* } )? => { $( $( put($crate::table::Word::word($own)); )* )? } )*
                        }
                    } )*
                }
                words
            }
        }

        $(
            $(#[doc = $class_doc])*
            pub mod $class {
                /// What all effects of the class have, and what this one says.
                #[derive(Clone, Copy, Debug, PartialEq, Eq)]
                pub struct Effect {
                    $( $(#[doc = $field_doc])* pub $field: $field_type, )*
                    /// What it says.
                    pub kind: Kind,
                }

                /// What an effect of the class may say.
                #[derive(Clone, Copy, Debug, PartialEq, Eq)]
                #[expect(missing_docs, reason = "what a field says stands with its kind")]
                pub enum Kind {
                    $( $(#[doc = $doc])* $Kind $( { $( $own: $own_type ),* } )?, )*
                }

                #[repr(u8)]
                enum Code {
                    $( $Kind, )*
                }

                impl Kind {
                    pub(super) const fn code(&self) -> u32 {
                        match self {
                            $( Self::$Kind { .. } => Code::$Kind as u32, )*
                        }
                    }
                }
            }
        )*
    };
}

pub(crate) use {effects, is_owed};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{execution, pool, schedule};

    #[test]
    fn the_fields_of_an_effect_follow_its_kind() {
        let kind = execution::Kind::Run { interruptions: 6, instance: 7 };
        let run = Effect::Execution(execution::Effect { slot: 1, task: 2, attempt: 3, at: 4, number: 5, kind });
        assert_eq!(run.words().map(f64::to_bits), [1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0].map(f64::to_bits));
        let fired = schedule::Effect { schedule: 1, at: 2, kind: schedule::Kind::Fired { slot: 3, planned: 4 } };
        assert_eq!(Effect::Schedule(fired).words().map(f64::to_bits), [258.0, 1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0].map(f64::to_bits));
        let disposed = pool::Effect { at: 1, kind: pool::Kind::DisposeAgent { instance: 2, force: true } };
        assert_eq!(Effect::Pool(disposed).words().map(f64::to_bits), [769.0, 1.0, 2.0, 1.0, 0.0, 0.0, 0.0, 0.0].map(f64::to_bits));
    }

    #[test]
    fn masks_of_classes_are_apart_and_have_room_for_every_code() {
        let effect = |kind| Effect::Schedule(schedule::Effect { schedule: 0, at: 0, kind });
        let (scheduled, fired) = (effect(schedule::Kind::Scheduled { next: 0 }), effect(schedule::Kind::Fired { slot: 0, planned: 0 }));
        let started =
            Effect::Execution(execution::Effect { slot: 0, task: 0, attempt: 0, at: 0, number: 0, kind: execution::Kind::Started });
        assert!(Heard::owed().hears(&fired) && !Heard::owed().hears(&started));
        assert!(Heard::owed().with(&[started.kind()]).hears(&started));
        let one = Heard::none().with(&[fired.kind()]);
        assert!(one.hears(&fired) && !one.hears(&scheduled) && !one.hears(&started));
        let every: Vec<u32> = (0..4).flat_map(|class| (0..256).map(move |code| class << 8 | code)).collect();
        for kind in &every {
            let bits = Heard::none().with(&[*kind]).0.concat();
            assert_eq!(bits.iter().map(|mask| mask.count_ones()).sum::<u32>(), 1, "{kind}");
        }
        assert_eq!(Heard::none().with(&every).0.concat(), [u64::MAX; 16]);
        assert_eq!(Heard::none().with(&[4 << 8, u32::MAX]), Heard::none(), "what is no class is heard of by nobody");
    }
}
