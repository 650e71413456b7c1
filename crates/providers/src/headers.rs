// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The headers of a response that something is concluded from: limits, waits, ids.

use crate::secret::Redactor;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names in lower case and their values. What nobody reads, cookies above all, is left behind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Headers(BTreeMap<String, String>);

const EXACT: [&str; 12] = [
    "cf-ray",
    "content-type",
    "date",
    "mistral-correlation-id",
    "request-id",
    "retry-after",
    "retry-after-ms",
    "x-amzn-requestid",
    "x-ms-retry-after-ms",
    "x-request-id",
    "x-should-retry",
    "x-amzn-errortype",
];

const PREFIXES: [&str; 3] = ["x-ratelimit-", "anthropic-ratelimit-", "ratelimit"];

impl Headers {
    /// Of all `headers`, those of interest; a header sent twice counts as it was sent last.
    pub fn of(headers: &HeaderMap, redactor: &Redactor) -> Self {
        let kept = headers.iter().filter(|(name, _)| {
            let name = name.as_str();
            EXACT.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        });
        Self(kept.filter_map(|(name, value)| Some((name.as_str().to_owned(), redactor.clean(value.to_str().ok()?.to_owned())))).collect())
    }

    /// The value of a header, whose name is in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The id the provider's support asks for.
    pub fn request_id(&self) -> Option<&str> {
        ["x-request-id", "request-id", "mistral-correlation-id", "x-amzn-requestid", "cf-ray"].into_iter().find_map(|name| self.get(name))
    }
}
