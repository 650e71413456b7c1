// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is wrong with a definition, where, and the way out.

use crate::{Schema, SchemaError};

/// One problem of a definition.
#[derive(Debug)]
pub struct Problem {
    /// Where it is, such as `tasks[2].dependencies[0]`; empty for the definition as a whole.
    pub path: String,
    /// What it is.
    pub kind: ProblemKind,
}

/// How much a problem weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The definition cannot run.
    Error,
    /// It can, but probably not as meant.
    Warning,
}

/// The kinds of problem. The text says what is wrong, with which value, and what to do.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum ProblemKind {
    #[error("the definition is not JSON: {message}")]
    NotJson { message: String },
    #[error("expected {expected}, found {found}{instead}")]
    WrongType { expected: &'static str, found: String, instead: String },
    #[error("`{field}` is missing: add {hint}")]
    Missing { field: &'static str, hint: &'static str },
    #[error("unknown field `{field}`{}", way_out(*ours, *near))]
    UnknownField { field: String, near: Option<&'static str>, ours: Option<&'static str> },
    #[error("must not be empty")]
    Empty,
    #[error("`{id}` cannot be an id: JavaScript objects give it a meaning; choose another")]
    ReservedId { id: String },
    #[error("an id has at most {limit} bytes, this one has {len}")]
    IdTooLong { len: usize, limit: usize },
    #[error("an id must not contain control characters")]
    IdControlCharacter,
    #[error("`{id}` holds `{character}`, which is part of paths and of ids made from them; the id of a task may not hold / \\ ~ [ ] !")]
    IdOfPaths { id: String, character: char },
    #[error("the name of a signal must not contain control characters")]
    SignalControlCharacter,
    #[error("`{id}` is already the id of {first}; rename one of them: an id is unique in its workflow")]
    DuplicateId { id: String, first: String },
    #[error("task `{task}` depends on `{missing}`, which this workflow does not define{}", near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    UnknownDependency { task: String, missing: String, near: Option<String> },
    #[error("task `{task}` names the dependency `{dependency}` twice; remove one")]
    DuplicateDependency { task: String, dependency: String },
    #[error("these tasks wait for each other in a cycle: {cycle}; remove one of the edges")]
    Cycle { cycle: String },
    #[error(
        "{count} tasks exceed `workflow.maxTasks` ({limit}); split the workflow, or raise the limit of the orchestrator: `workflow: {{ maxTasks: {count} }}`"
    )]
    TooManyTasks { count: usize, limit: usize },
    #[error(
        "{count} conditions and templates are more than one workflow may hold ({limit}: two for each task that `workflow.maxTasks` allows, but 2000 at least); put data into the context, or split the workflow"
    )]
    TooManyTexts { count: usize, limit: usize },
    #[error("must be {expected}, found {found}{}", near.as_ref().map(|near| format!("; did you mean '{near}'?")).unwrap_or_default())]
    OneOf { expected: &'static str, found: String, near: Option<String> },
    #[error("must be {expected}, found {found}")]
    OutOfRange { expected: &'static str, found: String },
    #[error(
        "`{found}` is not a duration: use milliseconds or a string such as '250ms', '30s', '5m', '2h', '1d', at most '366d'{}",
        meant.as_ref().map(|meant| format!("; {meant}")).unwrap_or_default()
    )]
    BadDuration { found: String, meant: Option<String> },
    #[error("`maxDelay` is shorter than `initialDelay`, so no wait would be as long as asked; raise it or lower `initialDelay`")]
    MaxDelayTooShort,
    #[error("{message}")]
    BadFallback { message: String },
    #[error("not a JSON Schema that can be used: {message}")]
    BadSchema { message: String },
    #[error("the schema is too large: {message}")]
    LargeSchema { message: String },
    #[error("{fields} stand side by side; a task does one thing: keep one of them")]
    TooManyBodies { fields: String },
    #[error("`{field}` has no meaning on {what}; {instead}")]
    Meaningless { field: &'static str, what: &'static str, instead: &'static str },
    #[error(
        "groups, branches, loops and inline workflows are nested deeper than `workflow.maxDepth` ({limit}); flatten them, use child workflows by id, or raise the limit"
    )]
    TooDeep { limit: usize },
    #[error("`{field}` and `{other}` exclude each other; keep one of them")]
    Exclusive { field: &'static str, other: &'static str },
    #[error("{message}")]
    BadExpression { message: String },
    #[error("{message}")]
    BadTemplate { message: String },
    #[error("{}it reads task `{id}`, which this workflow does not define{}", at(*column), near.as_ref().map_or_else(|| "; name a task before this one".to_owned(), |near| format!("; did you mean `{near}`?")))]
    UnknownReference { id: String, column: usize, near: Option<String> },
    #[error("{}it reads task `{id}`, which is not an ancestor: a task can only read tasks that end before it; {way_out}", at(*column))]
    NotAncestor { id: String, column: usize, way_out: String },
    #[error("{}the output of `{id}` is null where it did not complete; guard it, for example with tasks['{id}'].status == 'completed'", at(*column))]
    MayBeNull { id: String, column: usize },
    #[error("{}`{id}` has given nothing when `while` is first judged; guard it with `iteration == 0 || …`, or use `until`", at(*column))]
    NoPassYet { id: String, column: usize },
    #[error("{}{message}", at(*column))]
    Misspelt { word: String, column: usize, message: String },
    #[error("{}`{holder}` never has `{word}`; {hint}", at(*column))]
    NoSuchMember { holder: String, word: String, column: usize, hint: String },
    #[error(
        "`{earlier}` and `{task}` run at the same time, since the order of `parallel` tasks means nothing; to run `{task}` after it write `dependencies: ['{earlier}']` here, and to say that they belong side by side put both into one `parallel` group"
    )]
    GroupsBeside { task: String, earlier: String },
    #[error("`signal` is defined only after the task's own `waitFor`; {way_out}")]
    NoSignal { way_out: &'static str },
    #[error("`{name}` is already the name of another branch; choose another, so that the output tells them apart")]
    DuplicateBranch { name: String },
    #[error("brackets are nested more than 127 levels deep; flatten the definition, or use child workflows by id")]
    NestedTooDeep,
    #[error(
        "task `{task}` depends on `{dependency}`, which stands in another group; dependencies name siblings: put the dependency on the group"
    )]
    NotSibling { task: String, dependency: String },
    #[error("`{rule}` asks how dependencies ended, and this task has none; add `dependencies` or leave the rule out")]
    RuleWithoutDependencies { rule: &'static str },
    #[error("and {count} more problems")]
    More { count: usize },
}

