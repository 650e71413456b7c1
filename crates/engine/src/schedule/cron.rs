// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Reads cron expressions. `croner` knows the grammar; which field is wrong is found by reading each of them alone.

use super::problem::{CronField, TimingProblem};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// An expression, and what its fields say alone.
pub(super) struct Expression {
    pub(super) cron: Cron,
    /// Whether its hour is no matter of which hours, but of how many apart: `*` or `*/n`.
    pub(super) is_hourly: bool,
}

/// What other programs read beside fields, with the fields it stands for.
const NICKNAMES: &[(&str, &str)] = &[
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * SUN"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// Reads an expression of five fields, or six with seconds first.
pub(super) fn read(text: &str) -> Result<Expression, Vec<TimingProblem>> {
    let mut fields: Vec<&str> = text.split_ascii_whitespace().collect();
    match fields.len() {
        5 => fields.insert(0, "0"),
        6 => {}
        count => {
            let nickname = NICKNAMES.iter().find(|(name, _)| fields.iter().any(|field| field.eq_ignore_ascii_case(name)));
            let problem = match nickname {
                Some((name, ours)) => TimingProblem::Nickname { name: (*name).to_owned(), ours },
                None => TimingProblem::FieldCount { text: text.to_owned(), count },
            };
            return Err(vec![problem]);
        }
    }
    let wrong: Vec<_> = CronField::ALL
        .into_iter()
        .zip(&fields)
        .filter(|(field, text)| !is_well_formed(*field, text))
        .map(|(field, text)| TimingProblem::Field { field, text: (*text).to_owned() })
        .collect();
    let is_hourly = fields.get(2).is_some_and(|hour| hour.contains('*'));
    if !wrong.is_empty() {
        return Err(wrong);
    }
    // What can be read field by field can be read; this only keeps the compiler sure of it.
    let cron = parse(&fields.join(" ")).ok_or_else(|| vec![TimingProblem::FieldCount { text: text.to_owned(), count: fields.len() }])?;
    Ok(Expression { cron, is_hourly })
}

/// Whether the field can be read where the others say nothing. `croner` takes names of days and months in every field, and nothing between
/// two commas.
fn is_well_formed(field: CronField, text: &str) -> bool {
    let (names, signs): (&[&str], &str) = match field {
        CronField::Second | CronField::Minute | CronField::Hour => (&[], ""),
        CronField::Day => (&["L", "W", "LW"], "?"),
        CronField::Month => (&MONTHS, ""),
        CronField::Weekday => (&WEEKDAYS, "#?+"),
    };
    let upper = text.to_ascii_uppercase();
    let mut words = upper.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    let are_words_known = words.all(|word| names.contains(&word) || (field == CronField::Weekday && is_last(word)));
    let are_signs_known = upper.chars().all(|c| c.is_ascii_alphanumeric() || "*,-/".contains(c) || signs.contains(c));
    let alone = CronField::ALL.map(|other| if other == field { text } else { "*" }).join(" ");
    are_words_known && are_signs_known && upper.split(',').all(|item| !item.is_empty()) && parse(&alone).is_some()
}

/// `L`, alone or after the name of a weekday.
fn is_last(word: &str) -> bool {
    word.strip_suffix('L').is_some_and(|day| day.is_empty() || WEEKDAYS.contains(&day))
}

fn parse(text: &str) -> Option<Cron> {
    CronParser::builder().seconds(Seconds::Required).year(Year::Disallowed).build().parse(text).ok()
}
