// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Who may name what. A `[dependencies]` list is a proof; where none is possible, a name that is not written is the next best.

use tidy::{Finding, Source, read, refuse, written};

/// Packages that decide, and all that each of them may know.
const PURE: &[(&str, &[&str])] = &[
    ("alphabet", &[]),
    ("analytics", &["engine", "rustc-hash", "serde", "serde_json", "sketches-ddsketch", "stdx"]),
    ("edits", &["serde_json", "stdx", "thiserror"]),
    ("engine", &["croner", "expressions", "jiff", "petgraph", "rustc-hash", "schema", "serde_json", "stdx", "thiserror"]),
    ("expressions", &["minijinja", "serde_json", "stdx", "thiserror"]),
    ("models", &["jiff", "serde", "serde_json", "stdx", "thiserror"]),
    ("schema", &["jsonschema", "regex-automata", "regex-syntax", "rustc-hash", "serde_json", "stdx"]),
    ("stdx", &["percent-encoding", "serde_json", "sha2", "twox-hash"]),
];

fn rust(sources: &[Source]) -> impl Iterator<Item = &Source> {
    // The needles of these tests stand in these tests.
    sources.iter().filter(|source| matches!(source.extension(), "rs" | "toml") && !source.is_in("crates/tidy/"))
}

#[test]
fn only_the_addon_names_node_api() {
    let sources = written();
    let addon = |source: &Source| source.is_in("src/") || ["Cargo.toml", "build.rs"].contains(&source.path.as_str());
    let findings = rust(&sources).filter(|source| !addon(source)).flat_map(|source| source.naming(&["napi"]));
    refuse(findings, "Speak of the host instead; only `src/` knows what a JavaScript value is.");
}

#[test]
fn only_the_runtime_names_the_database() {
    let sources = written();
    let runtime = |source: &Source| source.is_in("crates/runtime/") || source.is_in("crates/pagesum/") || source.path == "Cargo.toml";
    let findings = rust(&sources).filter(|source| !runtime(source)).flat_map(|source| source.naming(&["rusqlite"]));
    refuse(findings, "Ask the store for it: `crates/runtime/src/store.rs`.");
}

#[test]
fn the_store_knows_no_driver() {
    let sources = written();
    let store = |source: &&Source| source.path == "crates/runtime/src/store.rs" || source.is_in("crates/runtime/src/store/");
    let own: Vec<&Source> = sources.iter().filter(store).collect();
    assert!(own.len() > 10, "the store was not found");
    let findings = own.into_iter().flat_map(|source| source.code_naming(&["driver", "Driver"]));
    refuse(findings, "Answer with an `Arrival`: `crates/runtime/src/store/backend.rs`; a backend gets batches and never sees an effect.");
}

#[test]
fn only_the_codec_names_the_library_of_wires() {
    let sources = written();
    let manifests = ["Cargo.toml", "crates/providers/Cargo.toml"];
    let codec = |source: &Source| source.path.starts_with("crates/providers/src/codec") || manifests.contains(&source.path.as_str());
    let findings = rust(&sources).filter(|source| !codec(source)).flat_map(|source| source.naming(&["rig_core", "rig-core"]));
    refuse(findings, "Speak of a `ModelBackend` instead: `crates/providers/src/backend.rs`.");
}

#[test]
fn only_the_providers_name_an_http_client() {
    let sources = written();
    let providers = |source: &Source| source.is_in("crates/providers/") || source.path == "Cargo.toml";
    let findings = rust(&sources).filter(|source| !providers(source)).flat_map(|source| source.naming(&["reqwest"]));
    refuse(findings, "Ask the transport for it: `crates/providers/src/transport.rs`.");
}

#[test]
fn only_its_own_package_names_the_library_of_mcp() {
    let sources = written();
    let own = |source: &Source| source.is_in("crates/mcp/") || source.path == "Cargo.toml";
    let findings = rust(&sources).filter(|source| !own(source)).flat_map(|source| source.naming(&["rmcp"]));
    refuse(findings, "Speak of a `Client` instead: `crates/mcp/src/client.rs`.");
}

#[test]
fn only_native_ts_imports_the_generated_binding() {
    let sources = written();
    let script = |source: &&Source| ["ts/", "__test__/", "examples/", "bench/"].iter().any(|folder| source.is_in(folder));
    let findings = sources.iter().filter(script).filter(|source| source.path != "ts/boundary/native.ts").flat_map(|source| {
        let imports = source.naming(&["native/binding", "/native/'", "/native'", ".node'"]).into_iter();
        imports.filter(|finding| ["import", "from ", "require("].iter().any(|word| finding.to_string().contains(word)))
    });
    refuse(findings, "Import it from `ts/boundary/native.ts`, where errors get their classes and arrays their layout.");
}

/// Test runners replace them while ours are at work; `real-time.ts` took them before.
const REAL_TIME: &[&str] = &[
    "setTimeout",
    "setInterval",
    "setImmediate",
    "clearTimeout",
    "clearInterval",
    "clearImmediate",
    "queueMicrotask",
    "nextTick",
    // Figures are called so too: it is taken by a member, or under another name.
    "performance.now",
    "performance.timeOrigin",
    "= performance",
    "Date.now",
    "Date()",
    "AbortSignal.timeout",
];

