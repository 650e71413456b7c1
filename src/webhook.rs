// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! An address of the user that is told of alerts. What it is told, and when again, JavaScript decides.

use crate::archive::Answer;
use crate::error::NativeFailure;
use crate::runtime::{promise, transport};
use napi::bindgen_prelude::{Env, Object};
use napi::{Error, Result, Status};
use napi_derive::napi;
use providers::Web;
use std::time::Duration;

/// How long the address has to answer.
const TIME: Duration = Duration::from_secs(10);

/// The address.
#[napi]
pub struct NativeWebhook {
    web: Web,
}

#[napi]
impl NativeWebhook {
    /// What is inside this machine's networks, or not encrypted, only with `allow_private`.
    #[napi(constructor, catch_unwind)]
    pub fn new(url: String, allow_private: bool) -> Result<Self> {
        let refused = |message: String| Error::new(Status::InvalidArg, message);
        let transport = transport().map_err(|error| refused(error.to_string()))?;
        let web = transport.web(&url, allow_private).map_err(|failure| refused(failure.message))?;
        Ok(Self { web })
    }

    /// Posts a body with headers, pairs of name and value. The answer is the status as text; redirects are not followed.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn post<'env>(&self, env: &'env Env, headers: Vec<(String, String)>, body: String) -> Result<Object<'env>> {
        let web = self.web.clone();
        promise(env, async move {
            match web.post(&headers, body, TIME).await {
                Ok(Some(status)) => Answer { failure: None, text: Some(status.to_string()) },
                Ok(None) => failed(format!("there was no answer within {} s", TIME.as_secs())),
                Err(failure) => failed(failure.message),
            }
        })
    }
}

fn failed(message: String) -> Answer {
    Answer { failure: Some(NativeFailure { code: "ERR_INTERNAL".to_owned(), message, causes: Vec::new() }), text: None }
}
