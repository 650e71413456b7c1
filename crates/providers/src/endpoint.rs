// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Where a provider's API begins. Users write an endpoint as they find it: the host alone, with the version, with the whole path of a call, with a
//! slash at the end. All of these mean the same.

use crate::provider::Kind;
use reqwest::Url;

/// Hosts whose Chat Completions are at the root.
const ROOTED: [&str; 2] = ["api.perplexity.ai", "models.inference.ai.azure.com"];

/// What stands between the host and a call.
struct Form {
    /// Where the API is, if nothing is said of it.
    root: &'static [&'static str],
    /// What may stand there as well, and leads to the same.
    aliases: &'static [&'static [&'static str]],
    /// Ends of a whole path.
    calls: &'static [&'static [&'static str]],
    /// Whether the wire writes `root` itself.
    written: bool,
}

const CHAT: &[&[&str]] = &[&["chat", "completions"], &["completions"], &["responses"], &["models"]];

const fn form(kind: Kind) -> Form {
    let chat = Form { root: &["v1"], aliases: &[], calls: CHAT, written: false };
    match kind {
        Kind::Openai | Kind::OpenaiResponses | Kind::Compatible => chat,
        Kind::Groq => Form { root: &["openai", "v1"], ..chat },
        Kind::Openrouter => Form { root: &["api", "v1"], ..chat },
        Kind::Deepseek => Form { root: &[], ..chat },
        Kind::Mistral | Kind::Together | Kind::Xai => Form { written: true, ..chat },
        Kind::Anthropic => Form { root: &["v1"], aliases: &[], calls: &[&["messages"], &["models"]], written: true },
        Kind::Gemini => Form { root: &["v1beta"], aliases: &[&["v1beta", "openai"], &["v1"]], calls: &[&["models"]], written: true },
        Kind::Cohere => Form { root: &["v2"], aliases: &[&["v1"], &["compatibility", "v1"]], calls: &[&["chat"]], written: true },
        Kind::Ollama => Form {
            root: &["api"],
            aliases: &[&["v1"]],
            calls: &[&["chat", "completions"], &["chat"], &["generate"], &["tags"]],
            written: true,
        },
        Kind::Azure => Form { root: &["openai"], aliases: &[&["openai", "v1"]], calls: CHAT, written: true },
    }
}

/// What an endpoint says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// What the wire adds its own path to.
    pub(crate) base: String,
    /// Azure: what the whole path of a call names.
    pub(crate) deployment: Option<String>,
    /// Azure: likewise.
    pub(crate) api_version: Option<String>,
}

/// Reads the endpoint of a provider. One that is no address stays as it is: it has been refused.
pub(crate) fn read(kind: Kind, endpoint: &str) -> Endpoint {
    let Ok(url) = Url::parse(endpoint) else {
        return Endpoint { base: endpoint.to_owned(), deployment: None, api_version: None };
    };
    let form = form(kind);
    let api_version = url.query_pairs().find(|(name, _)| name == "api-version").map(|(_, version)| version.into_owned());
    let mut path: Vec<&str> = url.path().split('/').filter(|part| !part.is_empty()).collect();
    // `models/gemini-2.5-pro:generateContent`: what is called stands behind a name of a model.
    if kind == Kind::Gemini
        && let [before @ .., "models", _] = path.as_slice()
    {
        path = before.to_vec();
    }
    let whole = form.calls.iter().find_map(|call| path.strip_suffix(*call)).map(<[&str]>::to_vec);
    let is_whole = whole.is_some();
    path = whole.unwrap_or(path);
    let mut deployment = None;
    if kind == Kind::Azure
        && let [before @ .., "deployments", name] = path.as_slice()
    {
        deployment = Some((*name).to_owned());
        path = before.to_vec();
    }
    if form.written {
        let ends = form.aliases.iter().chain([&form.root]);
        // The longest first: `openai/v1` ends in no `v1` that stands for itself.
        if let Some(before) = ends.filter_map(|end| path.strip_suffix(*end)).min_by_key(|before| before.len()) {
            path = before.to_vec();
        }
    } else if !is_whole && form.root.starts_with(&path) && !url.host_str().is_some_and(|host| ROOTED.contains(&host)) {
        path = form.root.to_vec();
    }
    let mut base = url.clone();
    base.set_query(None);
    base.set_path(&path.join("/"));
    Endpoint { base: base.as_str().trim_end_matches('/').to_owned(), deployment, api_version }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::provider::Kind;

    /// Each form of an endpoint that is seen in the wild made another address, of which most were 404.
    #[test]
    fn every_usual_form_of_an_endpoint_means_the_same() {
        let table: &[(&[Kind], &str, &str)] = &[
            (&[Kind::Openai, Kind::OpenaiResponses, Kind::Compatible], " /v1 /v1/ /v1/chat/completions /v1/responses", "https://h/v1"),
            (&[Kind::Compatible], "/api/v3 /api/v3/ /api/v3/chat/completions", "https://h/api/v3"),
            (&[Kind::Compatible], "/chat/completions", "https://h"),
            (&[Kind::Groq], " / /openai /openai/v1 /openai/v1/chat/completions", "https://h/openai/v1"),
            (&[Kind::Openrouter], " /api /api/v1 /api/v1/chat/completions", "https://h/api/v1"),
            (&[Kind::Deepseek], " / /chat/completions", "https://h"),
            (&[Kind::Mistral, Kind::Together, Kind::Xai], " / /v1 /v1/ /v1/chat/completions /v1/responses", "https://h"),
            (&[Kind::Anthropic], " / /v1 /v1/ /v1/messages", "https://h"),
            (&[Kind::Anthropic], "/proxy /proxy/v1 /proxy/v1/messages", "https://h/proxy"),
            (&[Kind::Gemini], " / /v1beta /v1 /v1beta/openai/ /v1beta/models /v1beta/models/m:generateContent", "https://h"),
            (&[Kind::Cohere], " / /v2 /v1 /v2/chat /compatibility/v1", "https://h"),
            (&[Kind::Ollama], " / /api /api/chat /v1 /v1/ /v1/chat/completions", "https://h"),
            (&[Kind::Azure], " / /openai /openai/ /openai/v1 /openai/v1/chat/completions /openai/responses", "https://h"),
        ];
        for (kinds, paths, expected) in table {
            for (kind, path) in kinds.iter().flat_map(|kind| paths.split(' ').map(move |path| (kind, path))) {
                assert_eq!(read(*kind, &format!("https://h{path}")).base, *expected, "{kind} {path}");
            }
        }
        assert_eq!(read(Kind::Compatible, "https://api.perplexity.ai/").base, "https://api.perplexity.ai");
        assert_eq!(read(Kind::Compatible, "http://[::1]:8080").base, "http://[::1]:8080/v1");
    }

    #[test]
    fn the_whole_address_of_a_deployment_names_it_and_its_version() {
        let whole = "https://me.openai.azure.com/openai/deployments/blue/chat/completions?api-version=2025-01-01-preview";
        let read = read(Kind::Azure, whole);
        assert_eq!(read.base, "https://me.openai.azure.com");
        assert_eq!((read.deployment.as_deref(), read.api_version.as_deref()), (Some("blue"), Some("2025-01-01-preview")));
    }
}
