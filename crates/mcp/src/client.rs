// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One connection to one server, from its handshake to its end.

use crate::answer;
use crate::failure::{Discretion, McpError};
use crate::http::Http;
use crate::listing::Listing;
use crate::process::{GRACE, Process};
use crate::server::Server;
use crate::stdio::Stdio;
use providers::{SetupError, Transport};
use rmcp::model::{
    CallToolRequestParams, ClientConfig, ClientRequest, Implementation, JsonObject, PaginatedRequestParams, Request, RequestOptionalParam,
    RequestParamsMeta as _,
};
use rmcp::service::{NotificationContext, Peer, PeerRequestOptions, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, RoleClient, ServiceExt};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// Is told when the tools of a server are others than before. Called on a thread of the runtime; must not block.
pub type Changed = Arc<dyn Fn() + Send + Sync>;

/// What takes a while. Boxed, so that what the library of the protocol does on the way is compiled once, here, and small.
pub type Work<'client, T> = Pin<Box<dyn Future<Output = Result<T, McpError>> + Send + 'client>>;

/// One connection. Its methods may be called from any thread, within a tokio runtime where they are `async`.
pub struct Client {
    server: Server,
    discretion: Discretion,
    changed: Changed,
    state: Mutex<State>,
    /// Ends everything that goes on here.
    stop: CancellationToken,
}

#[derive(Default)]
struct State {
    peer: Option<Peer<RoleClient>>,
    http: Option<Http>,
    process: Option<Process>,
    /// Whether it has ended, and its process with it.
    ended: Option<tokio::sync::watch::Receiver<bool>>,
    calls: HashMap<u32, CancellationToken>,
}

impl Client {
    /// Not connected yet.
    pub fn new(server: Server, changed: Changed) -> Self {
        let discretion = server.discretion();
        Self { server, discretion, changed, state: Mutex::default(), stop: CancellationToken::new() }
    }

