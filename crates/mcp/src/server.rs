// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which server, as the host describes it.

use crate::failure::{McpError, Redacted};
use http::{HeaderName, HeaderValue};
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
    /// All that it finds in its environment.
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
    /// From JSON text: `{ command, args, env, cwd }` or `{ url, headers, allowPrivate }`.
    pub fn read(text: &str) -> Result<Self, McpError> {
        Ok(serde_json::from_str(text)?)
    }

    pub(crate) fn redacted(&self) -> Redacted<'_> {
        let address = match self {
            Self::Program(_) => None,
            Self::Remote(remote) => Some((remote.url.as_str(), remote.host())),
        };
        Redacted { address }
    }
}

impl Remote {
    fn host(&self) -> &str {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        rest.split(['/', '?', '#']).next().unwrap_or_default()
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
        assert_eq!(server.redacted().told(&error), "no answer from mcp.example.com:8443 today");
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
