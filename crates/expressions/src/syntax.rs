// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The tree of an expression.

use serde_json::Value;

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) column: usize,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Literal(Value),
    Name(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    Choice(Box<Node>, Box<Node>, Box<Node>),
    Member(Box<Node>, String),
    Index(Box<Node>, Box<Node>),
    /// `has(a.b)`.
    Has(Box<Node>, String),
    Call(Function, Vec<Node>),
    Macro(Macro, Box<Node>, String, Box<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    LowerAscii,
    UpperAscii,
    Trim,
    Split,
    Join,
    ToText,
    ToInteger,
    ToDouble,
    ToBool,
    Type,
    Min,
    Max,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Macro {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
}

impl Operator {
    /// The operator a sign stands for, with how strongly it binds.
    pub(crate) fn of(sign: &str) -> Option<(Self, u8)> {
        Some(match sign {
            "||" => (Self::Or, 1),
            "&&" => (Self::And, 2),
            "==" => (Self::Equal, 3),
            "!=" => (Self::NotEqual, 3),
            "<" => (Self::Less, 3),
            "<=" => (Self::LessOrEqual, 3),
            ">" => (Self::Greater, 3),
            ">=" => (Self::GreaterOrEqual, 3),
            "in" => (Self::In, 3),
            "+" => (Self::Add, 4),
            "-" => (Self::Subtract, 4),
            "*" => (Self::Multiply, 5),
            "/" => (Self::Divide, 5),
            "%" => (Self::Remainder, 5),
            _ => return None,
        })
    }

    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

impl Function {
    /// Every function: its name, how many arguments it takes (the receiver of `a.f(b)` is the first), and itself.
    pub(crate) const ALL: &'static [(&'static str, std::ops::RangeInclusive<usize>, Self)] = &[
        ("size", 1..=1, Self::Size),
        ("contains", 2..=2, Self::Contains),
        ("startsWith", 2..=2, Self::StartsWith),
        ("endsWith", 2..=2, Self::EndsWith),
        ("lowerAscii", 1..=1, Self::LowerAscii),
        ("upperAscii", 1..=1, Self::UpperAscii),
        ("trim", 1..=1, Self::Trim),
        ("split", 2..=2, Self::Split),
        ("join", 1..=2, Self::Join),
        ("string", 1..=1, Self::ToText),
        ("int", 1..=1, Self::ToInteger),
        ("double", 1..=1, Self::ToDouble),
        ("bool", 1..=1, Self::ToBool),
        ("type", 1..=1, Self::Type),
        ("min", 1..=16, Self::Min),
        ("max", 1..=16, Self::Max),
    ];
}

impl Macro {
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "all" => Self::All,
            "exists" => Self::Exists,
            "exists_one" => Self::ExistsOne,
            "map" => Self::Map,
            "filter" => Self::Filter,
            _ => return None,
        })
    }
}
