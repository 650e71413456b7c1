// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The value of a tree. Values of the scope are borrowed; what is made is counted.

#![expect(clippy::wildcard_enum_match_arm, reason = "most values and nodes are of a type that most operations do not take")]

use crate::error::EvaluationError;
use crate::foreign;
use crate::functions;
use crate::number::shown;
use crate::syntax::{Kind, Macro, Node, Operator};
use crate::{BYTES_MAX, STEPS_MAX};
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use std::cmp::Ordering;
use stdx::{counted, nearest};

pub(crate) type Evaluated<'a> = Result<Cow<'a, Value>, EvaluationError>;

pub(crate) fn evaluate(root: &Node, scope: &Value) -> Result<Value, EvaluationError> {
    let mut evaluator = Evaluator { scope, steps: STEPS_MAX, bytes: BYTES_MAX, item: None };
    let value = evaluator.value(root)?;
    evaluator.own(value)
}

pub(crate) struct Evaluator<'a> {
    scope: &'a Value,
    steps: u32,
    bytes: usize,
    /// What a macro looks at, and its name: macros do not nest.
    item: Option<(&'a str, Cow<'a, Value>)>,
}

impl<'a> Evaluator<'a> {
    /// So many steps of work.
    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), EvaluationError> {
        let left = u32::try_from(steps).ok().and_then(|steps| self.steps.checked_sub(steps));
        self.steps = left.ok_or(EvaluationError::TooManySteps { limit: STEPS_MAX })?;
        Ok(())
    }

    /// So many bytes made.
    pub(crate) fn make(&mut self, bytes: usize) -> Result<(), EvaluationError> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(EvaluationError::TooManyBytes { limit: BYTES_MAX })?;
        self.spend(bytes / 64)
    }

    /// A value of its own; the copy is paid for before it is made.
    pub(crate) fn own(&mut self, value: Cow<'a, Value>) -> Result<Value, EvaluationError> {
        match value {
            Cow::Owned(value) => Ok(value),
            Cow::Borrowed(value) => {
                self.weigh(value)?;
                Ok(value.clone())
            }
        }
    }

    pub(crate) fn weigh(&mut self, value: &Value) -> Result<(), EvaluationError> {
        // What a value costs beside what it holds.
        const EACH: usize = 64;
        self.make(EACH)?;
        self.spend(1)?;
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
            Value::String(text) => self.make(text.len()),
            Value::Array(items) => items.iter().try_for_each(|item| self.weigh(item)),
            Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
                self.make(key.len() + EACH)?;
                self.weigh(value)
            }),
        }
    }

    pub(crate) fn value(&mut self, node: &'a Node) -> Evaluated<'a> {
        self.spend(1)?;
        match &node.kind {
            Kind::Literal(value) => Ok(Cow::Borrowed(value)),
            Kind::Name(name) => self.name(name),
            Kind::List(items) => {
                let mut list = Vec::new();
                for item in items {
                    let item = self.value(item)?;
                    self.make(64)?;
                    list.push(self.own(item)?);
                }
                Ok(Cow::Owned(Value::Array(list)))
            }
            Kind::Map(entries) => self.map(entries),
            Kind::Not(inner) => match self.value(inner)?.as_ref() {
                Value::Bool(holds) => Ok(boolean(!holds)),
                other => Err(wrong("`!`", other)),
            },
            Kind::Negate(inner) => {
                let value = self.value(inner)?;
                negate(&value)
            }
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right),
            Kind::Choice(condition, then, otherwise) => match self.value(condition)?.as_ref() {
                Value::Bool(true) => self.value(then),
                Value::Bool(false) => self.value(otherwise),
                other => Err(wrong("`? :`", other)),
            },
            Kind::Member(holder, key) => {
                let value = self.value(holder)?;
                member(value, key, holder)
            }
            Kind::Index(holder, index) => self.index(holder, index),
            Kind::Has(holder, key) => Ok(boolean(match self.value(holder)?.as_ref() {
                Value::Object(fields) => fields.get(key).is_some_and(|value| !value.is_null()),
                _ => false,
            })),
            Kind::Call(function, arguments) => {
                let arguments = arguments.iter().map(|argument| self.value(argument)).collect::<Result<Vec<_>, _>>()?;
                functions::call(self, *function, &arguments)
            }
            Kind::Macro(known, list, variable, body) => self.macro_(*known, list, variable, body),
        }
    }

    fn name(&mut self, name: &str) -> Evaluated<'a> {
        if let Some((variable, item)) = self.item.take() {
            let value = (variable == name).then(|| match &item {
                Cow::Borrowed(value) => Ok(Cow::Borrowed(*value)),
                Cow::Owned(value) => self.weigh(value).map(|()| Cow::Owned(value.clone())),
            });
            self.item = Some((variable, item));
            if let Some(value) = value {
                return value;
            }
        }
        Ok(Cow::Borrowed(self.scope.get(name).unwrap_or(&Value::Null)))
    }

    fn map(&mut self, entries: &'a [(Node, Node)]) -> Evaluated<'a> {
        let mut map = Map::new();
        for (key, value) in entries {
            let key = match self.value(key)?.into_owned() {
                Value::String(key) => key,
                other => return Err(wrong("a key of a map", &other)),
            };
            let value = self.value(value)?;
            self.make(key.len() + 128)?;
            let value = self.own(value)?;
            map.insert(key, value);
        }
        Ok(Cow::Owned(Value::Object(map)))
    }

    fn index(&mut self, holder: &'a Node, index: &'a Node) -> Evaluated<'a> {
        let value = self.value(holder)?;
        match self.value(index)?.as_ref() {
            Value::String(key) => member(value, key, holder),
            Value::Number(number) => {
                let place = number.as_i64().ok_or_else(|| wrong("an index", &Value::Number(number.clone())))?;
                let Value::Array(items) = value.as_ref() else { return Err(wrong("`[…]`", &value)) };
                let outside = EvaluationError::OutOfRange { index: place, len: items.len() };
                let place = usize::try_from(place).map_err(|_| outside.clone())?;
                match value {
                    Cow::Borrowed(Value::Array(items)) => items.get(place).map(Cow::Borrowed).ok_or(outside),
                    Cow::Owned(Value::Array(mut items)) if place < items.len() => Ok(Cow::Owned(items.swap_remove(place))),
                    _ => Err(outside),
                }
            }
            other => Err(wrong("an index", other)),
        }
    }

    fn binary(&mut self, operator: Operator, left: &'a Node, right: &'a Node) -> Evaluated<'a> {
        let one = self.value(left)?;
        match (operator, one.as_ref()) {
            (Operator::And, Value::Bool(false)) | (Operator::Or, Value::Bool(true)) => return Ok(one),
            (Operator::And | Operator::Or, Value::Bool(_)) => {
                let other = self.value(right)?;
                return if other.is_boolean() { Ok(other) } else { Err(wrong(&format!("`{}`", operator.sign()), &other)) };
            }
            (Operator::And | Operator::Or, other) => return Err(wrong(&format!("`{}`", operator.sign()), other)),
            _ => {}
        }
        let other = self.value(right)?;
        match operator {
            Operator::Equal => Ok(boolean(self.equal(&one, &other)?)),
            Operator::NotEqual => Ok(boolean(!self.equal(&one, &other)?)),
            Operator::Less => Ok(boolean(self.order(operator, &one, &other)? == Ordering::Less)),
            Operator::LessOrEqual => Ok(boolean(self.order(operator, &one, &other)? != Ordering::Greater)),
            Operator::Greater => Ok(boolean(self.order(operator, &one, &other)? == Ordering::Greater)),
            Operator::GreaterOrEqual => Ok(boolean(self.order(operator, &one, &other)? != Ordering::Less)),
            Operator::In => self.contains(&one, &other),
            Operator::Add => self.add(one, other),
            _ => arithmetic(operator, &one, &other),
        }
    }

    fn contains(&mut self, one: &Value, other: &Value) -> Evaluated<'a> {
        match other {
            Value::Array(items) => {
                for item in items {
                    if self.equal(one, item)? {
                        return Ok(boolean(true));
                    }
                }
                Ok(boolean(false))
            }
            Value::Object(fields) => Ok(boolean(one.as_str().is_some_and(|key| fields.contains_key(key)))),
            other => Err(wrong("`in`", other)),
        }
    }

    fn add(&mut self, one: Cow<'a, Value>, other: Cow<'a, Value>) -> Evaluated<'a> {
        match (one.as_ref(), other.as_ref()) {
            (Value::String(one), Value::String(other)) => {
                self.make(one.len() + other.len())?;
                Ok(Cow::Owned(Value::String(format!("{one}{other}"))))
            }
            (Value::Array(_), Value::Array(_)) => {
                let (Value::Array(mut items), Value::Array(more)) = (self.own(one)?, self.own(other)?) else {
                    return Ok(Cow::Owned(Value::Null));
                };
                items.extend(more);
                Ok(Cow::Owned(Value::Array(items)))
            }
            (one, other) => arithmetic(Operator::Add, one, other),
        }
    }

    /// Numbers are equal by value; nothing else is equal to a value of another type.
    pub(crate) fn equal(&mut self, one: &Value, other: &Value) -> Result<bool, EvaluationError> {
        self.spend(1)?;
        match (one, other) {
            (Value::Number(one), Value::Number(other)) => Ok(compare(one, other) == Some(Ordering::Equal)),
            (Value::String(one), Value::String(other)) => {
                self.spend(one.len().min(other.len()) / 256)?;
                Ok(one == other)
            }
            (Value::Array(one), Value::Array(other)) => {
                if one.len() != other.len() {
                    return Ok(false);
                }
                for (one, other) in one.iter().zip(other) {
                    if !self.equal(one, other)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Value::Object(one), Value::Object(other)) => {
                if one.len() != other.len() {
                    return Ok(false);
                }
                for (key, one) in one {
                    let Some(other) = other.get(key) else { return Ok(false) };
                    if !self.equal(one, other)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (one, other) => Ok(one == other),
        }
    }

    pub(crate) fn order(&mut self, operator: Operator, one: &Value, other: &Value) -> Result<Ordering, EvaluationError> {
        match (one, other) {
            (Value::Number(one), Value::Number(other)) => compare(one, other).ok_or(EvaluationError::Overflow),
            (Value::String(one), Value::String(other)) => {
                self.spend(one.len().min(other.len()) / 256)?;
                Ok(one.cmp(other))
            }
            (Value::Bool(one), Value::Bool(other)) => Ok(one.cmp(other)),
            _ => Err(EvaluationError::WrongType {
                operation: format!("`{}`", operator.sign()),
                found: format!("{} and {}", brief(one), brief(other)),
            }),
        }
    }

    fn macro_(&mut self, known: Macro, list: &'a Node, variable: &'a str, body: &'a Node) -> Evaluated<'a> {
        let list = self.value(list)?;
        let items: Vec<Cow<'a, Value>> = match list {
            Cow::Borrowed(Value::Array(items)) => items.iter().map(Cow::Borrowed).collect(),
            Cow::Owned(Value::Array(items)) => items.into_iter().map(Cow::Owned).collect(),
            Cow::Borrowed(Value::Object(fields)) => fields.keys().map(|key| Cow::Owned(Value::from(key.as_str()))).collect(),
            Cow::Owned(Value::Object(fields)) => fields.into_iter().map(|(key, _)| Cow::Owned(Value::from(key))).collect(),
            other => return Err(wrong("a macro", &other)),
        };
        // The list of what is looked at is made, too.
        self.make(items.len() * 64)?;
        let (mut held, mut made) = (0_usize, Vec::new());
        for item in items {
            self.item = Some((variable, item.clone()));
            let value = self.value(body)?;
            if known == Macro::Map {
                self.make(64)?;
                made.push(self.own(value)?);
                continue;
            }
            let Value::Bool(holds) = *value else { return Err(wrong("a macro that asks whether something holds", &value)) };
            held += usize::from(holds);
            match known {
                Macro::All if !holds => return Ok(boolean(false)),
                Macro::Exists if holds => return Ok(boolean(true)),
                Macro::Filter if holds => {
                    self.make(64)?;
                    made.push(self.own(item)?);
                }
                _ => {}
            }
        }
        self.item = None;
        Ok(match known {
            Macro::All => boolean(true),
            Macro::Exists => boolean(false),
            Macro::ExistsOne => boolean(held == 1),
            Macro::Map | Macro::Filter => Cow::Owned(Value::Array(made)),
        })
    }
}

fn member<'a>(value: Cow<'a, Value>, key: &str, holder: &Node) -> Evaluated<'a> {
    match value {
        Cow::Borrowed(Value::Object(fields)) => match fields.get(key) {
            Some(value) => Ok(Cow::Borrowed(value)),
            None => Err(no_such_key(fields, key, holder)),
        },
        Cow::Owned(Value::Object(mut fields)) => match fields.remove(key) {
            Some(value) => Ok(Cow::Owned(value)),
            None => Err(no_such_key(&fields, key, holder)),
        },
        other if other.is_null() => Err(EvaluationError::OfNull { holder: name_of(holder), key: key.to_owned() }),
        other => Err(match foreign::member(&other, key, &name_of(holder)) {
            Some(instead) => EvaluationError::NoSuchMember { found: brief(&other), key: key.to_owned(), instead },
            None => wrong(&format!("`.{key}`"), &other),
        }),
    }
}

