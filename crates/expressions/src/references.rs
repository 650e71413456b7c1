// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What an expression or a template reads, as far as its text tells.

#![expect(clippy::wildcard_enum_match_arm, reason = "most values and nodes are of a type that most operations do not take")]

use crate::ROOTS;
use crate::error::ExpressionError;
use crate::shapes::{self, Suspect};
use crate::syntax::{Kind, Node, Operator};
use serde_json::Value;
use stdx::nearest;

/// The names of types in CEL, which are texts here.
const TYPES: &[&str] = &["int", "double", "string", "bool", "list", "map"];

/// What is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    roots: Vec<Root>,
    tasks: Vec<Reference>,
    results: Vec<Reference>,
    all_tasks: bool,
    all_results: bool,
    suspects: Vec<Suspect>,
}

/// A name that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Root {
    name: String,
    /// Which members of what it stands for; `None`: all, or not told by the text. Nothing for `tasks` and `results`.
    members: Vec<Option<String>>,
}

/// A task that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its id.
    pub id: String,
    /// What of it: `output`, `status`, …; `None`: all, or not told by the text.
    pub field: Option<String>,
    /// What of its output, as far as the text tells.
    pub member: Option<String>,
    /// Where, counted in characters from 1; 0 in a template.
    pub column: usize,
}

impl References {
    /// The names it begins with: `tasks`, `input`, `item`, …
    pub fn roots(&self) -> impl Iterator<Item = &str> {
        self.roots.iter().map(|root| root.name.as_str())
    }

    /// The tasks it reads, under `tasks` and under `results`.
    pub fn all(&self) -> impl Iterator<Item = &Reference> {
        self.tasks.iter().chain(&self.results)
    }

    /// The ids it reads under `tasks`.
    pub fn task_ids(&self) -> impl Iterator<Item = &str> {
        self.tasks.iter().map(|reference| reference.id.as_str())
    }

    /// The ids it reads under `results`.
    pub fn result_ids(&self) -> impl Iterator<Item = &str> {
        self.results.iter().map(|reference| reference.id.as_str())
    }

    /// The members it reads of what a name other than `tasks` and `results` stands for; `None`: all, or not told by the text.
    pub fn members(&self, name: &str) -> Option<Vec<&str>> {
        let root = self.roots.iter().find(|root| root.name == name)?;
        root.members.iter().map(Option::as_deref).collect()
    }

    /// Whether it reads the output of this task under `tasks`, and nothing else of it.
    pub fn reads_output_alone(&self, id: &str) -> bool {
        let mut read = self.tasks.iter().filter(|reference| reference.id == id).peekable();
        read.peek().is_some() && read.all(|reference| reference.field.as_deref() == Some("output"))
    }

    /// Whether it may read any task: `tasks` stands alone, or its key is computed.
    pub fn all_tasks(&self) -> bool {
        self.all_tasks
    }

    /// Whether it may read any result.
    pub fn all_results(&self) -> bool {
        self.all_results
    }

    /// What it reads that is certainly not there.
    pub fn suspects(&self) -> &[Suspect] {
        &self.suspects
    }

    /// Whether it may read this member of what a name other than `tasks` and `results` stands for.
    pub fn may_read(&self, name: &str, member: &str) -> bool {
        self.roots.iter().any(|root| root.name == name && root.members.iter().any(|read| read.as_deref().is_none_or(|read| read == member)))
    }

    /// Whether it looks at the `status` or `error` of this task, or compares its output with null: then it knows that there may be none.
    pub fn guards(&self, id: &str) -> bool {
        self.all().any(|reference| reference.id == id && matches!(reference.field.as_deref(), Some("status" | "error")))
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for Root { name, members } in &other.roots {
            self.add_root(name);
            for member in members {
                self.add_member(name, member.as_deref());
            }
        }
        for (own, others) in [(&mut self.tasks, &other.tasks), (&mut self.results, &other.results)] {
            for reference in others {
                if !own.contains(reference) {
                    own.push(reference.clone());
                }
            }
        }
        self.all_tasks |= other.all_tasks;
        self.all_results |= other.all_results;
        self.add_suspects(other.suspects.iter().cloned());
    }

    pub(crate) fn add_suspects(&mut self, suspects: impl IntoIterator<Item = Suspect>) {
        for suspect in suspects {
            if !self.suspects.contains(&suspect) {
                self.suspects.push(suspect);
            }
        }
    }

    pub(crate) fn add_root(&mut self, name: &str) {
        if !self.roots.iter().any(|root| root.name == name) {
            self.roots.push(Root { name: name.to_owned(), members: Vec::new() });
        }
    }

