// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! "It is too long for this model", in the words of those who say it. Servers reword a sentence with every version, and proxies put it into one of
//! their own: so a shape is a few words that follow each other, whatever stands between. Tests hold each shape to a line that was seen, in
//! `tests/failures/too-long.txt`, and to lines that mean something else.

/// Words, one after the other; of each step, any.
type Shape = &'static [&'static [&'static str]];

/// Between two steps of a shape there is no more: it is one sentence.
const GAP_MAX: usize = 100;

const WINDOW: &[&str] = &["context length", "context window", "context size", "context limit", "model's context"];
const BEYOND: &[&str] = &["exceed", "longer than", "greater than", "larger than", "more than", "too large for", "overflow"];
const BOUND: &[&str] = &[
    "maximum input",
    "maximum allowed input",
    "maximum model length",
    "maximum number of tokens",
    "maximum sequence length",
    "max sequence length",
    "max length",
    "maximum length",
    "max_model_len",
    "max_seq_len",
    "max message tokens",
    "model token limit",
];
const ASKED: &[&str] =
    &["token count", "token length", "input tokens", "prompt tokens", "tokens in the prompt", "input length", "prompt length", "prompt ("];

/// They leave no doubt.
const SHAPES: [Shape; 21] = [
    &[&["maximum context length", "maximum prompt length", "context overflow"]],
    &[BEYOND, WINDOW],
    &[WINDOW, &["exceed", "overflow", "of only", "reached"]],
    &[&["tokens"], &["context length is", "context size is", "context window is"]],
    &[&["reached"], WINDOW],
    &[&["prompt", "input", "inputs", "text", "conversation", "messages"], &["is too long", "are too long", "too long;", "too long for"]],
    &[&["prompt too long", "input too long", "prompt tokens too long"]],
    &[ASKED, BEYOND],
    &[ASKED, &["only supports", "supports up to"]],
    &[BEYOND, BOUND],
    &[&["prompt exceeds"]],
    &[&["too many input tokens", "too many tokens: "]],
    &[&["max tokens of"], &["exceeded"]],
    &[&["inputs", "input", "prompt"], &["must have less than", "must have at most"], &["tokens"]],
    &[&["tokens"], &["must be <="]],
    &[&["range of input length should be"]],
    &[&["reduce the length of the"]],
    &[&["too large for"], &["max size"], &["tokens"]],
    &[&["input is too large to process"]],
    &[&["prompt", "输入", "上下文"], &["超长", "超出", "超过", "超限"]],
    // A single request beyond a limit per minute: no minute will have room for it.
    &[&["request too large for "]],
];

/// They may be said of a minute as well, where the status is that of too many requests.
const VAGUE: [Shape; 2] = [&[&["too many tokens"]], &[&["token limit exceeded", "tokens limit exceeded", "exceeds token limit"]]];

/// What is said of time, or of what was paid for, is not said of a request; the last of the shapes alone names both.
const OF_TIME: [&str; 21] = [
    "per minute",
    "per min",
    "per hour",
    "per day",
    "per month",
    "(tpm)",
    "(tpd)",
    "daily",
    "weekly",
    "monthly",
    "quota",
    "rate limit",
    "rate-limit",
    "ratelimit",
    "rate exceeded",
    "throttl",
    "too many requests",
    "please wait",
    "try again later",
    "try again in",
    "retry after",
];

/// Whether a text in lower case says it. `is_rate`: the status says that there were too many requests.
pub(super) fn is_too_long(text: &str, is_rate: bool) -> bool {
    let Some((of_both, others)) = SHAPES.split_last() else { return false };
    if says(text, of_both) {
        return true;
    }
    if OF_TIME.iter().any(|word| text.contains(word)) {
        return false;
    }
    others.iter().any(|shape| says(text, shape)) || (!is_rate && VAGUE.iter().any(|shape| says(text, shape)))
}

fn says(text: &str, shape: Shape) -> bool {
    let Some((first, rest)) = shape.split_first() else { return false };
    let mut begins = first.iter().flat_map(|words| text.match_indices(words).map(|(at, _)| at + words.len()));
    begins.any(|end| text.get(end..).is_some_and(|after| goes_on(after, rest)))
}

/// Whether the next step stands within reach, and so on.
fn goes_on(text: &str, steps: Shape) -> bool {
    let Some((step, rest)) = steps.split_first() else { return true };
    let line = text.split('\n').next().unwrap_or_default();
    let ends = step.iter().flat_map(|words| {
        let near = line.match_indices(words).take_while(|(at, _)| *at <= GAP_MAX);
        near.map(|(at, _)| at + words.len())
    });
    ends.into_iter().any(|end| line.get(end..).is_some_and(|after| goes_on(after, rest)))
}

#[cfg(test)]
mod tests {
    use super::{SHAPES, VAGUE, says};

    /// A shape for which no line was seen is a guess.
    #[test]
    fn each_shape_was_seen() {
        let seen = include_str!("../../tests/failures/too-long.txt").to_lowercase();
        for shape in SHAPES.iter().chain(&VAGUE) {
            assert!(seen.lines().any(|line| line.starts_with("context") && says(line, shape)), "{shape:?}");
        }
    }

    #[test]
    fn the_words_of_a_shape_stand_near_each_other_and_in_one_line() {
        let far = "x".repeat(101);
        assert!(says("it exceeds, as it seems, the context window", &[&["exceed"], &["context window"]]));
        assert!(!says(&format!("it exceeds {far} the context window"), &[&["exceed"], &["context window"]]));
        assert!(!says("it exceeds\nthe context window", &[&["exceed"], &["context window"]]));
        assert!(says("more than one is more than the context window", &[&["more than"], &["the context window"]]));
    }
}
