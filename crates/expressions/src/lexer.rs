// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The words of an expression.

use crate::error::ExpressionError;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Integer(i64),
    Double(f64),
    Text(String),
    Name(String),
    /// Operators and brackets.
    Sign(&'static str),
    End,
}

/// Longest first.
const SIGNS: &[&str] =
    &["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", ".", ",", "(", ")", "[", "]", "{", "}"];

/// Every token with the column it begins at.
pub(crate) fn tokens(source: &str) -> Result<Vec<(usize, Token)>, ExpressionError> {
    let letters: Vec<char> = source.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(letter) = letters.get(at).copied() {
        let begin = at;
        if letter.is_whitespace() {
            at += 1;
            continue;
        }
        let token = match letter {
            '0'..='9' => number(&letters, &mut at)?,
            '\'' | '"' => text(&letters, &mut at)?,
            'a'..='z' | 'A'..='Z' | '_' => name(&letters, &mut at),
            _ => sign(&letters, &mut at)?,
        };
        tokens.push((begin + 1, token));
    }
    tokens.push((letters.len() + 1, Token::End));
    Ok(tokens)
}

fn name(letters: &[char], at: &mut usize) -> Token {
    let mut name = String::new();
    while let Some(letter) = letters.get(*at).filter(|letter| letter.is_ascii_alphanumeric() || **letter == '_') {
        name.push(*letter);
        *at += 1;
    }
    Token::Name(name)
}

fn number(letters: &[char], at: &mut usize) -> Result<Token, ExpressionError> {
    let begin = *at;
    let mut text = String::new();
    let mut double = false;
    while let Some(letter) = letters.get(*at).copied() {
        let next_is_digit = letters.get(*at + 1).is_some_and(char::is_ascii_digit);
        match letter {
            '0'..='9' => {}
            '.' if !double && next_is_digit => double = true,
            'e' | 'E' => double = true,
            '+' | '-' if matches!(text.chars().last(), Some('e' | 'E')) => {}
            _ => break,
        }
        text.push(letter);
        *at += 1;
    }
    if letters.get(*at).is_some_and(char::is_ascii_alphabetic) {
        let hint = match (text.as_str(), letters.get(*at)) {
            ("0", Some('x' | 'X')) => "numbers are decimal",
            (_, Some('u' | 'U')) => "there is one kind of number: leave out the `u`",
            _ => "put an operator between them",
        };
        return Err(ExpressionError::new(*at + 1, format!("`{text}` runs into a letter; {hint}")));
    }
    let token = if double {
        text.parse().ok().filter(|number: &f64| number.is_finite()).map(Token::Double)
    } else {
        text.parse().ok().map(Token::Integer)
    };
    token.ok_or_else(|| ExpressionError::new(begin + 1, format!("`{text}` is not a number that fits 64 bits")))
}

fn text(letters: &[char], at: &mut usize) -> Result<Token, ExpressionError> {
    let begin = *at;
    let quote = letters.get(begin).copied();
    *at += 1;
    let mut text = String::new();
    loop {
        let letter = letters.get(*at).copied();
        *at += 1;
        match letter {
            None => return Err(ExpressionError::new(begin + 1, "this text is never closed; add the quote it began with")),
            _ if letter == quote => return Ok(Token::Text(text)),
            Some('\\') => text.push(escape(letters, at)?),
            Some(letter) => text.push(letter),
        }
    }
}

fn escape(letters: &[char], at: &mut usize) -> Result<char, ExpressionError> {
    let begin = *at;
    let letter = letters.get(begin).copied();
    *at += 1;
    Ok(match letter {
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some(same @ ('\\' | '\'' | '"' | '/' | '`')) => same,
        Some('u') => {
            let digits: String = letters.iter().skip(*at).take(4).collect();
            *at += 4;
            let letter = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4).and_then(char::from_u32);
            letter.ok_or_else(|| ExpressionError::new(begin, "`\\u` needs the four hexadecimal digits of a letter"))?
        }
        _ => return Err(ExpressionError::new(begin, "unknown escape; there are \\n \\r \\t \\\\ \\' \\\" \\/ \\u0041")),
    })
}

/// What JavaScript has and CEL has not.
fn of_javascript(letters: &[char], at: usize) -> Option<&'static str> {
    match (letters.get(at), letters.get(at + 1), letters.get(at + 2)) {
        (Some('='), Some('>'), _) => {
            Some("there are no arrow functions: write list.exists(item, item > 1), and likewise all, exists_one, map and filter")
        }
        (Some('='), Some('='), Some('=')) => Some("`===` means nothing here; compare with `==`, which never converts"),
        (Some('!'), Some('='), Some('=')) => Some("`!==` means nothing here; compare with `!=`, which never converts"),
        (Some('?'), Some('.'), _) => Some("`?.` means nothing here; ask first: has(a.b) && a.b > 1"),
        (Some('?'), Some('?'), _) => Some("`??` means nothing here; write has(a.b) ? a.b : 1"),
        _ => None,
    }
}

fn sign(letters: &[char], at: &mut usize) -> Result<Token, ExpressionError> {
    let matches = |sign: &&&str| sign.chars().enumerate().all(|(place, letter)| letters.get(*at + place) == Some(&letter));
    if let Some(hint) = of_javascript(letters, *at) {
        return Err(ExpressionError::new(*at + 1, hint));
    }
    if let Some(sign) = SIGNS.iter().find(matches) {
        *at += sign.len();
        return Ok(Token::Sign(sign));
    }
    let letter = letters.get(*at).copied().unwrap_or(' ');
    let hint = match letter {
        '=' => "; compare with `==`",
        '&' => "; `and` is `&&`",
        '|' => "; `or` is `||`",
        _ => "",
    };
    Err(ExpressionError::new(*at + 1, format!("`{letter}` means nothing here{hint}")))
}
