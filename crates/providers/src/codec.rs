// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The wires of all providers, by `rig-core`, which is named here and in the folder beside and nowhere else.
//!
//! Rig drives a wire through a transport of its own kind. Ours ([`line::Line`]) takes what rig would send and gives it
//! frames as they are pushed, so that rig reads and writes without a socket, a task or a clock.

mod decoder;
mod family;
mod halves;
mod intake;
mod line;
mod media;
mod reading;
mod report;
mod schemas;
mod wires;
mod writing;

use crate::backend::{Exchange, HttpRequest, Mode, ModelBackend, Remote};
use crate::failure::{Failure, FailureKind};
use crate::provider::{ConfigError, ProviderConfig};
use crate::request::{ChatRequest, Message};
use crate::secret::{Redactor, Secret};
use decoder::WireDecoder;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use line::Line;
use media::Way;
use rig_core::error::ProviderError;
use rig_core::http_client::framing::Framing;
use rig_core::wire::Body;
use std::sync::Arc;
use wires::WireOf;
use writing::Written;

/// The backend of a provider whose configuration makes sense.
pub(crate) fn backend(config: &ProviderConfig) -> Result<Arc<dyn ModelBackend>, ConfigError> {
    if config.api_key.is_some() {
        sensitive(config.key()).ok_or_else(|| ConfigError::Header { field: "apiKey".to_owned() })?;
    }
    let mut headers = HeaderMap::new();
    for (name, value) in &config.headers {
        let bad = || ConfigError::Header { field: format!("headers.{name}") };
        headers.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?, sensitive(value.expose()).ok_or_else(bad)?);
    }
    let secrets = config.headers.values().flat_map(|value| Secret::of_header(value.expose()));
    let redactor = Redactor::new(secrets.chain(config.api_key.clone()));
    Ok(Arc::new(RigBackend { wire: WireOf::new(config), headers, redactor, allow_private: config.reaches_private() }))
}

fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok().filter(|value| !value.is_empty())?;
    value.set_sensitive(true);
    Some(value)
}

#[derive(Debug)]
struct RigBackend {
    wire: WireOf,
    headers: HeaderMap,
    redactor: Redactor,
    allow_private: bool,
}

impl ModelBackend for RigBackend {
    fn open(&self, request: &ChatRequest, mode: Mode) -> Result<Exchange, Failure> {
        self.exchange(request, mode).map_err(|failure| failure.cleaned(&self.redactor))
    }

    fn wants(&self, request: &ChatRequest) -> Vec<Remote> {
        let sight = self.wire.sight(&request.model);
        let wanted = media::elsewhere(&request.messages).filter_map(|(place, medium)| {
            let url = medium.ok().filter(|medium| sight.way(medium) == Ok(Way::Fetched))?.url()?.to_owned();
            let (message, part) = place;
            Some(Remote { message, part, url })
        });
        wanted.collect()
    }

    fn unfit(&self, model: &str, messages: &[Message]) -> Option<String> {
        let sight = self.wire.sight(model);
        media::each(messages).find_map(|(_, medium)| medium.and_then(|medium| sight.way(&medium)).err())
    }

    fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn omitted(&self, request: &ChatRequest) -> Vec<&'static str> {
        let (deployment, fields) = self.wire.addressed();
        family::fitted(request, deployment, fields).1
    }
}

impl RigBackend {
    fn exchange(&self, request: &ChatRequest, mode: Mode) -> Result<Exchange, Failure> {
        let line = Line::default();
        let (deployment, fields) = self.wire.addressed();
        let (request, _) = family::fitted(request, deployment, fields);
        let request = &*request;
        let shape = self.wire.shape(&request.model, request.has_tools());
        let Written { request: written, warnings } = writing::completion(request, shape, &self.wire.sight(&request.model))?;
        let source = self.wire.open(&request.model, written, mode, line.clone()).map_err(|error| unwritable(&error))?;
        let encoded = line.take_payload().ok_or_else(|| Failure::new(FailureKind::Invalid, "the wire wrote nothing to send"))?;
        let (parts, body) = encoded.request.into_parts();
        let Body::Bytes(body) = body else {
            return Err(Failure::new(FailureKind::Invalid, "the wire wrote a form where JSON belongs"));
        };
        let mut headers = parts.headers;
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        if encoded.framing == Framing::Sse {
            headers.entry(ACCEPT).or_insert(HeaderValue::from_static("text/event-stream"));
        }
        self.wire.authorise(&mut headers);
        headers.extend(self.headers.clone());
        for name in ["authorization", "x-api-key", "api-key", "x-goog-api-key"] {
            if let Some(value) = headers.get_mut(name) {
                value.set_sensitive(true);
            }
        }
        let url = wires::without_key(&parts.uri.to_string());
        let request = HttpRequest { method: parts.method, url, headers, body, allow_private: self.allow_private };
        let decoder = WireDecoder::new(source, line, mode, encoded.framing, encoded.request_id_header, self.redactor.clone());
        let decoder = decoder.warning(warnings);
        Ok(Exchange { request, decoder: Box::new(decoder) })
    }
}

fn unwritable(error: &ProviderError) -> Failure {
    Failure::new(FailureKind::Invalid, format!("the request cannot be sent to this model: {}", reading::plain(error)))
}
