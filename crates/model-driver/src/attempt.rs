// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! One request on the wire, from its sending to its end.

use crate::driver::Shared;
use models::AttemptId;
use providers::{ChatRequest, Delta, Failure, FailureKind, ModelBackend, Timeouts};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Sends a request and tells what comes of it. Once it is cancelled nothing more is told.
pub(crate) async fn run(
    shared: Arc<Shared>,
    id: AttemptId,
    backend: Arc<dyn ModelBackend>,
    request: ChatRequest,
    stream: bool,
    timeouts: Timeouts,
    cancel: CancellationToken,
) {
    let ended = if stream {
        streamed(&shared, id, &*backend, request, timeouts, &cancel).await
    } else {
        match shared.transport.call(&*backend, &request, timeouts, &cancel).await {
            Ok((reply, headers)) => {
                shared.headers(id, &headers);
                shared.succeeded(id, reply);
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    };
    if let Err(failure) = ended {
        if failure.kind == FailureKind::Cancelled {
            return;
        }
        shared.headers(id, &failure.headers);
        shared.broke(id, failure);
    }
}

async fn streamed(
    shared: &Arc<Shared>,
    id: AttemptId,
    backend: &dyn ModelBackend,
    request: ChatRequest,
    timeouts: Timeouts,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let mut stream = shared.transport.stream(backend, &request, timeouts, cancel).await?;
    // Prompts may be long, and it has been sent.
    drop(request);
    shared.headers(id, stream.headers());
    while let Some(delta) = stream.next().await {
        match delta? {
            Delta::Done { reply } => shared.succeeded(id, *reply),
            delta @ (Delta::Text { .. } | Delta::Reasoning { .. } | Delta::ToolCall { .. }) => shared.delta(id, &delta),
        }
    }
    Ok(())
}