#[test]
fn only_real_time_ts_names_the_timers_of_the_process() {
    let sources = written();
    let ours = |source: &&Source| source.is_in("ts/") && source.path != "ts/base/real-time.ts";
    let findings = sources.iter().filter(ours).flat_map(|source| source.code_naming(REAL_TIME));
    refuse(findings, "Ask `real` for it: `ts/base/real-time.ts`; or, if an execution waits for it, the clock of its orchestrator.");
}

/// Ways past the logger that a user has given.
const SPEAKING: &[&str] = &["process.stderr", "process.stdout", "emitWarning", "console", "io::stderr", "io::stdout"];

#[test]
fn only_log_ts_speaks_to_people() {
    let sources = written();
    let ships =
        |source: &&Source| source.is_in("ts/") || source.is_in("src/") || (source.is_in("crates/") && source.path.contains("/src/"));
    // Servers of the Model Context Protocol inherit ours. What `MAO_LOG` asks for is to find faults of ours by, and no logger is at hand there.
    let own = ["ts/log/log.ts", "crates/mcp/src/process.rs", "crates/runtime/src/diagnostics.rs"];
    let ours = |source: &&Source| ships(source) && !own.contains(&source.path.as_str()) && !source.is_in("crates/tidy/");
    let findings = sources.iter().filter(ours).flat_map(|source| source.code_naming(SPEAKING));
    refuse(findings, "Give it to the `Log` of the orchestrator: `ts/log/log.ts`; in Rust to `Health::tell`.");
}

#[test]
fn packages_that_decide_depend_on_what_they_may() {
    let findings = PURE.iter().flat_map(|(package, allowed)| {
        let manifest = read(&format!("crates/{package}/Cargo.toml"));
        let found = dependencies(&manifest);
        assert_eq!(found.is_empty(), allowed.is_empty(), "the dependencies of `{package}` were not found");
        found
            .into_iter()
            .filter(|(_, name)| !allowed.contains(&name.as_str()))
            .map(|(line, name)| manifest.finding(line, name))
            .collect::<Vec<_>>()
    });
    refuse(findings, "Propose it in one paragraph of `ARCHITECTURE.md`, then add it to `PURE` in this test.");
}

/// The names under `[dependencies]` and `[build-dependencies]`, with their lines.
fn dependencies(manifest: &Source) -> Vec<(usize, String)> {
    let mut counts = false;
    let mut names = Vec::new();
    for (number, line) in manifest.lines() {
        if line.starts_with('[') {
            counts = line.ends_with("dependencies]") && !line.contains("dev-");
        } else if let Some((name, _)) = line.split_once('=').filter(|_| counts) {
            names.push((number, name.trim().to_owned()));
        }
    }
    names
}

#[test]
fn packages_that_decide_name_no_effect() {
    let effects = [
        "time::Instant",
        "SystemTime",
        "std::fs",
        "std::thread",
        "std::env",
        "std::net",
        "std::process",
        "std::io",
        "std::sync::Mutex",
        "tokio",
        "rand::",
        "getrandom",
        "println!",
    ];
    let sources = written();
    let findings = PURE.iter().flat_map(|(package, _)| {
        let folder = format!("crates/{package}/src/");
        let own: Vec<&Source> = sources.iter().filter(|source| source.is_in(&folder)).collect();
        assert!(!own.is_empty(), "`{folder}` was not found");
        own.into_iter().flat_map(|source| source.naming(&effects)).collect::<Vec<_>>()
    });
    refuse(findings, "Take it as an argument, or leave it to `crates/runtime`.");
}

#[test]
fn every_package_keeps_the_lints_of_the_workspace() {
    let sources = written();
    let manifests = sources.iter().filter(|source| source.path.ends_with("Cargo.toml"));
    let findings =
        manifests.filter(|manifest| !manifest.text.contains("[lints]\nworkspace = true")).map(|manifest| manifest.finding(1, "no lints"));
    refuse(findings, "Add `[lints]` with `workspace = true`.");
}

#[test]
fn every_synchronous_export_catches_unwinding() {
    let sources = written();
    let addon: Vec<&Source> = sources.iter().filter(|source| source.is_in("src/")).collect();
    let exports: Vec<Export> = addon.iter().flat_map(|source| exports(source)).collect();
    assert!(exports.len() > 15, "only {} exports were found", exports.len());
    let findings = exports.into_iter().filter(|export| !export.catches).map(|export| export.finding);
    refuse(findings, "Write `#[napi(catch_unwind)]`: a panic that reaches Node ends the process.");
}

/// A synchronous function that JavaScript may call.
struct Export {
    finding: Finding,
    catches: bool,
}

fn exports(source: &Source) -> Vec<Export> {
    let mut exports = Vec::new();
    let mut attribute: Option<String> = None;
    let mut depth = 0;
    for (number, line) in source.lines() {
        let line = line.trim();
        let begins = depth == 0 && line.starts_with("#[");
        if begins && line.starts_with("#[napi") {
            attribute = Some(String::new());
        }
        if begins || depth > 0 {
            // An attribute may take several lines, and others may follow it.
            if let Some(text) = &mut attribute {
                text.push_str(line);
            }
            depth += line.matches('[').count();
            depth -= line.matches(']').count();
            continue;
        }
        if line.starts_with("//") {
            continue;
        }
        if let Some(text) = attribute.take()
            && let Some((before, name)) = line.split_once("fn ")
            && !before.contains("async")
        {
            let name = name.split('(').next().unwrap_or_default();
            exports.push(Export {
                finding: source.finding(number, format!("`{name}` lets a panic through")),
                catches: text.contains("catch_unwind"),
            });
        }
    }
    exports
}
