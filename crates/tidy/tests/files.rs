// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What holds for each file by itself.

use tidy::{Source, everything, refuse, written};

const BANNER: &str = "// SPDX-License-Identifier: LicenseRef-NIA-Proprietary";

/// Lines of a file that one can hold in the head; scenarios are read one at a time.
const LINES_MAX: usize = 500;
const TEST_LINES_MAX: usize = 800;

fn is_code(source: &Source) -> bool {
    matches!(source.extension(), "rs" | "ts" | "mts" | "cts" | "js" | "mjs" | "cjs")
}

#[test]
fn every_source_carries_its_banner() {
    let sources = written();
    let findings = sources.iter().filter(|source| is_code(source)).filter_map(|source| {
        let (line, first) = source.lines().find(|(_, line)| !line.starts_with("#!/"))?;
        (first != BANNER).then(|| source.finding(line, format!("begins with `{first}`")))
    });
    refuse(findings, &format!("Begin the file with `{BANNER}`."));
}

#[test]
fn no_file_is_too_long_to_hold_in_the_head() {
    let sources = written();
    let findings = sources.iter().filter(|source| is_code(source)).filter_map(|source| {
        let (lines, most) = if source.is_test() { (told(source), TEST_LINES_MAX) } else { (source.lines().count(), LINES_MAX) };
        (lines > most).then(|| source.finding(most, format!("{lines} lines, {most} are the most")))
    });
    refuse(findings, "Give a part of it a name and a file of its own, beside or below this one.");
}

/// The lines of a test without the texts it expects, which a machine writes.
fn told(source: &Source) -> usize {
    let mut expected = false;
    let lines = source.lines().filter(|(_, line)| {
        let inside = expected;
        expected = if expected { !line.contains("]]") } else { line.contains("expect![[") && !line.contains("]]") };
        !inside
    });
    lines.count()
}

#[test]
fn nothing_unfinished_is_left() {
    let sources = written();
    let rust = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!("), concat!("#[ign", "ore")];
    let script = ["it", "test", "describe"].map(|word| [".only", ".skip(", ".skip.", ".todo"].map(|end| format!("{word}{end}"))).concat();
    let script: Vec<&str> = script.iter().map(String::as_str).collect();
    let findings = sources.iter().filter(|source| is_code(source)).flat_map(|source| {
        let words: &[&str] = if source.extension() == "rs" { &rust } else { &script };
        let mut found = source.naming(words);
        // The study looks for such words in other people's code.
        if !source.is_in("examples/study/") {
            found.extend(source.naming(&[concat!("FIX", "ME"), concat!("XX", "X:")]));
        }
        found
    });
    refuse(findings, "Finish it, take it out, or write an issue about it; what cannot run everywhere says where with `skipIf`.");
}

#[test]
fn nothing_names_a_machine_or_a_registry() {
    let traces = [
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("/ro", "ot/"),
        concat!("/work", "/main"),
        concat!("C:", "\\"),
        concat!("arti", "factory"),
        concat!("registry", ".npm"),
        concat!("registry", ".yarn"),
        concat!("index.", "crates.io"),
        concat!("\"resol", "ved\": \"http"),
    ];
    let sources = everything();
    let findings = sources.iter().flat_map(|source| source.naming(&traces));
    refuse(findings, "Paths come from the caller or from `import.meta.url`, registries from each machine's own configuration.");
}

#[test]
fn no_line_ends_in_white_space_or_hides_a_character() {
    let sources = written();
    let hidden =
        |letter: char| matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\r');
    let findings = sources.iter().filter(|source| is_code(source)).flat_map(|source| {
        source.lines().filter_map(move |(number, line)| {
            if line.contains(hidden) {
                return Some(source.finding(number, "a character that cannot be seen"));
            }
            // What a golden text expects is up to what it is compared with.
            (line.ends_with(' ') && !source.is_test()).then(|| source.finding(number, "white space at its end"))
        })
    });
    refuse(findings, "Write hidden characters as escapes; `npm run format` removes white space.");
}
