// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a caller asks of a model.

use crate::{Capability, Tier};
use serde::{Deserialize, Serialize};

/// What a model must be able to do, and what matters among those that can. Nothing but a capability to write is asked unless said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Requirements {
    /// All that it must be able to do.
    pub capabilities: Vec<Need>,
    /// How many tokens the request and its answer have together.
    pub context_length: Option<u64>,
    /// The most that the call may cost, in dollars.
    pub max_cost: Option<f64>,
    /// Within how many milliseconds the answer should be there.
    pub max_latency: Option<f64>,
    /// Whose models come first if any of them will do.
    pub preferred_provider: Option<String>,
    /// Whether the answer is to be held to a schema.
    pub structured_output: bool,
    /// Whether it is to be called in a batch.
    pub batch: bool,
    /// What matters among those that will do.
    pub mode: Mode,
    /// How many tokens the request has.
    pub estimated_input_tokens: Option<u64>,
    /// How many tokens the answer has at most.
    pub max_output_tokens: Option<u64>,
    /// Whose models may be chosen.
    pub providers: Providers,
}

/// Something that a model must be able to do, and how well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Need {
    /// What.
    #[serde(rename = "type")]
    pub capability: Capability,
    /// How well at least. The catalogue rates models as a whole, so the highest of all needs counts.
    #[serde(default)]
    pub quality: Tier,
}

/// Providers that may or may not be chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Providers {
    /// These alone, if it is given.
    pub allow: Option<Vec<String>>,
    /// None of these.
    pub deny: Vec<String>,
}

/// What matters among the models that will do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Good answers.
    Quality,
    /// A bit of everything.
    #[default]
    Balanced,
    /// Little money.
    Cost,
    /// Little time.
    Latency,
}

impl Mode {
    /// How much quality, cost and latency count; together 1.
    pub(super) fn weights(self) -> (f64, f64, f64) {
        match self {
            Self::Quality => (0.8, 0.1, 0.1),
            Self::Balanced => (0.4, 0.3, 0.3),
            Self::Cost => (0.1, 0.8, 0.1),
            Self::Latency => (0.1, 0.1, 0.8),
        }
    }

    /// As it is written.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Quality => "quality",
            Self::Balanced => "balanced",
            Self::Cost => "cost",
            Self::Latency => "latency",
        }
    }
}

/// Why requirements make no sense.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RequirementsError {
    /// Nothing can be less than nothing.
    #[error("`{field}` must be a number of {unit}, 0 or more, not {value}")]
    NotANumber {
        /// Where it stands.
        field: &'static str,
        /// What stands there.
        value: f64,
        /// What it counts.
        unit: &'static str,
    },
    /// The parts are longer than the whole.
    #[error(
        "`estimatedInputTokens` and `maxOutputTokens` are {tokens} tokens together, `contextLength` is {context}; raise it or leave it out"
    )]
    TooLong {
        /// Both together.
        tokens: u64,
        /// The whole.
        context: u64,
    },
}

impl Requirements {
    /// Tokens of a request of which nothing is said.
    pub const INPUT_TOKENS: u64 = 2_000;
    /// Tokens of an answer of which nothing is said.
    pub const OUTPUT_TOKENS: u64 = 1_000;

    pub(super) fn check(&self) -> Result<(), RequirementsError> {
        for (field, value, unit) in [("maxCost", self.max_cost, "dollars"), ("maxLatency", self.max_latency, "milliseconds")] {
            if let Some(value) = value.filter(|value| !value.is_finite() || *value < 0.0) {
                return Err(RequirementsError::NotANumber { field, value, unit });
            }
        }
        let tokens = self.estimated_input_tokens.unwrap_or_default().saturating_add(self.max_output_tokens.unwrap_or_default());
        match self.context_length {
            Some(context) if context < tokens => Err(RequirementsError::TooLong { tokens, context }),
            _ => Ok(()),
        }
    }

    /// The tokens that the call is priced by: a request fills the context that it asks for, unless it says how long it is.
    pub(super) fn tokens(&self) -> (u64, u64) {
        let output = self.max_output_tokens.unwrap_or(Self::OUTPUT_TOKENS);
        let rest = self.context_length.map_or(Self::INPUT_TOKENS, |context| context.saturating_sub(output));
        (self.estimated_input_tokens.unwrap_or(rest), output)
    }
}
