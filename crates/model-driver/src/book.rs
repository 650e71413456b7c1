// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is known of models and providers, and the machine that decides about calls: all that stands behind the one lock.

use crate::choice::Chosen;
use crate::config::Provider;
use crate::error::Error;
use crate::estimate::{Estimator, Size, Written};
use models::{BreakerPolicy, Candidates, Catalogue, Command, Cost, Day, Gateway, Limits, Observed, Target, Usage};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stdx::Timestamp;

pub(crate) struct Book {
    pub(crate) gateway: Gateway,
    pub(crate) catalogue: Catalogue,
    pub(crate) observed: Observed,
    pub(crate) candidates: Candidates,
    pub(crate) estimator: Estimator,
    pub(crate) providers: BTreeMap<Arc<str>, Provider>,
    pub(crate) fallback: Vec<String>,
    /// What chance begins with, and how often it was asked.
    seed: u32,
    drawn: u32,
    /// Models whose limits the gateway has been told.
    limited: BTreeSet<(Arc<str>, Arc<str>)>,
    /// The day the candidates are those of.
    today: Day,
    now: Timestamp,
}

impl Book {
    pub(crate) fn new(fallback: Vec<String>, seed: u32, now: Timestamp) -> Result<Self, Error> {
        let catalogue = Catalogue::built_in()?;
        let today = Day::of(now);
        Ok(Self {
            gateway: Gateway::new(BreakerPolicy::default()),
            candidates: Candidates::new(&catalogue, [], today),
            catalogue,
            observed: Observed::default(),
            estimator: Estimator::default(),
            providers: BTreeMap::new(),
            fallback,
            seed,
            drawn: 0,
            limited: BTreeSet::new(),
            today,
            now,
        })
    }

    /// The seed of the next call. It crosses JavaScript, whose numbers hold no more.
    pub(crate) fn draw(&mut self) -> u32 {
        self.drawn = self.drawn.wrapping_add(1);
        // Neighbours are mixed where waits are made of them.
        self.seed.wrapping_add(self.drawn)
    }

    /// A provider comes, or is another than before.
    pub(crate) fn add(&mut self, name: &str, provider: Provider) {
        if let Some(like) = provider.like.filter(|like| *like != name) {
            self.catalogue.offer(name, like);
        }
        self.providers.insert(name.into(), provider);
        self.limited.retain(|(provider, _)| **provider != *name);
        self.list_candidates();
    }

    /// Tells the gateway what may be used of a model, before it is first asked.
    pub(crate) fn limit(&mut self, provider: &Arc<str>, model: &Arc<str>, limits: Limits, now: Timestamp) -> Vec<Command> {
        let is_new = self.limited.insert((Arc::clone(provider), Arc::clone(model)));
        if is_new { self.gateway.limit(provider, model, limits, now) } else { Vec::new() }
    }

    /// A model comes, or more is known of it.
    pub(crate) fn register(&mut self, model: &serde_json::Value) -> Result<(), Error> {
        self.catalogue.register(model)?;
        self.list_candidates();
        Ok(())
    }

    /// It is so late: models are switched off on a day, and breakers let through again.
    pub(crate) fn at(&mut self, now: Timestamp) {
        self.now = now;
        if Day::of(now) != self.today {
            self.today = Day::of(now);
            self.list_candidates();
        }
    }

    fn list_candidates(&mut self) {
        self.candidates = Candidates::new(&self.catalogue, self.providers.keys().map(|name| &**name), self.today);
    }

    /// What the gateway is told of a model that may answer, and what its provider lets through.
    pub(crate) fn target(&self, chosen: &Chosen, size: Size) -> Result<(Target, Limits), Error> {
        let Some(provider) = self.providers.get(&*chosen.provider) else {
            return Err(self.absent(&chosen.provider, None));
        };
        let known = self.catalogue.find(&chosen.provider, &chosen.model);
        let tokens = self.estimator.tokens(&chosen.provider, &chosen.model, size, known.and_then(|model| model.max_output));
        let target = Target {
            provider: chosen.provider.as_str().into(),
            model: chosen.model.as_str().into(),
            tokens,
            usd_nanos: known.map_or(0, |model| model.prices.estimate(tokens.input, tokens.output, false).nanos),
            window: known.and_then(|model| model.context),
            larger_context: chosen.larger_context,
        };
        Ok((target, provider.limits))
    }

    /// What a call cost.
    pub(crate) fn cost(&self, provider: &str, model: &str, usage: &Usage) -> Cost {
        let known = self.catalogue.find(provider, model);
        known.map_or(Cost { nanos: 0, complete: usage.total_tokens() == 0 }, |model| model.prices.cost(usage, false))
    }

    /// What an answer used and cost whose provider does not say it, or not all of it.
    pub(crate) fn estimated(&self, chosen: &Chosen, size: Size, written: Written, told: Usage) -> (Usage, Cost) {
        let Chosen { provider, model, .. } = chosen;
        let known = self.catalogue.find(provider, model);
        let reserved = self.estimator.tokens(provider, model, size, known.and_then(|model| model.max_output));
        let usage = self.estimator.used(provider, model, written, told, reserved);
        (usage, Cost { complete: false, ..self.cost(provider, model, &usage) })
    }

    /// The models that are not asked now.
    pub(crate) fn shut(&self) -> Vec<(&str, &str)> {
        self.gateway.shut(self.now).collect()
    }
}