    pub(crate) fn add_member(&mut self, name: &str, member: Option<&str>) {
        self.add_root(name);
        let read = member.map(str::to_owned);
        if let Some(root) = self.roots.iter_mut().find(|root| root.name == name)
            && !root.members.contains(&read)
        {
            root.members.push(read);
        }
    }

    /// What of which task is read; `None` where the text does not tell which.
    pub(crate) fn add_task(&mut self, results: bool, read: Option<TaskRead<'_>>, column: usize) {
        let Some(TaskRead { id, field, member }) = read else {
            if results {
                self.all_results = true;
            } else {
                self.all_tasks = true;
            }
            return;
        };
        let owned = |text: &str| text.to_owned();
        let reference = Reference { id: owned(id), field: field.map(owned), member: member.map(owned), column };
        let list = if results { &mut self.results } else { &mut self.tasks };
        if !list.contains(&reference) {
            list.push(reference);
        }
    }
}

/// A task that is read, as the text has it.
#[derive(Clone, Copy)]
pub(crate) struct TaskRead<'a> {
    pub(crate) id: &'a str,
    pub(crate) field: Option<&'a str>,
    pub(crate) member: Option<&'a str>,
}

impl<'a> TaskRead<'a> {
    /// By the keys that follow `tasks` or `results`; `None` if there are none.
    pub(crate) fn of(results: bool, keys: &[&'a str]) -> Option<Self> {
        let (id, rest) = keys.split_first()?;
        let (field, rest) = if results { (Some("output"), rest) } else { (rest.first().copied(), rest.get(1..).unwrap_or_default()) };
        Some(Self { id, field, member: rest.first().copied().filter(|_| field == Some("output")) })
    }

    /// The same task, asked whether there is something to read.
    fn guarded(self) -> Self {
        Self { field: Some("status"), member: None, ..self }
    }
}

/// What a tree reads; a name that is none of [`ROOTS`] and `variables` is an error.
pub(crate) fn of(root: &Node, variables: &[&str]) -> Result<References, ExpressionError> {
    let mut finder = Finder { variables, bound: Vec::new(), found: References::default() };
    finder.visit(root)?;
    Ok(finder.found)
}

struct Finder<'a> {
    variables: &'a [&'a str],
    /// The names that macros gave to items.
    bound: Vec<String>,
    found: References,
}

