// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which provider is meant by a name. Nothing is sent to another than the one that is named: a prompt is for those whom its author chose.

use crate::book::Book;
use crate::choice::Name;
use crate::config::Provider;
use crate::error::Error;
use models::Requirements;
use providers::Kind;
use stdx::nearest;

/// Providers that go by two names. One is that of our kind, the other what everybody else and the catalogue call it.
pub(crate) fn other_name(name: &str) -> Option<&'static str> {
    match name {
        "google" => Some("gemini"),
        "gemini" => Some("google"),
        _ => None,
    }
}

/// The kind that goes by this name.
fn kind_of(name: &str) -> Option<Kind> {
    let name = if name == "google" { "gemini" } else { name };
    Kind::ALL.into_iter().find(|kind| kind.name() == name && *kind != Kind::Compatible)
}

impl Book {
    /// The configured provider that goes by this name.
    pub(crate) fn called(&self, name: &str) -> Option<&str> {
        let configured = |name: &str| self.providers.get_key_value(name);
        let by_its_other_name = || configured(other_name(name)?).filter(|(_, provider)| provider.like == Some("google"));
        configured(name).or_else(by_its_other_name).map(|(name, _)| &**name)
    }

    /// Requirements that name providers as they are configured.
    pub(crate) fn in_configured_names(&self, requirements: &Requirements) -> Requirements {
        let mut requirements = requirements.clone();
        let allowed = requirements.providers.allow.iter_mut().flatten();
        let named = allowed.chain(&mut requirements.providers.deny).chain(&mut requirements.preferred_provider);
        for name in named {
            if let Some(configured) = self.called(name) {
                configured.clone_into(name);
            }
        }
        requirements
    }

    /// A model by `provider/model` or `model`. Where its name has a slash itself, a configured provider before it decides; then who is known to offer
    /// it; then a gateway takes it, which has names that nobody here knows.
    pub(crate) fn named(&self, name: &str) -> Result<Name, Error> {
        if self.providers.is_empty() {
            return Err(without_providers(Some(name)));
        }
        let prefix = name.split_once('/');
        if let Some((prefix, model)) = prefix
            && let Some(provider) = self.called(prefix)
        {
            return Ok((provider.to_owned(), model.to_owned()));
        }
        let whole = |provider: &str| Ok((provider.to_owned(), name.to_owned()));
        let all = || self.providers.iter().map(|(name, provider)| (&**name, provider));
        let known = all().find(|(provider, _)| self.catalogue.find(provider, name).is_some());
        let known = known.or_else(|| all().find(|(_, provider)| provider.model.as_deref() == Some(name)));
        if let Some((provider, _)) = known {
            return whole(provider);
        }
        if let Some((prefix, _)) = prefix.filter(|(prefix, _)| kind_of(prefix).is_some()) {
            return Err(self.absent(prefix, Some(name)));
        }
        let takes = |(_, provider): &(&str, &Provider)| provider.is_gateway || (provider.names_models && prefix.is_none());
        let mut open = all().filter(takes);
        if let (Some((provider, _)), None) = (open.next(), open.next())
            && (prefix.is_some() || self.providers.len() == 1)
        {
            return whole(provider);
        }
        if let Some((prefix, _)) = prefix {
            return Err(self.absent(prefix, Some(name)));
        }
        // Only the one that is there can be meant, if it is nobody else's: the catalogue is older than the newest models.
        match self.providers.keys().next().filter(|_| self.providers.len() == 1) {
            Some(provider) => match self.catalogue.find_anywhere(name).first() {
                None => whole(provider),
                Some(elsewhere) => Err(self.absent(&elsewhere.provider, Some(name))),
            },
            None => Err(Error::UnknownModel { model: name.to_owned(), known: self.provider_names(), near: self.near_models(None, name) }),
        }
    }

