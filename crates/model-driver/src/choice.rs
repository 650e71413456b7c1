// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Who may answer a request: decided once, recorded by the host, never decided again for the same attempt.

use crate::book::Book;
use crate::error::Error;
use crate::estimate::Size;
use crate::name::{other_name, without_providers};
use models::{Availability, Candidate, Candidates, Capability, Mode, Need, Requirements, Selection, best, select};
use providers::ChatRequest;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What a request says about who may answer it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Wanted {
    provider: Option<String>,
    model: Option<String>,
    requirements: Option<Requirements>,
    /// `provider/model` or `model`; absent: what the configuration says.
    fallback: Option<Vec<String>>,
    /// The models that may be asked, as `provider/model` or `model`; absent: every one.
    allow: Option<Vec<String>>,
}

impl Wanted {
    fn allows(&self, provider: &str, model: &str) -> bool {
        let here = |(named, rest): (&str, &str)| rest == model && (named == provider || other_name(named) == Some(provider));
        let is = |name: &String| name == model || name.split_once('/').is_some_and(here);
        self.allow.as_ref().is_none_or(|allow| allow.iter().any(is))
    }

    fn refusal(&self, what: impl Into<String>) -> Error {
        Error::NotAllowed { what: what.into(), allowed: self.allow.as_ref().map_or_else(String::new, |allow| allow.join(", ")) }
    }

    fn allowed(&self, (provider, model): Name) -> Result<Name, Error> {
        if self.allows(&provider, &model) { Ok((provider, model)) } else { Err(self.refusal(format!("model `{provider}/{model}`"))) }
    }
}

/// Who may answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Choice {
    /// The first, and those to fall back to.
    pub targets: Vec<Chosen>,
    /// What the first was chosen from, if nobody had named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<serde_json::Value>,
    /// What chance makes of its waits. Records of older versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// Fallbacks that cannot be shown all of the request, and so would answer as if they had seen it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
}

/// A model that is not asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Skipped {
    /// By its configured name.
    pub provider: String,
    /// As the provider calls it.
    pub model: String,
    /// For people.
    pub reason: String,
}

/// A model that may answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Chosen {
    /// By its configured name.
    pub provider: String,
    /// As the provider calls it.
    pub model: String,
    /// Whether it is there for requests too large for the others, and for nothing else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub larger_context: bool,
}

/// A provider, by its configured name, and one of its models.
pub(crate) type Name = (String, String);

impl Book {
    /// The model that fits best.
    pub(crate) fn select(&self, requirements: &Requirements) -> Result<Selection, Error> {
        self.select_among(&self.candidates, requirements)
    }

    fn select_among(&self, candidates: &Candidates, requirements: &Requirements) -> Result<Selection, Error> {
        if self.providers.is_empty() {
            return Err(without_providers(None));
        }
        let requirements = &self.in_configured_names(requirements);
        Ok(select(requirements, candidates, &self.observed, self.availability())?)
    }

    /// The same one, and nothing of why.
    fn best_among(&self, candidates: &Candidates, requirements: &Requirements) -> Option<Name> {
        let found = best(&self.in_configured_names(requirements), candidates, &self.observed, self.availability())?;
        Some((found.provider.clone(), found.id.clone()))
    }

    /// Who can be called right now.
    fn availability(&self) -> impl Fn(&Candidate) -> Availability {
        let shut = self.shut();
        move |candidate| {
            let is_shut = shut.iter().any(|(provider, model)| *provider == candidate.provider && *model == candidate.id);
            if is_shut { Availability::BreakerOpen } else { Availability::Available }
        }
    }

    /// Who may answer a request of this size; with what the first was chosen from, if that `is_told`.
    pub(crate) fn choose(&mut self, wanted: &Wanted, request: &ChatRequest, size: Size, is_told: bool) -> Result<Choice, Error> {
        let ((provider, model), selection) = self.first(wanted, request, size, is_told)?;
        let mut targets = vec![Chosen { provider, model, larger_context: false }];
        let (place, fallback) = wanted.fallback.as_ref().map_or(("models", &self.fallback), |fallback| ("request", fallback));
        for (index, name) in fallback.iter().enumerate() {
            let named = self.named(name);
            let named =
                named.map_err(|source| Error::Fallback { place: format!("`{place}.fallback[{index}]`"), source: Box::new(source) })?;
            match wanted.allowed(named) {
                Ok(named) => add(&mut targets, named, false),
                // What the configuration says is for everybody; what the request says is asked for.
                Err(refusal) if wanted.fallback.is_some() => return Err(refusal),
                Err(_) => {}
            }
        }
        // What is named adds to this. Only a request that says there is to be no fallback, with an empty list, has none of this either.
        if wanted.fallback.as_ref().is_none_or(|fallback| !fallback.is_empty())
            && let Some(larger) = targets.first().and_then(|first| self.larger(first, wanted, size))
        {
            add(&mut targets, larger, true);
        }
        let selection = selection.and_then(|selection| serde_json::to_value(selection).ok());
        let (targets, skipped) = self.seeing(targets, request);
        Ok(Choice { targets, selection, seed: Some(self.draw()), skipped })
    }

