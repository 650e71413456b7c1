// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Tokens become a tree, by precedence climbing. Every bound is kept while reading, so no input makes the reader recurse deeper than they allow.

#![expect(clippy::wildcard_enum_match_arm, reason = "one token or value of many matters here, and no new one would")]

use crate::error::ExpressionError;
use crate::foreign;
use crate::lexer::{Token, tokens};
use crate::syntax::{Function, Kind, Macro, Node, Operator};
use crate::{NESTING_MAX, NODES_MAX, SOURCE_BYTES_MAX};
use serde_json::Value;
use stdx::nearest;

pub(crate) fn parse(source: &str) -> Result<Node, ExpressionError> {
    if source.len() > SOURCE_BYTES_MAX {
        let message = format!(
            "an expression has at most {SOURCE_BYTES_MAX} bytes, this one has {}; compute it in a task and compare its output",
            source.len()
        );
        return Err(ExpressionError::new(1, message));
    }
    let mut parser = Parser { tokens: tokens(source)?, at: 0, depth: 0, nodes: 0, in_macro: false };
    if *parser.peek() == Token::End {
        return Err(ExpressionError::new(1, "the expression is empty; write a condition such as `input.count > 0`"));
    }
    let (root, _) = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(root),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

/// A tree and how deep it is.
type Tree = (Node, usize);

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    /// Of brackets, signs and conditionals.
    depth: usize,
    nodes: usize,
    in_macro: bool,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(_, token)| token)
    }

    fn column(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |(column, _)| *column)
    }

    fn take(&mut self, sign: &str) -> bool {
        let there = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), ExpressionError> {
        if self.take(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn unexpected(&self, expected: &str) -> ExpressionError {
        let found = match self.peek() {
            Token::End => "the end".to_owned(),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::Name(name) => format!("`{name}`"),
            Token::Integer(number) => format!("`{number}`"),
            Token::Double(number) => format!("`{number}`"),
            Token::Text(_) => "a string".to_owned(),
        };
        let hint = match self.peek() {
            Token::Name(name) if name == "and" => "; `and` is `&&`",
            Token::Name(name) if name == "or" => "; `or` is `||`",
            Token::Name(name) if name == "not" => "; `not` is `!`",
            // What stands before it was read as a name, or as a text that is empty.
            Token::Text(_) => "; strings have one pair of quotes and nothing before it",
            _ => "",
        };
        ExpressionError::new(self.column(), format!("expected {expected}, found {found}{hint}"))
    }

    fn node(&mut self, column: usize, kind: Kind, depth: usize) -> Result<Tree, ExpressionError> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(ExpressionError::new(
                column,
                format!("an expression has at most {NODES_MAX} parts; split it into several conditions"),
            ));
        }
        if depth > NESTING_MAX {
            let message = format!("operators, members and brackets are nested deeper than {NESTING_MAX}; split it into several conditions");
            return Err(ExpressionError::new(column, message));
        }
        Ok((Node { column, kind }, depth))
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, ExpressionError>) -> Result<T, ExpressionError> {
        // Reading takes a few frames for each level; the tree has its own bound.
        const READING_MAX: usize = NESTING_MAX / 2;
        if self.depth >= READING_MAX {
            return Err(ExpressionError::new(
                self.column(),
                format!("brackets and signs are nested deeper than {READING_MAX}; split it into several conditions"),
            ));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// `a ? b : c`, or less.
    fn expression(&mut self) -> Result<Tree, ExpressionError> {
        self.nested(|parser| {
            let (condition, depth) = parser.binary(0)?;
            let column = parser.column();
            if !parser.take("?") {
                return Ok((condition, depth));
            }
            let (then, one) = parser.expression()?;
            parser.expect(":")?;
            let (otherwise, other) = parser.expression()?;
            parser.node(column, Kind::Choice(condition.into(), then.into(), otherwise.into()), depth.max(one).max(other) + 1)
        })
    }

    fn binary(&mut self, binds: u8) -> Result<Tree, ExpressionError> {
        let (mut left, mut depth) = self.unary()?;
        loop {
            let sign = match self.peek() {
                Token::Sign(sign) => *sign,
                Token::Name(name) if name == "in" => "in",
                _ => return Ok((left, depth)),
            };
            let Some((operator, strength)) = Operator::of(sign).filter(|(_, strength)| *strength > binds) else { return Ok((left, depth)) };
            let column = self.column();
            self.at += 1;
            let (right, other) = self.binary(strength)?;
            (left, depth) = self.node(column, Kind::Binary(operator, left.into(), right.into()), depth.max(other) + 1)?;
        }
    }

    fn unary(&mut self) -> Result<Tree, ExpressionError> {
        let column = self.column();
        if self.take("!") {
            let (inner, depth) = self.nested(Self::unary)?;
            return self.node(column, Kind::Not(inner.into()), depth + 1);
        }
        if self.take("-") {
            let (inner, depth) = self.nested(Self::unary)?;
            return self.node(column, Kind::Negate(inner.into()), depth + 1);
        }
        let (mut node, mut depth) = self.primary()?;
        loop {
            let column = self.column();
            if self.take(".") {
                let Token::Name(name) = self.peek().clone() else { return Err(self.unexpected("a name after `.`")) };
                self.at += 1;
                (node, depth) = if self.take("(") {
                    self.method(column, node, depth, &name)?
                } else {
                    self.node(column, Kind::Member(node.into(), name), depth + 1)?
                };
            } else if self.take("[") {
                let (index, other) = self.expression()?;
                self.expect("]")?;
                (node, depth) = self.node(column, Kind::Index(node.into(), index.into()), depth.max(other) + 1)?;
            } else {
                return Ok((node, depth));
            }
        }
    }

    fn primary(&mut self) -> Result<Tree, ExpressionError> {
        let column = self.column();
        let token = self.peek().clone();
        let literal = match token {
            Token::Integer(number) => Value::from(number),
            Token::Double(number) => Value::from(number),
            Token::Text(text) => Value::from(text),
            Token::Name(name) => {
                self.at += 1;
                return match name.as_str() {
                    "true" => self.node(column, Kind::Literal(Value::Bool(true)), 1),
                    "false" => self.node(column, Kind::Literal(Value::Bool(false)), 1),
                    "null" => self.node(column, Kind::Literal(Value::Null), 1),
                    _ if self.take("(") => self.call(column, &name),
                    _ => self.node(column, Kind::Name(name), 1),
                };
            }
            Token::Sign("(") => {
                self.at += 1;
                let inner = self.expression()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Token::Sign("[") => {
                self.at += 1;
                let (items, depth) = self.items("]")?;
                return self.node(column, Kind::List(items), depth + 1);
            }
            Token::Sign("{") => return self.map(column),
            Token::Sign(_) | Token::End => return Err(self.unexpected("a value")),
        };
        self.at += 1;
        self.node(column, Kind::Literal(literal), 1)
    }

    fn items(&mut self, close: &'static str) -> Result<(Vec<Node>, usize), ExpressionError> {
        let (mut items, mut deepest) = (Vec::new(), 0);
        while !self.take(close) {
            if !items.is_empty() {
                self.expect(",")?;
            }
            let (item, depth) = self.expression()?;
            items.push(item);
            deepest = deepest.max(depth);
        }
        Ok((items, deepest))
    }

    fn map(&mut self, column: usize) -> Result<Tree, ExpressionError> {
        self.at += 1;
        let (mut entries, mut deepest) = (Vec::new(), 0);
        while !self.take("}") {
            if !entries.is_empty() {
                self.expect(",")?;
            }
            let (key, one) = self.expression()?;
            self.expect(":")?;
            let (value, other) = self.expression()?;
            deepest = deepest.max(one).max(other);
            entries.push((key, value));
        }
        self.node(column, Kind::Map(entries), deepest + 1)
    }

    fn call(&mut self, column: usize, name: &str) -> Result<Tree, ExpressionError> {
        if name == "has" {
            let (argument, depth) = self.expression()?;
            self.expect(")")?;
            let Kind::Member(holder, key) = argument.kind else {
                return Err(ExpressionError::new(column, "has() asks for a member, such as has(input.name)"));
            };
            return self.node(column, Kind::Has(holder, key), depth + 1);
        }
        let (arguments, depth) = self.items(")")?;
        self.function(column, name, arguments, depth)
    }

    fn method(&mut self, column: usize, receiver: Node, depth: usize, name: &str) -> Result<Tree, ExpressionError> {
        let Some(known) = Macro::of(name) else {
            let (mut arguments, other) = self.items(")")?;
            arguments.insert(0, receiver);
            return self.function(column, name, arguments, depth.max(other));
        };
        if std::mem::replace(&mut self.in_macro, true) {
            return Err(ExpressionError::new(
                column,
                format!("`{name}` inside another of all, exists, exists_one, map, filter; compute it in a task"),
            ));
        }
        let Token::Name(variable) = self.peek().clone() else { return Err(self.unexpected("a name for the items")) };
        self.at += 1;
        self.expect(",")?;
        let (body, other) = self.expression()?;
        self.expect(")")?;
        self.in_macro = false;
        self.node(column, Kind::Macro(known, receiver.into(), variable, body.into()), depth.max(other) + 1)
    }

    fn function(&mut self, column: usize, name: &str, arguments: Vec<Node>, depth: usize) -> Result<Tree, ExpressionError> {
        let Some((_, counts, function)) = Function::ALL.iter().find(|(known, ..)| *known == name) else {
            let names = Function::ALL.iter().map(|(known, ..)| *known).chain(["has", "all", "exists", "exists_one", "map", "filter"]);
            let way_out =
                foreign::function(name).map(str::to_owned).or_else(|| nearest(name, names).map(|near| format!("did you mean `{near}`?")));
            let way_out = way_out.map(|way_out| format!("; {way_out}")).unwrap_or_default();
            return Err(ExpressionError::new(column, format!("there is no function `{name}`{way_out}")));
        };
        if !counts.contains(&arguments.len()) {
            let wanted =
                if counts.start() == counts.end() { counts.start().to_string() } else { format!("{} to {}", counts.start(), counts.end()) };
            return Err(ExpressionError::new(
                column,
                format!("`{name}` takes {wanted} values, the receiver included, not {}", arguments.len()),
            ));
        }
        self.node(column, Kind::Call(*function, arguments), depth + 1)
    }
}