    /// What is wrong with the names in the configured fallback, each by its place in the list.
    pub(crate) fn misnamed_fallback(&self) -> Vec<(usize, Error)> {
        let judged = self.fallback.iter().enumerate();
        judged.filter_map(|(index, name)| Some((index, self.named(name).err()?))).collect()
    }

    pub(crate) fn provider_named(&self, name: &str) -> Result<String, Error> {
        if self.providers.is_empty() {
            return Err(without_providers(None));
        }
        self.called(name).map(str::to_owned).ok_or_else(|| self.absent(name, None))
    }

    pub(crate) fn provider_names(&self) -> String {
        self.providers.keys().map(|name| &**name).collect::<Vec<_>>().join(", ")
    }

    /// That a provider is not configured, and what to do; `asked`: the whole name of the model that led there.
    pub(crate) fn absent(&self, provider: &str, asked: Option<&str>) -> Error {
        let names: Vec<&str> = self.providers.keys().map(|name| &**name).collect();
        let near = match kind_of(provider) {
            Some(_) => None,
            None => nearest(provider, names.iter().copied().chain(Kind::ALL.map(Kind::name)).chain(["google"])),
        };
        let mut ways = Vec::new();
        if let Some(near) = near {
            ways.push(format!("did you mean `{near}`?"));
        }
        let meant = near.unwrap_or(provider);
        if let Some(kind) = kind_of(meant).filter(|_| !names.contains(&meant)) {
            let keys = kind.key_variables();
            let keys = if keys.is_empty() { String::new() } else { format!(", with its key in `apiKey` or {}", keys.join(" or ")) };
            ways.push(format!("configure it as `models.providers.{meant}`{keys}"));
        }
        if let (Some(asked), [only]) = (asked, names.as_slice()) {
            ways.push(format!("or write `{only}/{asked}` if {only} itself has a model of that name"));
        }
        Error::UnknownProvider {
            asked: calling(asked),
            provider: provider.to_owned(),
            known: names.join(", "),
            ways: ways.iter().flat_map(|way| ["; ", way]).collect(),
        }
    }

    /// Models whose names are near one that nobody knows, as a part of a sentence; of one provider, or of all that are configured.
    pub(crate) fn near_models(&self, provider: Option<&str>, name: &str) -> String {
        let plain = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let offered = self.candidates.list().iter().filter(|candidate| provider.is_none_or(|provider| candidate.provider == provider));
        let names: Vec<&str> = offered.map(|candidate| candidate.id.as_str()).collect();
        let same = names.iter().copied().find(|known| plain(known) == plain(name));
        let near = same.or_else(|| nearest(name, names.iter().copied())).filter(|near| *near != name);
        near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
    }
}

/// That nothing is configured, and what to do; `asked`: the whole name of the model, if one is named.
pub(crate) fn without_providers(asked: Option<&str>) -> Error {
    let prefix = asked.and_then(|asked| asked.split_once('/')).and_then(|(prefix, _)| Some((prefix, kind_of(prefix)?.key_variables())));
    let way = match prefix {
        Some((prefix, [])) => format!("set `models.providers.{prefix}`"),
        Some((prefix, keys)) => format!("set `models.providers.{prefix}.apiKey`, or {} in the environment", keys.join(" or ")),
        None => "set `models.providers`, or a key such as OPENAI_API_KEY in the environment".to_owned(),
    };
    Error::NoProvider { asked: calling(asked), way }
}

/// The beginning of a sentence that says why a model cannot be called.
fn calling(asked: Option<&str>) -> String {
    asked.map_or_else(String::new, |asked| format!("`{asked}` cannot be called: "))
}

impl Provider {
    /// Whether a kind has models of many makers, by names that are its own.
    pub(crate) fn is_gateway(kind: Option<Kind>) -> bool {
        matches!(kind, None | Some(Kind::Openrouter | Kind::Together | Kind::Groq | Kind::Ollama | Kind::Compatible))
    }
}
