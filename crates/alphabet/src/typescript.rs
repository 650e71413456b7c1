// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the tables become in TypeScript.

use crate::{ALERTS, ANSWER, CLASSES, Class, EFFECT_WORDS, Form, HEADER_WORDS, READS_ALL, READS_UNKNOWN};
use std::fmt::Write;

const HEAD: &str = "\
// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Generated from `crates/alphabet` by `build.rs`: change the table there, and build.
";

const VIEW: &str = "\
/** Looks at one effect in an array of words, and may be moved to another. */
class View {
  readonly words: Float64Array
  place: number

  constructor(words: Float64Array, place = 0) {
    this.words = words
    this.place = place
  }
}
";

/// The file `ts/native/alphabet.ts`.
pub fn typescript() -> String {
    let mut text = HEAD.to_owned();
    // Writing to a string does not fail.
    let _ = write(&mut text);
    text.truncate(text.trim_end().len() + 1);
    text
}

fn write(text: &mut String) -> std::fmt::Result {
    writeln!(text, "\n/** Words of one answer: {}. */\nexport const ANSWER_WORDS = {}", ANSWER.join(", "), ANSWER.len())?;
    writeln!(text, "/** Of `reads`, in place of a bit for each: what is not known, and all. */")?;
    writeln!(text, "export const READS_UNKNOWN = {READS_UNKNOWN}\nexport const READS_ALL = {READS_ALL}")?;
    writeln!(
        text,
        "/** Words before the first effect: how many there are, flags, the next deadline. */\nexport const HEADER_WORDS = {HEADER_WORDS}"
    )?;
    writeln!(text, "/** In the second word of the header, beside 1 if there are more effects: the store has something to tell. */")?;
    writeln!(text, "export const ALERTS = {ALERTS}\nexport const EFFECT_WORDS = {EFFECT_WORDS}")?;
    writeln!(text, "\n/** The form of an answer. */\nexport const Form = {{")?;
    for (form, name, doc) in Form::ALL {
        comment(text, "  ", doc)?;
        writeln!(text, "  {}: {},", lower_first(name), *form as u8)?;
    }
    writeln!(text, "}} as const\n\n/** What the first word of an effect says above its lowest byte. */\nexport const EffectClass = {{")?;
    for (class, number) in CLASSES.iter().zip(0..) {
        writeln!(text, "  {}: {number},", lower_first(class.name))?;
    }
    writeln!(text, "}} as const\nexport type EffectClass = (typeof EffectClass)[keyof typeof EffectClass]\n\n{VIEW}")?;
    for (class, number) in CLASSES.iter().zip(0..) {
        class_of(text, class, number)?;
    }
    Ok(())
}

fn class_of(text: &mut String, class: &Class, number: u32) -> std::fmt::Result {
    let name = class.name;
    comment(text, "", class.doc)?;
    writeln!(text, "export const {name}Kind = {{")?;
    for (kind, code) in class.kinds.iter().zip(0..) {
        comment(text, "  ", kind.doc)?;
        writeln!(text, "  {}: {},", lower_first(kind.name), number << 8 | code)?;
    }
    writeln!(text, "}} as const\nexport type {name}Kind = (typeof {name}Kind)[keyof typeof {name}Kind]\n")?;
    writeln!(text, "export class {name}Effect extends View {{\n  get kind(): {name}Kind {{")?;
    writeln!(text, "    return this.words[this.place] as {name}Kind\n  }}")?;
    let mut place = 1;
    for field in class.fields {
        writeln!(text)?;
        comment(text, "  ", field.doc)?;
        getter(text, field.name, place)?;
        place += 1;
    }
    for (name, place, kinds) in own_fields(class, place) {
        writeln!(text, "\n  /** Of {}. */", kinds.join(", "))?;
        getter(text, name, place)?;
    }
    writeln!(text, "\n  /** What is kept of it when the view moves on. */\n  copy(): {name}Effect {{")?;
    writeln!(text, "    return new {name}Effect(this.words.slice(this.place, this.place + EFFECT_WORDS))\n  }}\n}}\n")
}

/// The fields that only some kinds of a class have: name, place, and which kinds.
fn own_fields(class: &Class, begin: usize) -> Vec<(&'static str, usize, Vec<String>)> {
    let mut fields: Vec<(&'static str, usize, Vec<String>)> = Vec::new();
    for kind in class.kinds {
        for (name, place) in kind.fields.iter().zip(begin..) {
            let of = format!("`{}`", lower_first(kind.name));
            match fields.iter_mut().find(|(known, at, _)| known == name && *at == place) {
                Some((.., kinds)) => kinds.push(of),
                None => fields.push((name, place, vec![of])),
            }
        }
    }
    fields
}

fn getter(text: &mut String, name: &str, place: usize) -> std::fmt::Result {
    writeln!(text, "  get {name}(): number {{\n    return this.words[this.place + {place}] as number\n  }}")
}

fn comment(text: &mut String, indent: &str, doc: &[&str]) -> std::fmt::Result {
    writeln!(text, "{indent}/** {} */", doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "))
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_name_stands_for_one_place_in_its_class() {
        for class in &CLASSES {
            let mut places: BTreeMap<&str, usize> = class.fields.iter().map(|field| field.name).zip(1..).collect();
            for (name, place, kinds) in own_fields(class, 1 + class.fields.len()) {
                assert_eq!(places.insert(name, place), None, "`{name}` of {} stands elsewhere for others: name it apart", kinds.join(", "));
            }
        }
    }
}