fn no_such_key(fields: &Map<String, Value>, key: &str, holder: &Node) -> EvaluationError {
    let near = nearest(key, fields.keys().take(1000).map(String::as_str)).map(str::to_owned);
    EvaluationError::NoSuchKey { holder: name_of(holder), key: key.to_owned(), near }
}

/// How a person would say where a value comes from.
fn name_of(node: &Node) -> String {
    match &node.kind {
        Kind::Name(name) => name.clone(),
        Kind::Member(holder, key) => format!("{}.{key}", name_of(holder)),
        Kind::Index(holder, index) => match &index.kind {
            Kind::Literal(Value::String(key)) => format!("{}['{key}']", name_of(holder)),
            Kind::Literal(other) => format!("{}[{other}]", name_of(holder)),
            _ => format!("{}[…]", name_of(holder)),
        },
        _ => "the value".to_owned(),
    }
}

fn negate<'a>(value: &Value) -> Evaluated<'a> {
    let Value::Number(number) = value else { return Err(wrong("`-`", value)) };
    match number.as_i64() {
        Some(integer) => integer.checked_neg().map(number_of).ok_or(EvaluationError::Overflow),
        None => double(-number.as_f64().unwrap_or(0.0)),
    }
}

fn arithmetic<'a>(operator: Operator, one: &Value, other: &Value) -> Evaluated<'a> {
    let (Value::Number(a), Value::Number(b)) = (one, other) else {
        return Err(EvaluationError::WrongType {
            operation: format!("`{}`", operator.sign()),
            found: format!("{} and {}", brief(one), brief(other)),
        });
    };
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        if b == 0 && matches!(operator, Operator::Divide | Operator::Remainder) {
            return Err(EvaluationError::DivisionByZero);
        }
        let result = match operator {
            Operator::Add => a.checked_add(b),
            Operator::Subtract => a.checked_sub(b),
            Operator::Multiply => a.checked_mul(b),
            Operator::Divide => a.checked_div(b),
            Operator::Remainder => a.checked_rem(b),
            _ => None,
        };
        return result.map(number_of).ok_or(EvaluationError::Overflow);
    }
    let (a, b) = (a.as_f64().unwrap_or(0.0), b.as_f64().unwrap_or(0.0));
    double(match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide | Operator::Remainder if b == 0.0 => return Err(EvaluationError::DivisionByZero),
        Operator::Divide => a / b,
        _ => a % b,
    })
}

