// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A connection to a server of the Model Context Protocol, as JavaScript holds it.

use crate::archive::Answer;
use crate::error::NativeFailure;
use crate::runtime::{promise, transport};
use crate::wake::bell;
use mcp::{Client, McpError, Server};
use napi::bindgen_prelude::{Env, Function, Object};
use napi::threadsafe_function::UnknownReturnValue;
use napi::{Error, Result, Status};
use napi_derive::napi;
use serde_json::json;
use std::future::Future;
use std::sync::Arc;

/// One connection. It ends when it is closed, killed or collected, and with the process; the program of the server ends with it.
#[napi]
pub struct NativeMcp {
    client: Arc<Client>,
}

#[napi]
impl NativeMcp {
    /// To a server that is described as JSON text: `{ command, args, inherited, env, cwd }` or `{ url, headers, allowPrivate }`. `changed` is called,
    /// on the JavaScript thread, when the server says that its tools are others now. It never keeps the process alive.
    #[napi(constructor, catch_unwind)]
    pub fn new(server: String, changed: Function<'_, (), UnknownReturnValue>) -> Result<Self> {
        let changed = bell(&changed)?;
        let server = Server::read(&server).map_err(|error| Error::new(Status::InvalidArg, error.to_string()))?;
        Ok(Self { client: Arc::new(Client::new(server, changed)) })
    }

    /// Connects. What the server says of itself as JSON text: `{ name, version }`.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn open<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        self.answer(env, async |client| client.open(transport).await)
    }

    /// Whether calls may still be answered.
    #[napi(catch_unwind)]
    pub fn is_open(&self) -> bool {
        self.client.is_open()
    }

    /// `{ tools: [{ name, title, description, inputSchema }], leftOut: [{ name, why }] }` as JSON text. `number` is what `cancel` knows it by.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn tools<'env>(&self, env: &'env Env, number: u32) -> Result<Object<'env>> {
        self.answer(env, |client| client.tools(number))
    }

    /// A text that the server had a part in, without what only the server should know.
    #[napi(catch_unwind)]
    pub fn clean(&self, text: String) -> String {
        self.client.clean(text)
    }

    /// Calls a tool; its answer as JSON text: `{ content, structuredContent, isError }`. `number` is what `cancel` knows the call by, `traceparent` the span that
    /// it is part of.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn call<'env>(
        &self,
        env: &'env Env,
        number: u32,
        tool: String,
        arguments: String,
        traceparent: Option<String>,
    ) -> Result<Object<'env>> {
        self.answer(env, |client| client.call(number, tool, arguments, traceparent))
    }

    /// Answers a call as cancelled, and tells the server.
    #[napi(catch_unwind)]
    pub fn cancel(&self, number: u32) {
        self.client.cancel(number);
    }

    /// Ends it. Resolves when the program of the server, if it has one, has ended.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn close<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        self.answer(env, async |client| {
            client.close().await;
            Ok(String::new())
        })
    }

    /// Ends it now: the process is about to.
    #[napi(catch_unwind)]
    pub fn kill(&self) {
        self.client.kill();
    }
}

impl NativeMcp {
    fn answer<'env, F>(&self, env: &'env Env, work: impl FnOnce(Arc<Client>) -> F) -> Result<Object<'env>>
    where
        F: Future<Output = std::result::Result<String, McpError>> + Send + 'static,
    {
        let work = work(Arc::clone(&self.client));
        promise(env, async move {
            match work.await {
                Ok(text) => Answer { failure: None, text: Some(text) },
                Err(error) => Answer { failure: Some(failure(&error)), text: details(&error) },
            }
        })
    }
}

fn failure(error: &McpError) -> NativeFailure {
    NativeFailure { code: code(error).to_owned(), message: error.to_string(), causes: Vec::new() }
}

/// `{ status, retryAfterMs }` of an error of HTTP, as JSON text.
fn details(error: &McpError) -> Option<String> {
    let McpError::Http { status, retry_after_ms, .. } = error else { return None };
    Some(json!({ "status": status, "retryAfterMs": retry_after_ms }).to_string())
}

fn code(error: &McpError) -> &'static str {
    match error {
        McpError::Spawn { .. } | McpError::Setup(_) | McpError::Address(_) | McpError::Header(_) | McpError::Handshake(_) => {
            "ERR_MCP_CONNECT"
        }
        McpError::Lost(_) => "ERR_MCP_LOST",
        McpError::Refused(_) | McpError::Http { .. } | McpError::Unreadable { .. } => "ERR_TOOL_FAILED",
        McpError::Cancelled => "ERR_CANCELLED",
        McpError::Description(_) => "ERR_INTERNAL",
    }
}