/// What to write in place of a field that is not known: what another product's word means here, or the word it is nearly.
fn way_out(ours: Option<&'static str>, near: Option<&'static str>) -> String {
    match (ours, near) {
        (Some(ours), _) => format!("; here that is {ours}"),
        (None, Some(near)) => format!("; did you mean `{near}`?"),
        (None, None) => "; remove it".to_owned(),
    }
}

/// The path of the object that a field stands in.
fn parent(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(parent, _)| parent)
}

/// Where in an expression; templates do not tell.
fn at(column: usize) -> String {
    if column == 0 { String::new() } else { format!("column {column}: ") }
}

impl ProblemKind {
    /// How much it weighs.
    pub fn severity(&self) -> Severity {
        // An error is never left out in favour of a warning, so `More` decides nothing.
        let warns = matches!(
            self,
            Self::DuplicateDependency { .. }
                | Self::MayBeNull { .. }
                | Self::NoPassYet { .. }
                | Self::Misspelt { .. }
                | Self::NoSuchMember { .. }
                | Self::GroupsBeside { .. }
                | Self::More { .. }
        );
        if warns { Severity::Warning } else { Severity::Error }
    }

    /// Whether a definition is refused for it only where it enters: one that stands in a store was accepted before this was a rule. Its reading goes on
    /// as if nothing was wrong.
    pub fn is_of_the_door(&self) -> bool {
        matches!(self, Self::IdOfPaths { .. } | Self::SignalControlCharacter)
    }

