// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which server, as the host describes it.

use crate::failure::{Discretion, McpError};
use http::{HeaderName, HeaderValue};
use providers::{Redactor, Secret};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

/// A server of the Model Context Protocol.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Server {
    /// A program that is started, and spoken to through its pipes.
    Program(Program),
    /// One that listens somewhere.
    Remote(Remote),
}

/// How a program is started.
#[derive(Deserialize)]
pub struct Program {
    /// Found on the PATH of this process, or a whole path.
    pub(crate) command: String,
    pub(crate) args: Vec<String>,
    /// What it finds in its environment of ours, such as the PATH.
    pub(crate) inherited: BTreeMap<String, String>,
    /// What it was given besides, keys among it.
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) cwd: Option<String>,
}

/// Where a server listens.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remote {
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) allow_private: bool,
}

impl Server {
    /// From JSON text: `{ command, args, inherited, env, cwd }` or `{ url, headers, allowPrivate }`.
    pub fn read(text: &str) -> Result<Self, McpError> {
        Ok(serde_json::from_str(text)?)
    }

    /// What keeps all that was told to this server out of what is said about it.
    pub(crate) fn discretion(&self) -> Discretion {
        match self {
            Self::Program(program) => Discretion { redactor: Redactor::new(program.secrets()), address: None },
            Self::Remote(remote) => {
                let address = Some((remote.url.clone(), remote.host().to_owned()));
                Discretion { redactor: Redactor::new(remote.secrets()), address }
            }
        }
    }
}

impl Program {
    /// What its environment was given, and those of its arguments that are named like keys.
    fn secrets(&self) -> impl Iterator<Item = Secret> {
        let named = |text: &str| {
            let text = text.to_ascii_lowercase();
            ["key", "token", "secret", "pass", "auth", "credential", "header"].iter().any(|word| text.contains(word))
        };
        let within = self.args.iter().filter_map(|one| one.split_once(['=', ':'])).filter(move |(name, _)| named(name));
        let after = self.args.iter().zip(self.args.iter().skip(1)).filter(move |(name, _)| name.starts_with('-') && named(name));
        let values = self.env.values().map(String::as_str).chain(within.map(|(_, value)| value.trim()));
        values.flat_map(Secret::of_header).chain(after.flat_map(|(_, value)| Secret::of_header(value)))
    }
}

impl Remote {
    fn host(&self) -> &str {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.rsplit_once('@').map_or(authority, |(_, host)| host)
    }

    /// The values of headers, and what stands in the address around the host: each part of the path, each value of the query.
    fn secrets(&self) -> impl Iterator<Item = Secret> {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |at| rest.split_at(at));
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        let parts = path.split(['/', '?', '&', '#', ';', '=']);
        // With its slash a path is told from a word, however short it is.
        let whole = path.split(['?', '#']).next().filter(|path| path.len() > 1);
        let query = path.split_once('?').map(|(_, query)| query);
        let of_url = parts
            .chain(whole)
            .chain(query)
            .chain(user.split(':'))
            .map(|part| Secret::new(stdx::percent_decoded(part).unwrap_or_else(|| part.to_owned())));
        self.headers.values().flat_map(|value| Secret::of_header(value)).chain(of_url)
    }

    pub(crate) fn header_map(&self) -> Result<HashMap<HeaderName, HeaderValue>, McpError> {
        let headers = self.headers.iter().map(|(name, value)| {
            let wrong = || McpError::Header(name.clone());
            let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
            value.set_sensitive(true);
            Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value))
        });
        headers.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Server;

    fn read(text: &str) -> Server {
        Server::read(text).unwrap()
    }

    #[test]
    fn what_may_be_a_secret_is_not_told() {
        let server = read(r#"{ "url": "https://mcp.example.com:8443/k3y?token=t0ken", "headers": {}, "allowPrivate": false }"#);
        let error = std::io::Error::other("no answer from https://mcp.example.com:8443/k3y?token=t0ken today");
        assert_eq!(server.discretion().told(&error), "no answer from mcp.example.com:8443 today");
    }

    #[test]
    fn what_a_server_repeats_of_what_it_was_told_is_not_told_on() {
        let server = read(
            r#"{ "url": "https://mcp.example.com/v1/s3cret-p%C3%A4th/x?k=s3cret-query&n=1", "allowPrivate": false,
                "headers": { "Authorization": "Bearer s3cret-canary", "X-Basic": "Basic dTpzM2NyZXQtcGFzcw==" } }"#,
        );
        for said in [
            "bad token Bearer s3cret-canary",
            "bad token s3cret-canary for /v1/s3cret-p%C3%A4th/x",
            r#"{"path":"\/v1\/s3cret-p\u00e4th\/x"}"#,
            "no such place: s3cret-päth",
            "?k=s3cret-query&n=1",
            "czNjcmV0LWNhbmFyeQ==",
            "password s3cret-pass is wrong",
        ] {
            let told = server.discretion().clean(said.to_owned());
            assert!(told.contains("[redacted]") && !told.contains("s3cret") && !told.contains("NjcmV0LWNhbmFy"), "{told}");
        }
    }

    #[test]
    fn what_a_program_was_given_is_not_told_and_what_it_inherits_is() {
        let server = read(
            r#"{ "command": "node", "cwd": null, "inherited": { "HOME": "/users/anna" }, "env": { "API_KEY": "s3cret-env" },
                "args": ["server.mjs", "--token=s3cret-arg", "--api-key", "s3cret-next", "--header", "X-Key: s3cret-head"] }"#,
        );
        for said in ["key s3cret-env", "s3cret-arg?", "s3cret-next!", "s3cret-head"] {
            assert!(!server.discretion().clean(said.to_owned()).contains("s3cret"), "{said}");
        }
        assert_eq!(server.discretion().clean("server.mjs in /users/anna".to_owned()), "server.mjs in /users/anna");
    }

    #[test]
    fn what_is_told_of_a_server_has_an_end() {
        let server = read(r#"{ "url": "https://a.example", "headers": {}, "allowPrivate": false }"#);
        assert!(server.discretion().shortened("é".repeat(100_000)).chars().count() < 2100);
    }

    #[test]
    fn a_header_that_http_has_no_form_for_is_named_without_its_value() {
        for (name, value) in [("X Key", "plain"), ("X-Key", r"two\nlines")] {
            let text = format!(r#"{{ "url": "https://a.example", "headers": {{ "{name}": "{value}" }}, "allowPrivate": false }}"#);
            let Server::Remote(remote) = read(&text) else { panic!("it is remote") };
            let error = remote.header_map().unwrap_err().to_string();
            assert!(error.contains(name) && !error.contains("plain") && !error.contains("lines"), "{error}");
        }
    }
}