    /// Connects, over `transport` if it is by HTTP; what the server says of itself, as JSON text: `{ name, version }`. Once per client.
    pub fn open(&self, transport: fn() -> Result<Transport, SetupError>) -> Work<'_, String> {
        Box::pin(async move {
            let opened = self.stop.run_until_cancelled(self.connect(transport)).await.unwrap_or(Err(McpError::Cancelled));
            if opened.is_err() {
                self.kill();
            }
            opened
        })
    }

    async fn connect(&self, transport: fn() -> Result<Transport, SetupError>) -> Result<String, McpError> {
        let listener = Listener { changed: Arc::clone(&self.changed) };
        let (service, process) = match &self.server {
            Server::Program(program) => {
                let (process, pipes) = Process::start(program)?;
                // From here on `kill` finds it.
                self.lock().process = Some(process.clone());
                let service = listener.serve(Stdio::new(pipes)).await;
                (service.map_err(|error| McpError::of_handshake(&error, None, &self.discretion))?, Some(process))
            }
            Server::Remote(remote) => {
                let web = transport()?.web(&remote.url, remote.allow_private).map_err(|failure| McpError::Address(failure.message))?;
                let http = Http::new(web);
                self.lock().http = Some(http.clone());
                let config = StreamableHttpClientTransportConfig::with_uri(remote.url.as_str()).custom_headers(remote.header_map()?);
                let service = listener.serve(StreamableHttpClientTransport::with_client(http.clone(), config)).await;
                (service.map_err(|error| McpError::of_handshake(&error, http.unheard(), &self.discretion))?, None)
            }
        };
        let itself = service.peer_info().and_then(|info| info.server_info.clone());
        // What it calls itself stands in every error about it.
        let said = |part: fn(&Implementation) -> &String| itself.as_ref().map(|one| self.discretion.shortened(part(one).clone()));
        let text = json!({ "name": said(|one| &one.name), "version": said(|one| &one.version) }).to_string();
        self.keep(service, process);
        Ok(text)
    }

    /// Sees to it that a connection that ends takes its process along.
    fn keep(&self, service: RunningService<RoleClient, Listener>, process: Option<Process>) {
        let (over, ended) = tokio::sync::watch::channel(false);
        let mut state = self.lock();
        state.peer = Some(service.peer().clone());
        state.ended = Some(ended);
        drop(state);
        let (stop, finish) = (self.stop.clone(), service.cancellation_token());
        tokio::spawn(async move {
            let mut waiting = std::pin::pin!(service.waiting());
            tokio::select! {
                _ = &mut waiting => {}
                () = stop.cancelled() => {
                    finish.cancel();
                    let _ = tokio::time::timeout(GRACE, waiting).await;
                }
            }
            if let Some(process) = process {
                process.ended().await;
            }
            // Nobody may be waiting for it.
            let _ = over.send(true);
        });
    }

    /// Whether calls may still be answered.
    pub fn is_open(&self) -> bool {
        self.lock().peer.as_ref().is_some_and(|peer| !peer.is_transport_closed()) && !self.stop.is_cancelled()
    }

    /// The tools of the server as JSON text: `{ tools: [{ name, title, description, inputSchema }], leftOut: [{ name, why }] }`, the latter
    /// of those that cannot be used. `number` is as with `call`.
    pub fn tools(self: Arc<Self>, number: u32) -> Work<'static, String> {
        self.until_cancelled(number, async |client, cancelled| client.list(&cancelled).await)
    }

    async fn list(&self, cancelled: &CancellationToken) -> Result<String, McpError> {
        const WHAT: &str = "the list of its tools";
        let http = self.lock().http.clone();
        if let Some(http) = http {
            http.listening().await;
        }
        let declared = self.peer()?.peer_info().is_some_and(|info| info.capabilities.tools.is_some());
        let mut listing = Listing::default();
        let mut cursor = None;
        loop {
            let params = cursor.map(|cursor| PaginatedRequestParams::default().with_cursor(Some(cursor)));
            let request = params.map_or_else(RequestOptionalParam::default, RequestOptionalParam::with_param);
            let page = match self.ask(ClientRequest::ListToolsRequest(request), WHAT, cancelled).await {
                // It did not say that it has tools, and it has none: there may be no method to ask it by.
                Err(McpError::Refused(_)) if !declared => return Ok(listing.end()),
                page => page?,
            };
            cursor = listing.add(&page).map_err(|why| McpError::unreadable(WHAT, why, &self.discretion))?;
            if cursor.is_none() {
                return Ok(listing.end());
            }
        }
    }

    /// A text that the server had a part in, such as its answer that a call failed, without what only the server should know.
    pub fn clean(&self, text: String) -> String {
        self.discretion.clean(text)
    }

    /// Calls a tool with arguments that are JSON text of an object; its answer as JSON text: `{ content, structuredContent, isError }`.
    /// `number` is what `cancel` knows the call by, as soon as this returns: before anything was sent. `traceparent`: the span that it is part of, which the
    /// server is told in `_meta` (SEP-414).
    pub fn call(self: Arc<Self>, number: u32, tool: String, arguments: String, traceparent: Option<String>) -> Work<'static, String> {
        self.until_cancelled(number, async move |client, cancelled| {
            let arguments: JsonObject = serde_json::from_str(&arguments)?;
            let what = format!("the answer of tool `{tool}`");
            let mut params = CallToolRequestParams::new(tool).with_arguments(arguments);
            if let Some(traceparent) = traceparent {
                params.set_traceparent(&traceparent);
            }
            let request = ClientRequest::CallToolRequest(Request::new(params));
            let result = client.ask(request, &what, &cancelled).await?;
            let answer = answer::read(result).map_err(|why| McpError::unreadable(&what, why, &client.discretion))?;
            Ok(answer.to_string())
        })
    }

    /// Does `work` until it is done or `cancel` is told its number.
    fn until_cancelled<F>(self: Arc<Self>, number: u32, work: impl FnOnce(Arc<Self>, CancellationToken) -> F) -> Work<'static, String>
    where
        F: Future<Output = Result<String, McpError>> + Send + 'static,
    {
        let cancelled = self.stop.child_token();
        self.lock().calls.insert(number, cancelled.clone());
        let work = work(Arc::clone(&self), cancelled);
        Box::pin(async move {
            let answer = work.await;
            self.lock().calls.remove(&number);
            answer
        })
    }

    /// The result of a request for `what`, whatever it is.
    async fn ask(&self, request: ClientRequest, what: &str, cancelled: &CancellationToken) -> Result<Value, McpError> {
        let failed = |error| McpError::of_call(&error, what, &self.discretion);
        let peer = self.peer()?;
        let sent = peer.send_cancellable_request(request, PeerRequestOptions::no_options());
        let mut handle = cancelled.run_until_cancelled(sent).await.ok_or(McpError::Cancelled)?.map_err(failed)?;
        let answer = tokio::select! {
            answer = &mut handle.rx => answer,
            () = cancelled.cancelled() => {
                // The server may stop; whether it does is its own affair.
                let _ = handle.cancel(Some("the caller cancelled it".into())).await;
                return Err(McpError::Cancelled);
            }
        };
        let answer = answer.unwrap_or(Err(rmcp::ServiceError::TransportClosed)).map_err(failed)?;
        Ok(serde_json::to_value(answer)?)
    }

    /// Tells the server that a call is not wanted any more, and answers it as cancelled.
    pub fn cancel(&self, number: u32) {
        if let Some(call) = self.lock().calls.get(&number) {
            call.cancel();
        }
    }

    /// Ends the connection. Resolves when the process of the server, if it has one, has ended.
    pub async fn close(&self) {
        self.stop.cancel();
        let (ended, process) = {
            let state = self.lock();
            (state.ended.clone(), state.process.clone())
        };
        if let Some(mut ended) = ended {
            // Its sender goes only once it is over.
            let _ = ended.wait_for(|over| *over).await;
        } else if let Some(process) = process {
            // It was never one that could be told to end.
            process.kill();
            process.ended().await;
        }
    }

    /// Ends it now: for those who cannot wait.
    pub fn kill(&self) {
        self.stop.cancel();
        if let Some(process) = &self.lock().process {
            process.kill();
        }
    }

    fn peer(&self) -> Result<Peer<RoleClient>, McpError> {
        self.lock().peer.clone().ok_or_else(|| McpError::Lost("it was never made".into()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a server hears of us, and we of it unasked.
struct Listener {
    changed: Changed,
}

impl ClientHandler for Listener {
    fn get_info(&self) -> ClientConfig {
        let ourselves = Implementation::new("multi-agent-orchestrator", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(rmcp::model::ClientCapabilities::default(), ourselves)
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        (self.changed)();
    }
}
