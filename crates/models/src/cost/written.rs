// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Prices as people and the catalogue write them. Flattened structures would let misspelt fields through in silence.

use super::{Price, PriceList, Prices, Rates, Step};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WrittenPrices {
    input: Option<Price>,
    output: Option<Price>,
    cache_read: Option<Price>,
    cache_write: Option<Price>,
    cache_write_hour: Option<Price>,
    above: Vec<WrittenStep>,
    batch: Option<Box<Self>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenStep {
    tokens: u64,
    input: Option<Price>,
    output: Option<Price>,
    cache_read: Option<Price>,
    cache_write: Option<Price>,
    cache_write_hour: Option<Price>,
}

/// Why prices contradict themselves.
#[derive(Debug, thiserror::Error)]
pub(super) enum WrittenError {
    #[error("`batch` cannot contain another `batch`")]
    BatchInBatch,
    #[error("`above` must be sorted by `tokens`, each once; {next} comes after {tokens}")]
    Steps { tokens: u64, next: u64 },
}

impl TryFrom<WrittenPrices> for Prices {
    type Error = WrittenError;

    fn try_from(mut written: WrittenPrices) -> Result<Self, WrittenError> {
        let batch = written.batch.take().map(|batch| list(*batch)).transpose()?;
        Ok(Self { standard: list(written)?, batch })
    }
}

fn list(written: WrittenPrices) -> Result<PriceList, WrittenError> {
    let WrittenPrices { input, output, cache_read, cache_write, cache_write_hour, above, batch } = written;
    if batch.is_some() {
        return Err(WrittenError::BatchInBatch);
    }
    for (step, next) in above.iter().zip(above.iter().skip(1)) {
        if step.tokens >= next.tokens {
            return Err(WrittenError::Steps { tokens: step.tokens, next: next.tokens });
        }
    }
    Ok(PriceList {
        rates: Rates { input, output, cache_read, cache_write, cache_write_hour },
        above: above.into_iter().map(Step::from).collect(),
    })
}

impl From<WrittenStep> for Step {
    fn from(WrittenStep { tokens, input, output, cache_read, cache_write, cache_write_hour }: WrittenStep) -> Self {
        Self { tokens, rates: Rates { input, output, cache_read, cache_write, cache_write_hour } }
    }
}
