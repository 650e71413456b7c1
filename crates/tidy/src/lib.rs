// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The tree as text, for the tests beside this file. In reading order:
//!
//! - `tests/files.rs`: what holds for each file by itself: banner, size, nothing unfinished, no trace of a machine.
//! - `tests/borders.rs`: who may name what: Node-API, the generated binding, `SQLite`, clocks and other effects.
//! - `tests/clocks.rs`: who reads a clock.
//! - `tests/circles.rs`: modules that name each other.
//! - `tests/agreements.rs`: what is written in two places and must be the same.
//! - `tests/words.rs`: what users read names its actor.
//!
//! A finding names its file and line, and every test ends with the way out.

#![forbid(unsafe_code)]

pub mod modules;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that are made, not written. In a worktree of git `.git` is a file that names the checkout it belongs to.
const MADE: &[&str] = &[".git", ".cache", ".study", "dist", "node_modules", "target"];

/// Files that are made and committed.
const GENERATED: &[&str] =
    &["Cargo.lock", "THIRD-PARTY-LICENSES.txt", "index.d.ts", "pnpm-lock.yaml", "ts/native/alphabet.ts", "ts/native/binding.d.cts"];

/// One file of the repository.
#[derive(Debug)]
pub struct Source {
    /// From the root, with `/`.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// Something that must not be, and where it is.
#[derive(Debug)]
pub struct Finding {
    path: String,
    line: usize,
    what: String,
}

/// Every text file that is written by hand, in the order of paths.
pub fn written() -> Vec<Source> {
    let mut sources = everything();
    sources.retain(|source| !GENERATED.contains(&source.path.as_str()) && !source.path.ends_with("package-lock.json"));
    sources
}

/// Every text file, those that are generated and committed included.
///
/// # Panics
/// If the tree is not where it was.
pub fn everything() -> Vec<Source> {
    let mut sources = Vec::new();
    walk(&root(), &mut sources);
    sources.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    assert!(sources.iter().any(|source| source.path == "Cargo.toml"), "the tree is not where it was");
    sources
}

/// The text of a file that must be there.
pub fn read(path: &str) -> Source {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| format!("{path}: {error}"));
    Source { path: path.to_owned(), text }
}

/// Whether there is such a file or folder.
pub fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// Ends the test if anything was found.
///
/// # Panics
/// With the findings and the way out.
#[track_caller]
pub fn refuse(findings: impl IntoIterator<Item = Finding>, way_out: &str) {
    let findings: Vec<String> = findings.into_iter().map(|finding| format!("  {finding}\n")).collect();
    assert!(findings.is_empty(), "\n{}{way_out}", findings.concat());
}

impl Source {
    /// What stands behind the last dot of its name.
    pub fn extension(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// Whether it is in this folder, written `folder/`.
    pub fn is_in(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    /// Whether it tests something.
    pub fn is_test(&self) -> bool {
        self.is_in("__test__/") || self.path.contains("/tests/")
    }

    /// Its lines, with numbers from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// A finding in one of its lines.
    pub fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, what: what.into() }
    }

    /// Each line that holds one of `needles`.
    pub fn naming(&self, needles: &[&str]) -> Vec<Finding> {
        let found = |(number, line): (usize, &str)| {
            let needle = needles.iter().find(|needle| line.contains(**needle))?;
            Some(self.finding(number, format!("`{needle}` in `{}`", line.trim())))
        };
        self.lines().filter_map(found).collect()
    }

    /// Its lines without those that are comments.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().filter(|(_, line)| !["//", "/*", "*"].iter().any(|mark| line.trim_start().starts_with(mark)))
    }

    /// Each line of code that names one of these globals.
    pub fn code_naming(&self, globals: &[&'static str]) -> Vec<Finding> {
        let naming = |(number, line): (usize, &str)| globals.iter().find(|name| names(line, name)).map(|name| self.finding(number, *name));
        self.code().filter_map(naming).collect()
    }
}

/// Whether a line names a global: not as a member of another object, and not as a part of a longer name.
fn names(line: &str, global: &str) -> bool {
    let longer = |char: char| char.is_alphanumeric() || matches!(char, '_' | '$');
    line.match_indices(global).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + global.len()..]);
        let member = before.ends_with('.') && !before.ends_with("process.") && !before.ends_with("globalThis.");
        // A text that is just this word is data, unless it is a key.
        let text = before.ends_with('\'') && after.starts_with('\'') && !before.ends_with("['");
        !member && !text && !before.ends_with(longer) && !after.starts_with(longer)
    })
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn walk(folder: &Path, sources: &mut Vec<Source>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        let Some(name) = name.to_str() else { continue };
        match entry.file_type() {
            _ if MADE.contains(&name) => {}
            Ok(kind) if kind.is_dir() => walk(&path, sources),
            Ok(kind) if kind.is_file() && !is_ignored(name) => {
                // What is not text is nothing to read.
                let (Ok(text), Ok(path)) = (fs::read_to_string(&path), path.strip_prefix(root())) else { continue };
                sources.push(Source { path: path.to_string_lossy().replace('\\', "/"), text });
            }
            _ => {}
        }
    }
}

/// As `.gitignore` says; and in a linked working tree `.git` is a file.
fn is_ignored(name: &str) -> bool {
    name == ".git" || [".node", ".tgz", ".log"].iter().any(|suffix| name.ends_with(suffix))
}