    /// The stable code of the problem, `None` where the message is all there is to act on.
    pub fn code(&self) -> Option<&'static str> {
        matches!(self, Self::BadSchema { .. }).then_some("ERR_SCHEMA_UNREPRESENTABLE")
    }
}

/// Collects problems up to a limit: a broken file of 100,000 tasks does not need 100,000 lines.
#[derive(Default)]
pub(super) struct Problems {
    list: Vec<Problem>,
    errors: usize,
    left_out: usize,
    /// Whether warnings are not wanted.
    quiet: bool,
    /// Whether the definition was accepted before, so that nothing of the door is a problem.
    accepted: bool,
    /// Parts of all schemas so far.
    schema_parts: usize,
}

impl Problems {
    /// At most this many problems are listed.
    pub(super) const LISTED_MAX: usize = 100;

    /// Parts of all schemas of one definition: compiling them takes a quarter of a second.
    const SCHEMA_PARTS_MAX: usize = 100_000;

    /// Without warnings, if they are not wanted.
    pub(super) fn new(quiet: bool) -> Self {
        Self { quiet, ..Self::default() }
    }

    /// Whether the definition was accepted before.
    pub(super) fn accepted(&self) -> bool {
        self.accepted
    }

    /// Whether one more schema may be compiled.
    pub(super) fn room_for_schemas(&self) -> Result<(), SchemaError> {
        let room = self.schema_parts <= Self::SCHEMA_PARTS_MAX;
        let message = || format!("the schemas of this workflow have more than {} parts in all; split it", Self::SCHEMA_PARTS_MAX);
        if room { Ok(()) } else { Err(SchemaError::TooLarge(message())) }
    }

    pub(super) fn count_schema(&mut self, schema: &Schema) {
        self.schema_parts += schema.parts();
    }

    /// Those of a definition that was accepted before.
    pub(super) fn of_the_accepted() -> Self {
        Self { quiet: true, accepted: true, ..Self::default() }
    }

    pub(super) fn push(&mut self, path: impl Into<String>, kind: ProblemKind) {
        let path = path.into();
        if self.accepted && kind.is_of_the_door() {
            return;
        }
        let is_error = kind.severity() == Severity::Error;
        if self.quiet && !is_error || self.is_told_by_another(&path, &kind) {
            return;
        }
        self.errors += usize::from(is_error);
        if self.is_full() {
            self.left_out += 1;
            // Warnings never hide an error.
            let warning = self.list.iter().rposition(|problem| problem.kind.severity() == Severity::Warning);
            match warning {
                Some(at) if is_error => self.list.remove(at),
                _ => return,
            };
        }
        self.list.push(Problem { path, kind });
    }

    /// Whether a field is missing because it was written under another name, which is reported where it stands: one mistake, one line.
    fn is_told_by_another(&self, path: &str, kind: &ProblemKind) -> bool {
        let ProblemKind::Missing { field, .. } = kind else { return false };
        let parent = parent(path);
        self.list.iter().any(|problem| {
            let ProblemKind::UnknownField { near, ours, .. } = &problem.kind else { return false };
            let is_meant = ours.map_or_else(
                || *near == Some(*field),
                |ours| ours.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == *field),
            );
            is_meant && self::parent(&problem.path) == parent
        })
    }

    /// Whether only errors in place of warnings are still listed.
    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= Self::LISTED_MAX
    }

    pub(super) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Every problem that is listed, to be said better.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Problem> {
        self.list.iter_mut()
    }

    pub(super) fn into_vec(mut self) -> Vec<Problem> {
        if self.left_out > 0 {
            self.list.push(Problem { path: String::new(), kind: ProblemKind::More { count: self.left_out } });
        }
        self.list
    }
}
