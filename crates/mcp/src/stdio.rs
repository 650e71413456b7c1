// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Standard input and output of a program: each message is a line.

use crate::message::{Lines, answered, is_of};
use crate::process::Pipes;
use rmcp::RoleClient;
use rmcp::model::{ClientJsonRpcMessage, ClientNotification, JsonRpcMessage, RequestId, ServerJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::AsyncRwTransport;
use std::collections::VecDeque;
use std::io;
use tokio::io::{AsyncBufReadExt, BufReader, Empty, empty};
use tokio::process::{ChildStdin, ChildStdout};

const BUFFER_BYTES: usize = 64 * 1024;

/// The pipes of a program, as messages.
pub(crate) struct Stdio {
    /// Writes; what is read goes another way.
    writer: AsyncRwTransport<RoleClient, Empty, ChildStdin>,
    output: BufReader<ChildStdout>,
    lines: Lines,
    read: VecDeque<ServerJsonRpcMessage>,
    /// The requests that are not answered yet.
    asked: Vec<RequestId>,
}

impl Stdio {
    pub(crate) fn new(Pipes { input, output }: Pipes) -> Self {
        let writer = AsyncRwTransport::new(empty(), input);
        let output = BufReader::with_capacity(BUFFER_BYTES, output);
        Self { writer, output, lines: Lines::default(), read: VecDeque::new(), asked: Vec::new() }
    }

    /// A message as it is told on: an error to nothing, as of a server that could not read what was asked, is one to the only request there is.
    fn addressed(&mut self, message: ServerJsonRpcMessage) -> ServerJsonRpcMessage {
        if let JsonRpcMessage::Error(error) = &message
            && error.id.is_none()
            && self.asked.len() == 1
        {
            return ServerJsonRpcMessage::error(error.error.clone(), self.asked.pop());
        }
        if let Some(id) = answered(&message) {
            self.asked.retain(|asked| !is_of(id, asked));
        }
        message
    }
}

impl Transport<RoleClient> for Stdio {
    type Error = io::Error;

    fn send(&mut self, item: ClientJsonRpcMessage) -> impl Future<Output = io::Result<()>> + Send + 'static {
        match &item {
            JsonRpcMessage::Request(request) => self.asked.push(request.id.clone()),
            JsonRpcMessage::Notification(told) => {
                if let ClientNotification::CancelledNotification(cancelled) = &told.notification {
                    self.asked.retain(|id| Some(id) != cancelled.params.request_id.as_ref());
                }
            }
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => {}
        }
        self.writer.send(item)
    }

    /// May be dropped at any time: bytes are taken only when they have been read.
    async fn receive(&mut self) -> Option<ServerJsonRpcMessage> {
        loop {
            if let Some(message) = self.read.pop_front() {
                return Some(self.addressed(message));
            }
            let bytes = self.output.fill_buf().await.ok()?;
            let count = bytes.len();
            // The last words of a program that ended may be its answer.
            self.read = if count == 0 { self.lines.end() } else { self.lines.push(bytes) }.into();
            self.output.consume(count);
            if count == 0 && self.read.is_empty() {
                return None;
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.writer.close().await
    }
}
