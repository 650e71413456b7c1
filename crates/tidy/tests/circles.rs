// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Modules of a package that name each other: what is in a circle is one thing in two files.

use tidy::modules::{Circle, Package};
use tidy::{Source, read, refuse, written};

/// Circles that stay, and why. A part of one is one too; a module more is not.
const HARMLESS: &[(&str, &str, &str)] = &[
    ("crates/alphabet/", "{effects, table}", "a table and the macro that reads it, with what follows from all rows"),
    (
        "crates/engine/",
        "execution::{command, event, input, models, scope, state}",
        "the words of one machine: what it is told, records and holds speak of each other",
    ),
    ("crates/engine/", "{plan, workflow}", "a plan hashes its definition when it is first asked, by the rules of reading one"),
    ("crates/engine/", "workflow::read::{groups, task}", "a recursive grammar: a group has tasks, and a task may be a group"),
    ("crates/expressions/", "{evaluate, functions}", "a recursive grammar: arguments of functions are expressions"),
    ("crates/model-driver/", "{book, choice, name}", "methods of one type, the `Book`, by what they are about"),
    (
        "crates/providers/",
        "codec::{decoder, reading, wires, writing}",
        "two directions of one wire: what is read depends on what was written",
    ),
    (
        "crates/runtime/",
        "{error, options, report, store}",
        "errors of the crate name what the store refuses, a key is read from what was recorded, and a store is whole if its executions can be told",
    ),
    (
        "crates/runtime/",
        "driver::{agents, attempts, outputs, parking, slots, timers}",
        "methods of one type, the `Driver`, by what they are about",
    ),
    (
        "crates/runtime/",
        "store::{archive, backend, inline, memory, questions, sqlite, writer}",
        "backends stand over stores, and what reads a store is made by what writes it",
    ),
    (
        "crates/runtime/",
        "store::sqlite::{audit, lock, open_error, place, schema}",
        "opening is one talk between the file, its lock and its tables, and its error names them all",
    ),
    ("src/", "{archive, copies, engine}", "methods of one type, the `Engine`, by what they are about"),
];

/// The folders of sources of every package.
fn folders(sources: &[Source]) -> Vec<String> {
    let mut folders: Vec<String> = sources
        .iter()
        .filter_map(|source| Some(source.path.strip_suffix("/src/lib.rs").or(source.path.strip_suffix("src/lib.rs"))?.to_owned()))
        .map(|package| if package.is_empty() { "src/".to_owned() } else { format!("{package}/src/") })
        .collect();
    folders.sort();
    folders
}

#[test]
fn modules_stand_in_an_order() {
    let sources = written();
    let folders = folders(&sources);
    assert!(folders.len() > 8, "only these packages were found: {folders:?}");
    let mut unused: Vec<&(&str, &str, &str)> = HARMLESS.iter().collect();
    let mut findings = Vec::new();
    for folder in folders {
        for Circle { name, named } in Package::read(&sources, &folder).circles() {
            if HARMLESS.iter().any(|(package, circle, _)| folder.starts_with(package) && is_part(&name, circle)) {
                unused.retain(|(package, circle, _)| !(folder.starts_with(package) && is_part(&name, circle)));
            } else {
                findings.push(read(&format!("{folder}lib.rs")).finding(1, format!("`{name}` is a circle, by {}", named.join(", "))));
            }
        }
    }
    assert!(unused.is_empty(), "these are circles no more, take them out of `HARMLESS`: {unused:?}");
    refuse(findings, "Give what both need a file of its own below them, or have one of them told what it asks for now.");
}

/// Whether `pool::{a, b}` is part of `pool::{a, b, c}`.
fn is_part(circle: &str, whole: &str) -> bool {
    let parts = |circle: &str| {
        let (above, names) = circle.trim_end_matches('}').split_once('{').unwrap_or_default();
        (above.to_owned(), names.split(", ").map(str::to_owned).collect::<Vec<_>>())
    };
    let ((above, names), (of, all)) = (parts(circle), parts(whole));
    above == of && names.iter().all(|name| all.contains(name))
}

#[test]
fn a_circle_is_found() {
    let source = |path: &str, text: &str| Source { path: format!("x/src/{path}"), text: text.to_owned() };
    let circles = |files: &[Source]| Package::read(files, "x/src/").circles().into_iter().map(|circle| circle.name).collect::<Vec<_>>();
    let lib = source("lib.rs", "mod a;\nmod b;\npub use b::{B, deep::C};\n");
    let apart = [source("lib.rs", "mod a;\nmod b;\n"), source("a.rs", "use crate::b::B;\n"), source("b.rs", "// use crate::a::A;\n")];
    assert_eq!(circles(&apart), [""; 0]);
    let direct = [source("a.rs", "use crate::b::B;\n"), source("b.rs", "fn f() -> crate::a::A {}\n")];
    assert_eq!(circles(&direct), ["{a, b}"]);
    let given_on = [lib, source("a.rs", "use crate::C;\n"), source("b.rs", "use super::a;\n"), source("b/deep.rs", "")];
    assert_eq!(circles(&given_on), ["{a, b}"]);
    let below = [source("p.rs", "mod one;\n"), source("p/one.rs", "use super::{P, two::Two};\n"), source("p/two.rs", "use super::one;\n")];
    assert_eq!(circles(&below), ["p::{one, two}"]);
    let tested = [source("a.rs", "use crate::b::B;\n"), source("b.rs", "#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n")];
    assert_eq!(circles(&tested), [""; 0]);
    assert!(is_part("p::{a, b}", "p::{a, b, c}") && !is_part("p::{a, d}", "p::{a, b, c}") && !is_part("{a, b}", "p::{a, b, c}"));
}
