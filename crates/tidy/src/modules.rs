// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which module of a package names which, read from its text: `use` declarations, and paths that begin with `crate` or `super`.
//! What a module gives on (`pub use`) is followed to where it stands.

use crate::Source;
use std::collections::{BTreeMap, BTreeSet};

/// The path of a module from the root of its package, which is empty.
pub type Path = Vec<String>;

/// The modules of one package.
#[derive(Debug, Default)]
pub struct Package {
    modules: BTreeMap<Path, Module>,
}

#[derive(Debug, Default)]
struct Module {
    file: String,
    /// The name as it is known here, and what it stands for.
    names: BTreeMap<String, Path>,
    /// What is named, with the line.
    named: Vec<(usize, Path)>,
}

/// Siblings that name each other, directly or by way of others.
#[derive(Debug, PartialEq, Eq)]
pub struct Circle {
    /// The siblings with the module they are in, `pool::{agents, queue}`.
    pub name: String,
    /// A name in each of them that keeps it: `file:line`.
    pub named: Vec<String>,
}

impl Package {
    /// The package whose sources are in `folder`, written `crates/engine/src/`.
    pub fn read(sources: &[Source], folder: &str) -> Self {
        let own = sources.iter().filter(|source| source.is_in(folder) && source.extension() == "rs");
        let mut package = Self::default();
        for source in own {
            let path = path_of(source.path.trim_start_matches(folder));
            let mut module = Module { file: source.path.clone(), ..Module::default() };
            for (line, words) in paths(&code(&source.text)) {
                let (name, target) = absolute(&path, words);
                if let Some(name) = name {
                    module.names.insert(name, target.clone());
                }
                module.named.push((line, target));
            }
            package.modules.insert(path, module);
        }
        package
    }

    /// Every circle between modules that stand beside each other. A module and what is below it are one: parts see the whole they are of.
    pub fn circles(&self) -> Vec<Circle> {
        let mut edges: BTreeMap<(Path, Path), String> = BTreeMap::new();
        for (from, module) in &self.modules {
            for (line, target) in &module.named {
                let to = self.home(target);
                let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
                // One of them is above the other.
                if let (Some(one), Some(other)) = (from.get(..=shared), to.get(..=shared)) {
                    edges.entry((one.to_vec(), other.to_vec())).or_insert_with(|| format!("{}:{line}", module.file));
                }
            }
        }
        let reach = |start: &Path| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![start.clone()]);
            while let Some(at) = open.pop() {
                for (_, to) in edges.keys().filter(|(from, _)| *from == at) {
                    if seen.insert(to.clone()) {
                        open.push(to.clone());
                    }
                }
            }
            seen
        };
        let reached: BTreeMap<Path, BTreeSet<Path>> = edges.keys().map(|(from, _)| (from.clone(), reach(from))).collect();
        let mut groups: BTreeSet<Vec<Path>> = BTreeSet::new();
        for (at, all) in &reached {
            let group: Vec<Path> = all.iter().filter(|other| reached.get(*other).is_some_and(|back| back.contains(at))).cloned().collect();
            if group.len() > 1 {
                groups.insert(group);
            }
        }
        groups.into_iter().map(|group| circle(&group, &edges)).collect()
    }

    /// The module in which a path ends.
    fn home(&self, path: &Path) -> Path {
        let (mut at, mut rest): (Path, Path) = (Path::new(), path.clone());
        // Names that stand for each other end here.
        for _ in 0..32 {
            let Some((next, more)) = rest.split_first().map(|(next, more)| (next.clone(), more.to_vec())) else { break };
            let below: Path = at.iter().cloned().chain([next.clone()]).collect();
            if self.modules.contains_key(&below) {
                (at, rest) = (below, more);
            } else if let Some(target) = self.modules.get(&at).and_then(|module| module.names.get(&next)).filter(|target| **target != below)
            {
                (at, rest) = (Path::new(), target.iter().cloned().chain(more).collect());
            } else {
                break;
            }
        }
        at
    }
}

