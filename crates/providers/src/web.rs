// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! HTTP for other protocols than those of providers.

use crate::address::{broken, with_port};
use crate::failure::{Failure, FailureKind};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use reqwest::{Client, Response, Url};
use std::time::Duration;

/// One address that may be spoken to. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Web {
    pub(crate) client: Client,
    pub(crate) url: Url,
}

impl Web {
    /// One request to the address; redirects are not followed.
    pub async fn send(&self, method: Method, headers: HeaderMap, body: Vec<u8>) -> Result<WebAnswer, Failure> {
        let host = with_port(&self.url);
        match self.client.request(method, self.url.clone()).headers(headers).body(body).send().await {
            Ok(response) => Ok(WebAnswer { response, host }),
            Err(error) => Err(broken(&host, error)),
        }
    }
}

impl Web {
    /// Posts a body and gives the status of the answer, whatever it is; what else the answer holds is not read. `None`: it took longer than `time`.
    pub async fn post(&self, headers: &[(String, String)], body: String, time: Duration) -> Result<Option<u16>, Failure> {
        let mut named = HeaderMap::new();
        for (name, value) in headers {
            let refused =
                || Failure::new(FailureKind::Invalid, format!("header `{name}` cannot be sent: its name or its value is none of HTTP"));
            let name = HeaderName::try_from(name.as_str()).map_err(|_| refused())?;
            named.insert(name, HeaderValue::try_from(value.as_str()).map_err(|_| refused())?);
        }
        let sent = self.send(Method::POST, named, body.into_bytes());
        tokio::time::timeout(time, sent).await.ok().transpose().map(|answer| answer.map(|answer| answer.status().as_u16()))
    }
}

/// A response whose body is being read. Dropping it lets go of the connection.
#[derive(Debug)]
pub struct WebAnswer {
    response: Response,
    host: String,
}

impl WebAnswer {
    /// How it begins.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// What it says of itself.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// How many bytes the body has, where that is said.
    pub fn length(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// What comes next of the body; `None` at its end. A future that is dropped loses nothing.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        match self.response.chunk().await {
            Ok(chunk) => Ok(chunk.map(Into::into)),
            Err(error) => Err(broken(&self.host, error)),
        }
    }
}