impl Finder<'_> {
    fn visit(&mut self, node: &Node) -> Result<(), ExpressionError> {
        self.look_for_suspects(node);
        if let Some((results, read)) = self.task(node) {
            self.found.add_root(if results { "results" } else { "tasks" });
            self.found.add_task(results, Some(read), node.column);
            return Ok(());
        }
        if let Some((name, member, column)) = member_of_name(node) {
            return self.name(name, Some(member), column);
        }
        match &node.kind {
            Kind::Literal(_) => {}
            Kind::Name(name) => self.name(name, None, node.column)?,
            Kind::List(items) | Kind::Call(_, items) => items.iter().try_for_each(|item| self.visit(item))?,
            Kind::Map(entries) => entries.iter().try_for_each(|(key, value)| self.visit(key).and_then(|()| self.visit(value)))?,
            Kind::Not(inner) | Kind::Negate(inner) | Kind::Member(inner, _) | Kind::Has(inner, _) => self.visit(inner)?,
            Kind::Binary(operator, left, right) => {
                self.visit(left)?;
                self.visit(right).map_err(|error| dashed(*operator, left, right).unwrap_or(error))?;
                // A comparison with null knows that there may be nothing.
                if matches!(operator, Operator::Equal | Operator::NotEqual) {
                    for (one, other) in [(left, right), (right, left)] {
                        if matches!(other.kind, Kind::Literal(Value::Null))
                            && let Some((results, read)) = self.task(one)
                        {
                            self.found.add_task(results, Some(read.guarded()), one.column);
                        }
                    }
                }
            }
            Kind::Choice(condition, then, otherwise) => {
                self.visit(condition)?;
                self.visit(then)?;
                self.visit(otherwise)?;
            }
            Kind::Index(holder, index) => {
                self.visit(holder)?;
                self.visit(index)?;
            }
            Kind::Macro(_, list, variable, body) => {
                self.visit(list)?;
                self.bound.push(variable.clone());
                self.visit(body)?;
                self.bound.pop();
            }
        }
        Ok(())
    }

    fn name(&mut self, name: &str, member: Option<&str>, column: usize) -> Result<(), ExpressionError> {
        if self.bound.iter().any(|bound| bound == name) {
            return Ok(());
        }
        let known = || ROOTS.iter().chain(self.variables).copied();
        if !known().any(|known| known == name) {
            let hint = match nearest(name, known()) {
                _ if TYPES.contains(&name) => format!("type() gives a string: compare with '{name}'"),
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", known().collect::<Vec<_>>().join(", ")),
            };
            return Err(ExpressionError::new(column, format!("`{name}` is not defined here; {hint}")));
        }
        self.found.add_root(name);
        if matches!(name, "tasks" | "results") {
            self.found.add_task(name == "results", None, column);
        } else {
            self.found.add_member(name, member);
        }
        Ok(())
    }

    /// `tasks.a`, `tasks['a']`, `tasks.a.output…`, `results.a…`: whether it is a result, and what is read of it.
    fn task<'n>(&self, node: &'n Node) -> Option<(bool, TaskRead<'n>)> {
        let (root, steps) = self.chain(node)?;
        let results = match root {
            "tasks" => false,
            "results" => true,
            _ => return None,
        };
        let keys: Vec<&str> = steps.iter().map(|(key, _)| *key).collect();
        let read = TaskRead::of(results, &keys)?;
        // has(tasks.a.output.b) asks before it reads.
        Some((results, if matches!(node.kind, Kind::Has(..)) { read.guarded() } else { read }))
    }

    /// A name that no macro has given, and the keys that are read of it, each with its column; `None` where a key is computed.
    fn chain<'n>(&self, node: &'n Node) -> Option<(&'n str, Vec<(&'n str, usize)>)> {
        let mut steps = Vec::new();
        let mut at = node;
        loop {
            match &at.kind {
                Kind::Member(inner, key) | Kind::Has(inner, key) => {
                    steps.push((key.as_str(), at.column));
                    at = inner;
                }
                Kind::Index(inner, index) => {
                    let Kind::Literal(Value::String(key)) = &index.kind else { return None };
                    steps.push((key.as_str(), at.column));
                    at = inner;
                }
                Kind::Name(name) if !self.bound.contains(name) => {
                    steps.reverse();
                    return Some((name, steps));
                }
                _ => return None,
            }
        }
    }

    fn look_for_suspects(&mut self, node: &Node) {
        if let Kind::Binary(operator, left, right) = &node.kind {
            for (one, other) in [(left, right), (right, left)] {
                if let Some(("tasks", steps)) = self.chain(one)
                    && let [(id, _), ("status", _)] = *steps
                    && !matches!(one.kind, Kind::Has(..))
                {
                    let words = match (&other.kind, operator) {
                        (Kind::Literal(word), Operator::Equal | Operator::NotEqual) => vec![word],
                        (Kind::List(words), Operator::In) => words.iter().filter_map(literal).collect(),
                        _ => Vec::new(),
                    };
                    let unknown =
                        words.into_iter().filter_map(Value::as_str).filter_map(|word| shapes::unknown_status(id, word, other.column));
                    self.found.add_suspects(unknown);
                }
            }
        }
        if let Some((root, steps)) = self.chain(node) {
            self.found.add_suspects(shapes::unknown_member(root, &steps, self.variables));
        }
    }
}

/// `results.fetch-data` is a difference; where the right side is no name that is in sight, one key was meant.
fn dashed(operator: Operator, left: &Node, right: &Node) -> Option<ExpressionError> {
    let Kind::Member(holder, begin) = &left.kind else { return None };
    let mut first = right;
    while let Kind::Member(inner, _) | Kind::Index(inner, _) = &first.kind {
        first = inner;
    }
    let Kind::Name(end) = &first.kind else { return None };
    let key = format!("{begin}-{end}");
    let holder = match &holder.kind {
        Kind::Name(name) => name.as_str(),
        _ => "…",
    };
    (operator == Operator::Subtract)
        .then(|| ExpressionError::new(first.column, format!("`{end}` is not defined here; if `{key}` is one key, write {holder}['{key}']")))
}

fn literal(node: &Node) -> Option<&Value> {
    if let Kind::Literal(value) = &node.kind { Some(value) } else { None }
}

/// `name.member`, `name['member']` or `has(name.member)`: the name, the member, and where the name stands.
fn member_of_name(node: &Node) -> Option<(&str, &str, usize)> {
    let (inner, member) = match &node.kind {
        Kind::Member(inner, member) | Kind::Has(inner, member) => (inner, member),
        Kind::Index(inner, index) => match &index.kind {
            Kind::Literal(Value::String(member)) => (inner, member),
            _ => return None,
        },
        _ => return None,
    };
    if let Kind::Name(name) = &inner.kind { Some((name, member, inner.column)) } else { None }
}