/// The order of two numbers by value, whatever their types.
#[expect(
    clippy::cast_precision_loss,
    reason = "beyond 2^53 a double does not tell neighbours apart; that is what comparing with one means"
)]
pub(crate) fn compare(one: &Number, other: &Number) -> Option<Ordering> {
    match (one.as_i64(), other.as_i64()) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        (Some(one), None) => (one as f64).partial_cmp(&other.as_f64()?),
        (None, Some(other)) => one.as_f64()?.partial_cmp(&(other as f64)),
        (None, None) => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

pub(crate) fn boolean<'a>(holds: bool) -> Cow<'a, Value> {
    Cow::Owned(Value::Bool(holds))
}

fn number_of<'a>(number: i64) -> Cow<'a, Value> {
    Cow::Owned(Value::from(number))
}

pub(crate) fn double<'a>(number: f64) -> Evaluated<'a> {
    Number::from_f64(number).map(|number| Cow::Owned(Value::Number(number))).ok_or(EvaluationError::Overflow)
}

pub(crate) fn wrong(operation: &str, found: &Value) -> EvaluationError {
    EvaluationError::WrongType { operation: operation.to_owned(), found: brief(found) }
}

/// A value as a message shows it.
pub(crate) fn brief(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("an array of {}", counted(items.len(), "item")),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.chars().count() > 40 => format!("\"{}…\"", text.chars().take(39).collect::<String>()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => shown(value),
    }
}