    /// Takes out the fallbacks that would not see all of a request. The first says so itself, when it is asked.
    fn seeing(&self, targets: Vec<Chosen>, request: &ChatRequest) -> (Vec<Chosen>, Vec<Skipped>) {
        let (mut seeing, mut skipped) = (Vec::new(), Vec::new());
        for (place, target) in targets.into_iter().enumerate() {
            let backend = self.providers.get(&*target.provider).and_then(|provider| provider.backend.as_ref());
            match backend.filter(|_| place > 0).and_then(|backend| backend.unfit(&target.model, &request.messages)) {
                None => seeing.push(target),
                Some(reason) => skipped.push(Skipped { provider: target.provider, model: target.model, reason }),
            }
        }
        (seeing, skipped)
    }

    fn first(&self, wanted: &Wanted, request: &ChatRequest, size: Size, is_told: bool) -> Result<(Name, Option<Selection>), Error> {
        match (&wanted.provider, &wanted.model) {
            (Some(provider), Some(model)) => Ok((wanted.allowed((self.provider_named(provider)?, model.clone()))?, None)),
            (None, Some(model)) => Ok((wanted.allowed(self.named(model)?)?, None)),
            (provider, None) => {
                let only = provider.as_deref().map(|provider| self.provider_named(provider)).transpose()?;
                if wanted.requirements.is_none()
                    && let Some(provider) = only.as_deref().or_else(|| self.single_with_model())
                    && let Some(model) = self.providers.get(provider).and_then(|known| known.model.as_deref())
                    && wanted.allows(provider, model)
                {
                    return Ok(((provider.to_owned(), model.into()), None));
                }
                let candidates = self.candidates_for(wanted);
                if let Some(allow) = &wanted.allow
                    && !candidates.list().iter().any(|candidate| only.as_ref().is_none_or(|only| *only == candidate.provider))
                {
                    // Nothing is known of those that are allowed, so that there is nothing to choose by: the first will do.
                    let named = allow.iter().filter_map(|name| self.named(name).ok());
                    let mut named = named.filter(|(provider, _)| only.as_ref().is_none_or(|only| only == provider));
                    return named.next().map(|named| (named, None)).ok_or_else(|| wanted.refusal("every model that could be asked"));
                }
                let mut requirements = wanted.requirements.clone().unwrap_or_default();
                if let Some(provider) = only {
                    requirements.providers.allow = Some(vec![provider]);
                }
                self.needs(&mut requirements, request, size);
                if !is_told && let Some(name) = self.best_among(&candidates, &requirements) {
                    return Ok((name, None));
                }
                // Where none fits it says why.
                let selection = self.select_among(&candidates, &requirements)?;
                Ok(((selection.provider.clone(), selection.model_id.clone()), Some(selection)))
            }
        }
    }

    fn candidates_for(&self, wanted: &Wanted) -> Cow<'_, Candidates> {
        match wanted.allow {
            None => Cow::Borrowed(&self.candidates),
            Some(_) => Cow::Owned(self.candidates.only(|candidate| wanted.allows(&candidate.provider, &candidate.id))),
        }
    }

    /// The one provider there is, if it is told which model to take: for providers whose models nobody knows.
    fn single_with_model(&self) -> Option<&str> {
        let mut providers = self.providers.iter().filter(|(_, provider)| provider.model.is_some());
        let (name, _) = providers.next()?;
        (self.providers.len() == 1).then_some(&**name)
    }

    /// What the request itself needs is required too.
    fn needs(&self, requirements: &mut Requirements, request: &ChatRequest, size: Size) {
        let mut need = |capability| {
            if !requirements.capabilities.iter().any(|known| known.capability == capability) {
                requirements.capabilities.push(Need { capability, quality: models::Tier::Basic });
            }
        };
        need(Capability::TextGeneration);
        if !request.tools.is_empty() {
            need(Capability::ToolUse);
        }
        if request.messages.iter().flat_map(|message| &message.content).any(|part| matches!(part, providers::Part::Image(_))) {
            need(Capability::Vision);
        }
        requirements.structured_output |= request.schema.is_some();
        let tokens = self.estimator.tokens("", "", size, None);
        requirements.estimated_input_tokens.get_or_insert(tokens.input);
        requirements.max_output_tokens.get_or_insert(tokens.output);
    }

    /// The cheapest model of the same provider that has room for more: for what the request seems to have, else for more than the first.
    fn larger(&self, first: &Chosen, wanted: &Wanted, size: Size) -> Option<Name> {
        let more = self.catalogue.find(&first.provider, &first.model)?.context?.saturating_add(1);
        let seems = self.estimator.tokens(&first.provider, &first.model, size, None).input;
        let (candidates, availability) = (self.candidates_for(wanted), self.availability());
        let cheapest = |context: u64| {
            let requirements = Requirements {
                capabilities: vec![Need { capability: Capability::TextGeneration, quality: models::Tier::Basic }],
                context_length: Some(context),
                mode: Mode::Cost,
                providers: models::Providers { allow: Some(vec![first.provider.clone()]), deny: Vec::new() },
                ..Requirements::default()
            };
            best(&requirements, &candidates, &self.observed, &availability).map(|found| (found.provider.clone(), found.id.clone()))
        };
        let seemed = cheapest(more.max(seems));
        if seems > more { seemed.or_else(|| cheapest(more)) } else { seemed }
    }
}

fn add(targets: &mut Vec<Chosen>, (provider, model): Name, larger_context: bool) {
    if !targets.iter().any(|target| target.provider == provider && target.model == model) {
        targets.push(Chosen { provider, model, larger_context });
    }
}