fn circle(group: &[Path], edges: &BTreeMap<(Path, Path), String>) -> Circle {
    let above = group.first().map_or(&[][..], |path| path.split_last().map_or(&[][..], |(_, above)| above));
    let names: Vec<&str> = group.iter().filter_map(|path| path.last()).map(String::as_str).collect();
    let within = edges.iter().filter(|((from, to), _)| group.contains(from) && group.contains(to));
    let inside = format!("{{{}}}", names.join(", "));
    let name = above.iter().map(String::as_str).chain([inside.as_str()]).collect::<Vec<_>>().join("::");
    Circle { name, named: within.map(|(_, place)| place.clone()).collect() }
}

/// `pool/agents.rs` is `pool::agents`.
fn path_of(file: &str) -> Path {
    let bare = file.trim_end_matches(".rs");
    if ["lib", "main"].contains(&bare) { Path::new() } else { bare.split('/').map(str::to_owned).collect() }
}

/// A source without comments, texts and its tests, line by line as it was.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut code = String::new();
    for line in text.lines() {
        let bare = line.trim_start();
        // Attributes hold texts, and texts of several lines hold no paths that begin as ours do.
        if !bare.starts_with("//") {
            code.push_str(line.split(" // ").next().unwrap_or_default());
        }
        code.push('\n');
    }
    code
}

/// Each path that begins with `crate`, `super` or `self`, or stands in a `use`, with its line and, in a `use`, the name it gets there.
fn paths(code: &str) -> Vec<(usize, (Path, Option<String>))> {
    let mut found = Vec::new();
    let mut rest = code;
    let line_of = |rest: &str| code[..code.len() - rest.len()].matches('\n').count() + 1;
    let word = |letter: char| letter.is_alphanumeric() || letter == '_';
    while let Some(at) = ["use ", "crate::", "super::"].iter().filter_map(|start| rest.find(start)).min() {
        let before = rest[..at].chars().next_back();
        rest = &rest[at..];
        let line = line_of(rest);
        if before.is_some_and(|letter| word(letter) || letter == ':') {
            rest = &rest[1..];
        } else if let Some(tree) = rest.strip_prefix("use ") {
            let end = tree.find(';').unwrap_or(tree.len());
            found.extend(leaves(&tree[..end]).into_iter().map(|leaf| (line, leaf)));
            rest = &tree[end..];
        } else {
            let end = rest.find(|letter: char| !word(letter) && letter != ':').unwrap_or(rest.len());
            found.push((line, (rest[..end].split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect(), None)));
            rest = &rest[end..];
        }
    }
    found
}

/// The leaves of a tree of uses.
fn leaves(tree: &str) -> Vec<(Path, Option<String>)> {
    let tree = tree.trim();
    if let Some((stem, branches)) = tree.split_once('{') {
        let branches = branches.trim_end().trim_end_matches('}');
        let stem: Vec<String> = stem.trim().split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
        for (at, letter) in branches.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    parts.push(&branches[start..at]);
                    start = at + 1;
                }
                _ => {}
            }
        }
        parts.push(&branches[start..]);
        let below = parts.into_iter().filter(|part| !part.trim().is_empty()).flat_map(leaves);
        return below
            .map(|(path, name)| (stem.iter().cloned().chain(path.into_iter().filter(|part| part != "self")).collect(), name))
            .collect();
    }
    let (path, name) = tree.split_once(" as ").map_or((tree, None), |(path, name)| (path, Some(name.trim().to_owned())));
    let path: Path = path.trim().split("::").map(str::to_owned).collect();
    let name = name.or_else(|| path.last().cloned());
    vec![(path, name)]
}

/// A path from the root of the package, and the name that it gets in `module`.
fn absolute(module: &Path, (words, name): (Path, Option<String>)) -> (Option<String>, Path) {
    let mut at = module.clone();
    let mut rest = words.as_slice();
    match rest.split_first().map(|(first, more)| (first.as_str(), more)) {
        Some(("crate", more)) => (at, rest) = (Path::new(), more),
        Some(("self", more)) => rest = more,
        _ => {}
    }
    while let Some(("super", more)) = rest.split_first().map(|(first, more)| (first.as_str(), more)) {
        at.pop();
        rest = more;
    }
    at.extend(rest.iter().cloned());
    (name, at)
}
