// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Why a server that is reached by HTTP gives no answer, and what to do about it.

use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use rmcp::transport::streamable_http_client::StreamableHttpError;
use serde_json::Value;

/// No answer, in words for people.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// There was no response, or not all of one.
    #[error("{0}")]
    Network(String),
    /// The response says that it is none.
    #[error("{said}")]
    Status {
        status: StatusCode,
        /// When it may be asked again.
        retry_after_ms: Option<u64>,
        said: String,
    },
}

impl Refusal {
    pub(crate) fn of(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        // Seconds; few give a date.
        let seconds = text(RETRY_AFTER).and_then(|text| text.trim().parse::<u32>().ok());
        let what = words(status, text(LOCATION), seconds);
        let said = match explained(body) {
            Some(why) => format!("{what} It says: {why}"),
            None => what.trim_end_matches('.').to_owned(),
        };
        Self::Status { status, retry_after_ms: seconds.map(|seconds| u64::from(seconds) * 1000), said }
    }
}

fn words(status: StatusCode, location: Option<&str>, seconds: Option<u32>) -> String {
    let code = status.as_u16();
    let again = seconds.map_or_else(String::new, |seconds| format!(" in {seconds} s"));
    match code {
        300..=399 => {
            // What follows a `?` may be a secret.
            let to = location.and_then(|to| to.split(['?', '#']).next()).map_or_else(String::new, |to| format!(" to {to}"));
            format!("it redirects{to} (HTTP {code}), which is not followed: set `url` to the final address.")
        }
        401 => format!("it asks for credentials (HTTP {code}): give a key or token in `headers`, such as `Authorization`."),
        403 => format!("it refuses these credentials (HTTP {code}): give others in `headers`."),
        404 | 410 => format!("there is no server at this address (HTTP {code}): the path of `url` may be another one, often /mcp."),
        405 => format!(
            "it takes no POST at this address (HTTP {code}): it may speak the older transport, HTTP with SSE, which is not supported; \
             ask for its address of streamable HTTP, often /mcp."
        ),
        408 | 504 => format!("it took too long (HTTP {code}): try again, or ask for less."),
        413 => format!("the request is too large for it (HTTP {code}): ask with less."),
        429 => format!("it gets too many requests (HTTP {code}): try again{}.", if again.is_empty() { " later" } else { &again }),
        500.. => format!("it failed (HTTP {code}): try again{}, or see its own log.", if again.is_empty() { " later" } else { &again }),
        _ => format!("it answered with HTTP {code}."),
    }
}

/// What a body says went wrong: pages for people say it in a form that is no help here.
fn explained(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() || text.starts_with('<') {
        return None;
    }
    let value: Option<Value> = serde_json::from_str(text).ok();
    let said = value.as_ref().and_then(|value| {
        let error = value.get("error").unwrap_or(value);
        let told = ["message", "error_description", "detail"].iter().find_map(|name| error.get(name));
        told.unwrap_or(error).as_str()
    });
    Some(said.unwrap_or(text).to_owned())
}

/// What a failure of the transport is, in words for people.
#[expect(clippy::wildcard_enum_match_arm, reason = "another package may add variants, and says itself what they mean")]
pub(crate) fn told(failed: &StreamableHttpError<Refusal>) -> String {
    match failed {
        StreamableHttpError::Client(refusal) => refusal.to_string(),
        StreamableHttpError::SessionExpired => "it does not know the session any more (HTTP 404)".to_owned(),
        StreamableHttpError::TransportChannelClosed => "it ended, or closed the connection".to_owned(),
        other => other.to_string(),
    }
}

/// Why a body without an answer in it is none.
pub(crate) fn no_answer(status: StatusCode, kind: Option<&str>, body: &[u8]) -> String {
    if body.trim_ascii().is_empty() {
        return format!("it is empty (HTTP {})", status.as_u16());
    }
    match kind {
        Some(kind) if kind == super::JSON => "it is not a message of this protocol in answer to this request".to_owned(),
        Some(kind) => format!("it is `{kind}`, neither JSON nor a stream of events; is this the address of an MCP server?"),
        None => "it has no content type; is this the address of an MCP server?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal;
    use http::{HeaderMap, HeaderValue, StatusCode};

    #[test]
    fn each_status_says_what_to_do() {
        for (status, body, wanted) in [
            (401, "", "it asks for credentials (HTTP 401): give a key or token in `headers`, such as `Authorization`"),
            (401, r#"{"error":"invalid_token","error_description":"expired"}"#, "It says: invalid_token"),
            (403, "<html>no</html>", "it refuses these credentials (HTTP 403): give others in `headers`"),
            (404, "", "there is no server at this address (HTTP 404): the path of `url` may be another one, often /mcp"),
            (405, "", "it may speak the older transport, HTTP with SSE, which is not supported"),
            (429, "", "it gets too many requests (HTTP 429): try again in 7 s"),
            (
                500,
                r#"{"error":{"message":"database is down"}}"#,
                "it failed (HTTP 500): try again in 7 s, or see its own log. It says: database is down",
            ),
            (307, "", "it redirects to https://b.example/mcp (HTTP 307), which is not followed: set `url` to the final address"),
            (418, "short and stout", "it answered with HTTP 418. It says: short and stout"),
        ] {
            let headers = HeaderMap::from_iter([
                (http::header::RETRY_AFTER, HeaderValue::from_static("7")),
                (http::header::LOCATION, HeaderValue::from_static("https://b.example/mcp?key=secret")),
            ]);
            let said = Refusal::of(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes()).to_string();
            assert!(said.contains(wanted), "{status}: {said}");
            assert!(!said.ends_with('.') && !said.contains("secret"), "{said}");
        }
    }
}
