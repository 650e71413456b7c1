// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a provider's own word for the end of an answer means, where its wire has no such word.

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All was said.
    Stop,
    /// It was cut: no more tokens were allowed, or there was no more room.
    Length,
    /// What would have followed is withheld for what it says.
    Withheld,
    /// The provider stopped in the middle of its own work, and goes on when it is sent the turn.
    Pause,
    /// Something went wrong.
    Failed,
    /// The word is one that says nothing to us.
    Unknown,
}

/// Words that stand anywhere in a word: providers compose them (`error_toxic`, `guardrail_intervened`). The first that is found counts.
const PARTS: [(&str, Ending); 37] = [
    ("filter", Ending::Withheld),
    ("safety", Ending::Withheld),
    ("refus", Ending::Withheld),
    ("recitation", Ending::Withheld),
    ("blocklist", Ending::Withheld),
    ("prohibited", Ending::Withheld),
    ("spii", Ending::Withheld),
    ("sensitive", Ending::Withheld),
    ("guardrail", Ending::Withheld),
    ("moderat", Ending::Withheld),
    ("toxic", Ending::Withheld),
    ("policy", Ending::Withheld),
    ("flagged", Ending::Withheld),
    ("armor", Ending::Withheld),
    ("jailbreak", Ending::Withheld),
    ("unsafe", Ending::Withheld),
    ("pause", Ending::Pause),
    ("context_window", Ending::Length),
    ("max_tokens", Ending::Length),
    ("length", Ending::Length),
    ("token_limit", Ending::Length),
    ("max_output", Ending::Length),
    ("error", Ending::Failed),
    ("fail", Ending::Failed),
    ("cancel", Ending::Failed),
    ("abort", Ending::Failed),
    ("timeout", Ending::Failed),
    ("timed_out", Ending::Failed),
    ("time_limit", Ending::Failed),
    ("insufficient", Ending::Failed),
    ("unavailable", Ending::Failed),
    ("overload", Ending::Failed),
    ("malformed", Ending::Failed),
    ("unexpected", Ending::Failed),
    ("missing", Ending::Failed),
    ("too_many", Ending::Failed),
    ("interrupt", Ending::Failed),
];

/// Words that mean something only by themselves.
const WHOLE: [(&str, Ending); 24] = [
    ("stop", Ending::Stop),
    ("stopped", Ending::Stop),
    ("eos", Ending::Stop),
    ("eos_token", Ending::Stop),
    ("stop_token", Ending::Stop),
    ("stop_sequence", Ending::Stop),
    ("stop_str", Ending::Stop),
    ("end", Ending::Stop),
    ("end_turn", Ending::Stop),
    ("end_of_turn", Ending::Stop),
    ("complete", Ending::Stop),
    ("completed", Ending::Stop),
    ("done", Ending::Stop),
    ("finished", Ending::Stop),
    ("limit", Ending::Length),
    // Gemini's, for an answer in a language that it must not write.
    ("language", Ending::Withheld),
    // Providers that stop for a reason they do not know have stopped before the end.
    ("other", Ending::Failed),
    ("finish_reason_unspecified", Ending::Failed),
    // States of an answer that has not ended.
    ("queued", Ending::Failed),
    ("in_progress", Ending::Failed),
    ("pending", Ending::Failed),
    ("running", Ending::Failed),
    ("expired", Ending::Failed),
    ("incomplete", Ending::Length),
];

/// What the word means, however it is written: `MAX_TOKENS`, `max-tokens`, `incomplete: max_output_tokens`.
pub fn ending(word: &str) -> Ending {
    let word: String = word.trim().chars().map(|letter| if letter.is_alphanumeric() { letter.to_ascii_lowercase() } else { '_' }).collect();
    let whole = WHOLE.iter().find(|(known, _)| *known == word);
    let found = whole.or_else(|| PARTS.iter().find(|(part, _)| word.contains(part)));
    // What is incomplete for a reason of the provider's own has been cut.
    let otherwise = if word.starts_with("incomplete") { Ending::Length } else { Ending::Unknown };
    found.map_or(otherwise, |(_, ending)| *ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_providers_mean_what_they_say() {
        let table = [
            (Ending::Stop, "eos_token COMPLETE end_turn done Stop"),
            (Ending::Length, "model_length MAX_TOKENS max-output-tokens token_limit model_context_window_exceeded length_limit incomplete"),
            (
                Ending::Withheld,
                "SAFETY RECITATION LANGUAGE IMAGE_SAFETY error_toxic guardrail_intervened content_filtered sensitive refusal",
            ),
            (Ending::Pause, "pause_turn"),
            (Ending::Failed, "error ERROR failed cancelled user_cancel abort TIMEOUT insufficient_system_resource network_error"),
            (Ending::Failed, "MALFORMED_FUNCTION_CALL UNEXPECTED_TOOL_CALL MISSING_THOUGHT_SIGNATURE OTHER in_progress engine_overloaded"),
            (Ending::Unknown, "FUNCTION_CALL load unheard-of"),
        ];
        for (expected, words) in table {
            for word in words.split(' ') {
                assert_eq!(ending(word), expected, "{word}");
            }
        }
        assert_eq!(ending("incomplete: content_filter"), Ending::Withheld);
        assert_eq!(ending("incomplete: something new"), Ending::Length);
    }
}
