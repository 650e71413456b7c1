// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One model as the catalogue knows it.

use super::Day;
use crate::cost::Prices;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What is known of a model at a provider; what is not known is `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Model {
    /// What the provider calls it.
    pub id: String,
    /// Who offers it.
    pub provider: String,
    /// Other names of it there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The line of models that it belongs to.
    pub family: Option<String>,
    /// How many tokens a request and its answer have together at most.
    pub context: Option<u64>,
    /// How many tokens an answer has at most.
    pub max_output: Option<u64>,
    /// What it reads.
    pub input: Vec<Modality>,
    /// What it writes.
    pub output: Vec<Modality>,
    /// Whether it calls tools.
    pub tools: Option<bool>,
    /// Whether its answers can be held to a JSON schema.
    pub structured_output: Option<bool>,
    /// Whether it thinks before it answers.
    pub reasoning: Option<bool>,
    /// Whether the provider caches prompts of it.
    pub prompt_caching: Option<bool>,
    /// Whether it takes requests in batches.
    pub batch: Option<bool>,
    /// What its tokens cost.
    pub prices: Prices,
    /// Since when it can be called.
    pub released: Option<Day>,
    /// The day on which the provider switches it off.
    pub deprecated: Option<Day>,
    /// How good its answers are, where anyone has measured that.
    pub quality: Option<Quality>,
    /// What it can do, in the words of `selectModel`.
    pub types: Vec<Capability>,
    /// By sources (`m`, `l`, `g`, `d` as the catalogue's head explains, `user` for what was registered): the fields they gave.
    pub from: BTreeMap<String, String>,
}

/// How good a model is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quality {
    /// The step that requirements name.
    pub tier: Tier,
    /// The votes that it would get against the best model, in thousandths of what an equal of that one gets.
    pub share: Option<u16>,
    /// The score behind it.
    pub score: Option<f64>,
    /// When that was published.
    pub date: Option<Day>,
    /// The relative whose score was taken, for want of one of its own.
    pub inferred: Option<String>,
}

impl Quality {
    /// A tier that someone says it has.
    pub fn of(tier: Tier) -> Self {
        Self { tier, share: None, score: None, date: None, inferred: None }
    }
}

/// Steps of quality, the least first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Anything that answers; also what nobody has measured.
    #[default]
    Basic,
    /// At least a quarter of the votes against the best.
    Good,
    /// At least two fifths of the votes against the best.
    Excellent,
}

impl fmt::Display for Tier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Basic => "basic",
            Self::Good => "good",
            Self::Excellent => "excellent",
        })
    }
}

/// What a model can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Answers in text.
    TextGeneration,
    /// Made to write code, or used by agents that do: it thinks and calls tools.
    CodeGeneration,
    /// Thinks before it answers.
    Reasoning,
    /// Calls tools.
    ToolUse,
    /// Reads images.
    Vision,
    /// Hears.
    Audio,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::TextGeneration, Self::CodeGeneration, Self::Reasoning, Self::ToolUse, Self::Vision, Self::Audio];

    /// What follows from the other fields of a model. That one was made to write code does not.
    pub fn of(model: &Model) -> Vec<Self> {
        let (tools, reasoning) = (model.tools == Some(true), model.reasoning == Some(true));
        let has = |capability: &Self| match capability {
            Self::TextGeneration => true,
            Self::CodeGeneration => tools && reasoning,
            Self::Reasoning => reasoning,
            Self::ToolUse => tools,
            Self::Vision => model.input.contains(&Modality::Image),
            Self::Audio => model.input.contains(&Modality::Audio),
        };
        Self::ALL.into_iter().filter(has).collect()
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TextGeneration => "text-generation",
            Self::CodeGeneration => "code-generation",
            Self::Reasoning => "reasoning",
            Self::ToolUse => "tool-use",
            Self::Vision => "vision",
            Self::Audio => "audio",
        })
    }
}

/// Kinds of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Modality {
    /// Text.
    Text,
    /// Images.
    Image,
    /// Sound.
    Audio,
    /// Film.
    Video,
    /// PDF files.
    Pdf,
}
