// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a template may be before minijinja reads it: its parser and compiler recurse with the text, and overflow a stack of 2 MiB on what is nested
//! or chained deep enough (found by `tests/fuzz.rs`).

use crate::error::TemplateError;

/// The longest text a template may give.
pub const OUTPUT_BYTES_MAX: usize = 1 << 20;
/// The longest template.
const SOURCE_BYTES_MAX: usize = 64 << 10;
/// Brackets within brackets of one `{{ … }}` or `{% … %}`.
const NESTING_MAX: usize = 16;
/// Operators, members, filters, signs and words such as `not` of one of them.
const SIGNS_MAX: usize = 64;
/// `{% for %}` and `{% if %}` within each other, and how many there may be.
const STATEMENTS_MAX: usize = 64;
const STATEMENT_NESTING_MAX: usize = 8;

pub(crate) fn check(text: &str) -> Result<(), TemplateError> {
    let refuse =
        |what: &str, most: usize| Err(TemplateError { message: format!("{what} are at most {most}; prepare the value in a task") });
    if text.len() > SOURCE_BYTES_MAX {
        return refuse("the bytes of a template", SOURCE_BYTES_MAX);
    }
    let (mut rest, mut statements, mut open) = (text, 0_usize, 0_usize);
    while let Some(at) = rest.find(['{']) {
        let after = rest.get(at..).unwrap_or_default();
        let (is_statement, body) = match (after.strip_prefix("{{"), after.strip_prefix("{%")) {
            (Some(body), _) => (false, body),
            (_, Some(body)) => (true, body),
            _ => {
                rest = after.get(1..).unwrap_or_default();
                continue;
            }
        };
        let (nesting, signs, length) = block(body);
        if nesting > NESTING_MAX {
            return refuse("brackets within brackets", NESTING_MAX);
        }
        if signs > SIGNS_MAX {
            return refuse("operators, members and filters of one expression", SIGNS_MAX);
        }
        if is_statement {
            statements += 1;
            let word = body.trim_start_matches(['-', '+']).trim_start();
            open = if word.starts_with("end") { open.saturating_sub(1) } else { open + usize::from(opens(word)) };
            if statements > STATEMENTS_MAX || open > STATEMENT_NESTING_MAX {
                return refuse(
                    "statements, and their nesting,",
                    if open > STATEMENT_NESTING_MAX { STATEMENT_NESTING_MAX } else { STATEMENTS_MAX },
                );
            }
        }
        rest = body.get(length..).unwrap_or_default();
    }
    Ok(())
}

fn opens(word: &str) -> bool {
    // `else` and `elif` nest in the tree although they do not in the text.
    ["for", "if", "elif", "set", "with", "filter", "macro", "call", "block", "autoescape"].iter().any(|known| word.starts_with(known))
}

/// How deep the brackets of a block are, how many signs it has, and where it ends. Text in quotes counts for nothing.
fn block(body: &str) -> (usize, usize, usize) {
    let (mut depth, mut deepest, mut signs) = (0_usize, 0, 0);
    let mut quote = None;
    let mut letters = body.char_indices().peekable();
    let mut in_word = false;
    while let Some((at, letter)) = letters.next() {
        if let Some(mark) = quote {
            if letter == '\\' {
                letters.next();
            } else if letter == mark {
                quote = None;
            }
            continue;
        }
        let starts_word = letter.is_alphabetic() && !in_word;
        in_word = letter.is_alphanumeric() || letter == '_';
        match letter {
            '\'' | '"' => quote = Some(letter),
            '(' | '[' | '{' => {
                depth += 1;
                deepest = deepest.max(depth);
                signs += 1;
            }
            '}' | '%' if matches!(letters.peek(), Some((_, '}'))) && (depth == 0 || letter == '%') => return (deepest, signs, at),
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '.' | '|' | '+' | '-' | '*' | '/' | '%' | '~' | '<' | '>' | '=' | '!' => signs += 1,
            _ if starts_word => {
                let word = body.get(at..).unwrap_or_default();
                signs += usize::from(["not", "and", "or", "in", "is", "if", "else"].iter().any(|known| word.starts_with(known)));
            }
            _ => {}
        }
    }
    (deepest, signs, body.len())
}
