// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is known of models: the generated list, and what a user registered over it.
//!
//! A name is looked for as it is written, then as an alias, then without its date, then where another provider offers the same
//! models under the same names (`azure` those of `openai`). What is unknown is `None`, and never a guess.

use serde::Deserialize;
use std::collections::BTreeMap;

mod day;
mod model;
mod registration;

pub use day::{Day, DayError};
pub use model::{Capability, Modality, Model, Quality, Tier};
pub use registration::RegistrationError;

/// The list that is built in, written by `npm run catalogue`.
const BUILT_IN: &str = include_str!("../catalogue.json");

/// Why a text is no catalogue.
#[derive(Debug, thiserror::Error)]
#[error("the catalogue cannot be read; regenerate it with `npm run catalogue`")]
pub struct CatalogueError(#[from] serde_json::Error);

/// Models by provider and name.
#[derive(Debug, Clone)]
pub struct Catalogue {
    attribution: String,
    day: Day,
    models: Vec<Model>,
    /// By provider: where each id and alias stands in `models`.
    places: BTreeMap<String, BTreeMap<String, usize>>,
    /// Providers whose models are those of another.
    same_as: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    attribution: String,
    day: Day,
    same_as: BTreeMap<String, String>,
    models: Vec<Model>,
}

impl Catalogue {
    /// The list that is built in. Reading it takes about a millisecond: do it once.
    pub fn built_in() -> Result<Self, CatalogueError> {
        Self::read(BUILT_IN)
    }

    /// A catalogue as the generator writes it.
    pub fn read(text: &str) -> Result<Self, CatalogueError> {
        let Written { attribution, day, same_as, models } = serde_json::from_str(text)?;
        let mut catalogue = Self { attribution, day, models: Vec::new(), places: BTreeMap::new(), same_as };
        for model in models {
            catalogue.put(model);
        }
        Ok(catalogue)
    }

    /// Whom the scores behind the tiers come from; their licence asks that it is told.
    pub fn attribution(&self) -> &str {
        &self.attribution
    }

    /// The day as of which the built-in figures hold.
    pub fn day(&self) -> Day {
        self.day
    }

    /// All models, the built-in ones first.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The models that a provider offers: registered for it, or those of the one whose models it has.
    pub fn models_of<'a>(&'a self, provider: &'a str) -> impl Iterator<Item = &'a Model> {
        let same = self.same_as.get(provider).map(String::as_str);
        let shadowed = move |model: &Model| model.provider != provider && self.exact(provider, &model.id).is_some();
        self.models.iter().filter(move |model| (model.provider == provider || Some(model.provider.as_str()) == same) && !shadowed(model))
    }

    /// The model that `provider` knows by this name.
    pub fn find(&self, provider: &str, name: &str) -> Option<&Model> {
        let known = |provider: &str| self.exact(provider, name).or_else(|| self.exact(provider, undated(name)?));
        known(provider).or_else(|| known(self.same_as.get(provider)?))
    }

    /// Every provider's model of this name, which may begin with `provider/`. Those called exactly so stand first, then by provider.
    pub fn find_anywhere(&self, name: &str) -> Vec<&Model> {
        if let Some((provider, rest)) = name.split_once('/')
            && let Some(model) = self.find(provider, rest)
        {
            return vec![model];
        }
        let of_each = |name: &str| self.places.keys().filter_map(|provider| self.exact(provider, name)).collect::<Vec<_>>();
        let exact = of_each(name);
        if exact.is_empty() { undated(name).map(of_each).unwrap_or_default() } else { exact }
    }

    /// From now on `provider` offers what `other` offers, beside what is registered for it.
    pub fn offer(&mut self, provider: &str, other: &str) {
        self.same_as.insert(provider.to_owned(), other.to_owned());
    }

    /// Adds a model, or changes what is known of one: see `registration`. Answers the model as it is from now on.
    pub fn register(&mut self, given: &serde_json::Value) -> Result<Model, RegistrationError> {
        let model = registration::read(self, given)?;
        self.put(model.clone());
        Ok(model)
    }

    fn exact(&self, provider: &str, name: &str) -> Option<&Model> {
        self.models.get(*self.places.get(provider)?.get(name)?)
    }

    fn put(&mut self, model: Model) {
        let names = self.places.entry(model.provider.clone()).or_default();
        let place = match names.get(&model.id) {
            Some(place) if self.models.get(*place).is_some_and(|known| known.id == model.id) => *place,
            _ => self.models.len(),
        };
        names.insert(model.id.clone(), place);
        for alias in &model.aliases {
            // An alias never hides a model that has this very id.
            names.entry(alias.clone()).or_insert(place);
        }
        match self.models.get_mut(place) {
            Some(known) => *known = model,
            None => self.models.push(model),
        }
    }
}

/// A name without the snapshot at its end: `-20251101`, `-2026-04-23`, `-2512`, `-latest`, also after `@` or `:`.
fn undated(name: &str) -> Option<&str> {
    let is_date = |end: &str| {
        let digits = end.bytes().filter(u8::is_ascii_digit).count();
        end == "latest" || (digits == end.len() && matches!(digits, 4 | 8))
    };
    if let Some((base, end)) = name.split_at_checked(name.len().saturating_sub("-2026-04-23".len()))
        && end.starts_with(['-', '@'])
        && end.get(1..).is_some_and(|day| day.parse::<Day>().is_ok())
    {
        return Some(base).filter(|base| !base.is_empty());
    }
    let (base, end) = name.rsplit_once(['-', '@', ':'])?;
    (is_date(end) && !base.is_empty()).then_some(base)
}
