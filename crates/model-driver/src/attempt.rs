// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One request on the wire, from its sending to its end.

use models::AttemptId;
use providers::{ChatRequest, Delta, Failure, FailureKind, Headers, ModelBackend, Reply, Timeouts, Transport};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Who is told what comes of a request.
pub(crate) trait Listener: Send + Sync + 'static {
    /// A response has begun.
    fn headers(self: &Arc<Self>, id: AttemptId, headers: &Headers);
    /// A piece of an answer has come.
    fn delta(self: &Arc<Self>, id: AttemptId, delta: &Delta);
    /// An answer has come whole.
    fn succeeded(self: &Arc<Self>, id: AttemptId, reply: Reply);
    /// None will come.
    fn broke(self: &Arc<Self>, id: AttemptId, failure: Failure);
}

/// One request on the wire.
pub(crate) struct Sending {
    pub(crate) id: AttemptId,
    pub(crate) transport: Transport,
    pub(crate) backend: Arc<dyn ModelBackend>,
    pub(crate) request: ChatRequest,
    pub(crate) stream: bool,
    pub(crate) timeouts: Timeouts,
    pub(crate) cancel: CancellationToken,
}

impl Sending {
    /// Sends the request and tells what comes of it. Once it is cancelled nothing more is told.
    pub(crate) async fn run<L: Listener>(self, listener: Arc<L>) {
        let id = self.id;
        let ended = if self.stream { self.streamed(&listener).await } else { self.whole(&listener).await };
        if let Err(failure) = ended {
            if failure.kind == FailureKind::Cancelled {
                return;
            }
            listener.headers(id, &failure.headers);
            listener.broke(id, failure);
        }
    }

    async fn whole<L: Listener>(&self, listener: &Arc<L>) -> Result<(), Failure> {
        let (reply, headers) = self.transport.call(&*self.backend, &self.request, self.timeouts, &self.cancel).await?;
        listener.headers(self.id, &headers);
        listener.succeeded(self.id, reply);
        Ok(())
    }

    async fn streamed<L: Listener>(self, listener: &Arc<L>) -> Result<(), Failure> {
        let Self { id, transport, backend, request, timeouts, cancel, stream: _ } = self;
        let mut stream = transport.stream(&*backend, &request, timeouts, &cancel).await?;
        // Prompts may be long, and it has been sent.
        drop(request);
        listener.headers(id, stream.headers());
        while let Some(delta) = stream.next().await {
            match delta? {
                Delta::Done { reply } => listener.succeeded(id, *reply),
                delta @ (Delta::Text { .. } | Delta::Reasoning { .. } | Delta::ToolCall { .. }) => listener.delta(id, &delta),
            }
        }
        Ok(())
    }
}
