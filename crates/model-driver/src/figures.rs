// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Models with what is known and what was seen of them, for whoever compares.

use crate::book::Book;
use models::{Figures, Model};
use serde::Serialize;

/// A model, and what its calls were like. Times in milliseconds, money in nano-dollars.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Known<'a> {
    /// By its configured name, or that of the catalogue.
    provider: &'a str,
    id: &'a str,
    /// Whether it can be asked.
    configured: bool,
    /// None: nobody knows more than its name.
    model: Option<&'a Model>,
    observed: Option<Seen>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    calls: u64,
    success_rate: f64,
    latency: Option<[f64; 2]>,
    first_token: Option<[f64; 2]>,
    tokens_per_second: Option<f64>,
    cost: u64,
}

impl From<&Figures> for Seen {
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    fn from(figures: &Figures) -> Self {
        let millis = |time: std::time::Duration| time.as_secs_f64() * 1_000.0;
        let both = |of: &dyn Fn(f64) -> Option<std::time::Duration>| Some([millis(of(0.5)?), millis(of(0.95)?)]);
        Self {
            calls: figures.calls(),
            success_rate: if figures.calls() == 0 { 0.0 } else { figures.successes() as f64 / figures.calls() as f64 },
            latency: both(&|share| figures.latency(share)),
            first_token: both(&|share| figures.first_token(share)),
            tokens_per_second: figures.tokens_per_second(),
            cost: figures.cost().nanos,
        }
    }
}

impl Book {
    /// Every model of a configured provider and, if `all`, of the catalogue; with those that were asked without being known.
    pub(crate) fn known(&self, all: bool) -> Vec<Known<'_>> {
        let seen = |provider: &str, id: &str| self.observed.figures(provider, id).map(Seen::from);
        let mut known: Vec<Known<'_>> = Vec::new();
        for provider in self.providers.keys() {
            for model in self.catalogue.models_of(provider) {
                let (id, observed) = (model.id.as_str(), seen(provider, &model.id));
                known.push(Known { provider, id, configured: true, model: Some(model), observed });
            }
        }
        if all {
            let others = self.catalogue.models().iter().filter(|model| !self.providers.contains_key(model.provider.as_str()));
            known.extend(others.map(|model| Known {
                provider: &model.provider,
                id: &model.id,
                configured: false,
                model: Some(model),
                observed: None,
            }));
        }
        for (provider, id, figures) in self.observed.all() {
            if !known.iter().any(|one| one.provider == provider && one.id == id) {
                let model = self.catalogue.find(provider, id);
                known.push(Known { provider, id, configured: true, model, observed: Some(figures.into()) });
            }
        }
        known
    }
}
