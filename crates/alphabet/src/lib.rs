// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What crosses to JavaScript as numbers. In reading order:
//!
//! - `effects.rs`: the table of effects, by class. A new kind is one line there, and both sides have it.
//! - `table.rs`: what the table becomes in Rust: a type for each class, the words of an effect, masks.
//! - `answers.rs`: the layout of answers, and of what stands before effects.
//! - [`typescript`]: what all of it becomes in TypeScript, which `build.rs` of the addon writes to `ts/native/alphabet.ts`.
//!
//! An effect is [`EFFECT_WORDS`] numbers. The first is `class << 8 | code`; then come the fields that all effects of its class have, and then its own, in the
//! order of the table. Unused words are 0. Nothing of this is stored: numbers may change from one build to the next.

#![forbid(unsafe_code)]

mod answers;
mod effects;
mod table;
mod typescript;

pub use answers::{ALERTS, ANSWER, Form, HEADER_WORDS, READS_ALL, READS_UNKNOWN};
pub use effects::{CLASS_COUNT, CLASSES, Effect, execution, pool, schedule, store};
pub use table::{Class, EFFECT_WORDS, Field, Heard, Kind};
pub use typescript::typescript;
