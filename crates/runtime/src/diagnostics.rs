// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What this side is at, a line on stderr for each event, to find faults by: `MAO_LOG=debug`, or `MAO_LOG=runtime::store=trace,mcp=debug`.
//!
//! Crates tell by the macros of `tracing`. Without `MAO_LOG` nobody takes that up, and each costs one look at a number. `tracing-subscriber` would do this too,
//! with more than this needs: the addon would be larger by some hundred kilobytes.

use crate::clock::Stopwatch;
use std::fmt::{Debug, Write as _};
use std::io::Write as _;
use std::sync::Once;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The variable of the environment.
const VARIABLE: &str = "MAO_LOG";

/// Whom a level without a target is for: what others' crates tell is asked for by name.
const OURS: [&str; 7] = ["runtime", "engine", "models", "model_driver", "providers", "mcp", "pagesum"];

/// Begins to write what the environment asks for, if it does: once in a process.
pub fn begin() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Some(asked) = std::env::var(VARIABLE).ok().filter(|asked| !asked.is_empty()) else { return };
        match Filter::read(&asked) {
            Ok(filter) => {
                // Only this package could have set one in this binary.
                let _taken = tracing::subscriber::set_global_default(Diagnostics { filter, since: Stopwatch::default() });
            }
            Err(message) => write_line(&message),
        }
    });
}

/// What is written: a level for all of ours, and one for each target that is named.
#[derive(Debug, PartialEq)]
struct Filter {
    ours: LevelFilter,
    named: Vec<(String, LevelFilter)>,
}

impl Filter {
    fn read(asked: &str) -> Result<Self, String> {
        let mut filter = Self { ours: LevelFilter::OFF, named: Vec::new() };
        for part in asked.split(',').map(str::trim) {
            let (target, word) = part.split_once('=').map_or((None, part), |(target, word)| (Some(target.trim()), word.trim()));
            let level = word.parse().map_err(|_| {
                format!("{VARIABLE}: `{word}` is no level: write error, warn, info, debug or trace, or a level for a target, as in `runtime::store=trace`")
            })?;
            match target {
                None => filter.ours = level,
                Some(target) => filter.named.push((target.to_owned(), level)),
            }
        }
        Ok(filter)
    }

    /// The most specific target counts.
    fn of(&self, target: &str) -> LevelFilter {
        let named = self.named.iter().filter(|(name, _)| is_in(target, name)).max_by_key(|(name, _)| name.len());
        let ours = || if OURS.iter().any(|name| is_in(target, name)) { self.ours } else { LevelFilter::OFF };
        named.map_or_else(ours, |(_, level)| *level)
    }

    fn most(&self) -> LevelFilter {
        self.named.iter().map(|(_, level)| *level).fold(self.ours, LevelFilter::max)
    }
}

fn is_in(target: &str, name: &str) -> bool {
    target.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

struct Diagnostics {
    filter: Filter,
    since: Stopwatch,
}

impl Subscriber for Diagnostics {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.filter.of(metadata.target())
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.filter.most())
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut line = Line::default();
        event.record(&mut line);
        let Line { message, fields } = line;
        let at = self.since.elapsed().as_secs_f64();
        write_line(&format!("{at:12.6} {:5} {} {message}{fields}", metadata.level(), metadata.target()));
    }

    // Nothing is told of spans: all are one.
    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// The fields of an event, as text.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string cannot fail.
        let _written = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

fn write_line(line: &str) {
    // Where nobody reads any more there is nobody to tell.
    let _written = std::io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_for_what_is_ours_and_a_target_for_what_it_names() {
        let filter = Filter::read("info, runtime::store=trace,hyper=debug").unwrap_or_else(|message| panic!("{message}"));
        for (target, level) in [
            ("runtime::driver", LevelFilter::INFO),
            ("runtime::store", LevelFilter::TRACE),
            ("runtime::store::sqlite", LevelFilter::TRACE),
            ("runtime::storeroom", LevelFilter::INFO),
            ("mcp", LevelFilter::INFO),
            ("hyper::client", LevelFilter::DEBUG),
            ("h2", LevelFilter::OFF),
        ] {
            assert_eq!(filter.of(target), level, "{target}");
        }
        assert_eq!(filter.most(), LevelFilter::TRACE);
    }

    #[test]
    fn what_is_no_level_is_told() {
        let message = Filter::read("loud").map_or_else(|message| message, |filter| format!("{filter:?}"));
        assert!(message.starts_with("MAO_LOG: `loud` is no level: write error, warn"), "{message}");
    }
}
