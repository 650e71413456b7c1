// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Fetches a picture or file whose provider wants its bytes. Whoever wrote the conversation chose the address, so that it is public and encrypted, also after a
//! redirect, and no key goes along.

use crate::failure::{Failure, FailureKind};
use crate::provider::names_private;
use crate::request::{ChatRequest, File, Image, Part};
use crate::{ModelBackend, Remote};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Client, Url};

/// The most bytes of one: more than any provider takes.
const BYTES_MAX: usize = 32 * 1024 * 1024;
const REDIRECTS_MAX: usize = 5;

/// Whether an address may be fetched from.
type Allowed = fn(&Url) -> Result<(), String>;

fn public(url: &Url) -> Result<(), String> {
    let host = url.host_str().unwrap_or_default();
    if url.scheme() != "https" {
        return Err(format!("{host} is not asked for it, since its address does not begin with https:"));
    }
    if names_private(host) {
        return Err(format!("{host} is inside this machine's networks"));
    }
    Ok(())
}

/// `request` with the bytes of what its provider wants to be given; `None`: with nothing to fetch.
pub(crate) async fn gathered(client: &Client, backend: &dyn ModelBackend, request: &ChatRequest) -> Result<Option<ChatRequest>, Failure> {
    let wanted = backend.wants(request);
    if wanted.is_empty() {
        return Ok(None);
    }
    let mut whole = request.clone();
    for Remote { message, part, url } in wanted {
        let fetched = fetch(client, &url, public).await.map_err(|problem| {
            let hint = "give its bytes as `data`, or ask a model whose provider fetches it";
            Failure::new(FailureKind::Invalid, format!("messages[{message}].content[{part}]: it cannot be fetched: {problem}; {hint}"))
        })?;
        if let Some(place) = whole.messages.get_mut(message).and_then(|turn| turn.content.get_mut(part)) {
            fetched.stand_for(place);
        }
    }
    Ok(Some(whole))
}

#[derive(Debug, PartialEq)]
struct Fetched {
    bytes: Vec<u8>,
    media_type: String,
}

impl Fetched {
    fn stand_for(self, part: &mut Part) {
        let data = STANDARD.encode(self.bytes);
        match part {
            Part::Image(image) => *image = Image::Data { data, media_type: self.media_type },
            Part::File(file) => {
                let declared = if let File::Url { media_type, .. } = file { media_type.take() } else { None };
                *file = File::Data { data, media_type: declared.unwrap_or(self.media_type) };
            }
            Part::Text { .. } | Part::ToolCall { .. } | Part::ToolResult { .. } => {}
        }
    }
}

async fn fetch(client: &Client, address: &str, allowed: Allowed) -> Result<Fetched, String> {
    let mut url = Url::parse(address).map_err(|_| "its address is none".to_owned())?;
    for _ in 0..=REDIRECTS_MAX {
        allowed(&url)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let broken = |error: reqwest::Error| format!("{host}: {}", error.without_url());
        let mut response = client.get(url.clone()).send().await.map_err(broken)?;
        let status = response.status();
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        if status.is_redirection() {
            let next = header(LOCATION).and_then(|to| url.join(to).ok());
            url = next.ok_or_else(|| format!("{host} redirects to nowhere"))?;
            continue;
        }
        if !status.is_success() {
            return Err(format!("{host} answered with status {}", status.as_u16()));
        }
        let media_type = header(CONTENT_TYPE).unwrap_or_default().to_owned();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > BYTES_MAX {
                return Err(format!("it is larger than {} MiB", BYTES_MAX / (1024 * 1024)));
            }
        }
        return Ok(Fetched { bytes, media_type });
    }
    Err(format!("it redirects more than {REDIRECTS_MAX} times"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// A server of this machine that answers each connection with the next of `answers`.
    fn server(answers: Vec<String>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/cat.png", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for answer in answers {
                let (mut client, _) = listener.accept().unwrap();
                let mut request = [0; 4096];
                let _ = client.read(&mut request).unwrap();
                client.write_all(answer.as_bytes()).unwrap();
            }
        });
        url
    }

    fn answer(status: &str, headers: &str, body: &str) -> String {
        format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
    }

    fn client() -> Client {
        // It says how TLS is spoken.
        crate::Transport::new().unwrap();
        Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
    }

    #[tokio::test]
    async fn bytes_are_fetched_also_over_redirects() {
        let picture = answer("200 OK", "content-type: image/png\r\n", "bytes");
        let url = server(vec![answer("302 Found", "location: /other.png\r\n", ""), picture]);
        let fetched = fetch(&client(), &url, |_| Ok(())).await.unwrap();
        assert_eq!(fetched, Fetched { bytes: b"bytes".to_vec(), media_type: "image/png".to_owned() });
    }

    #[tokio::test]
    async fn what_is_not_there_or_leads_round_and_round_says_so() {
        let url = server(vec![answer("404 Not Found", "", "no")]);
        assert_eq!(fetch(&client(), &url, |_| Ok(())).await, Err("127.0.0.1 answered with status 404".to_owned()));
        let url = server(vec![answer("302 Found", "location: /cat.png\r\n", ""); 7]);
        assert_eq!(fetch(&client(), &url, |_| Ok(())).await, Err("it redirects more than 5 times".to_owned()));
    }

    #[tokio::test]
    async fn nothing_inside_is_asked_not_even_after_a_redirect() {
        for inside in
            ["http://example.com/cat.png", "https://127.0.0.1/cat.png", "https://169.254.169.254/", "https://[::1]/", "file:///etc/passwd"]
        {
            assert!(fetch(&client(), inside, public).await.is_err(), "{inside}");
        }
        let outside_first: Allowed = |url| if url.scheme() == "http" { Ok(()) } else { public(url) };
        let url = server(vec![answer("302 Found", "location: https://127.0.0.1/secret\r\n", "")]);
        assert_eq!(fetch(&client(), &url, outside_first).await, Err("127.0.0.1 is inside this machine's networks".to_owned()));
    }
}
