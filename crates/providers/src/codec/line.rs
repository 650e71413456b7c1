// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The transport that rig is given: no network, two ends in one thread.

use http::{HeaderMap, StatusCode};
use rig_core::driver::{Exchange, Opened, Opening, Transport};
use rig_core::wire::{Encoded, Wire, WireFrame};
use serde_json::Value;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

/// What rig wrote, and the frames it has yet to read. Clones are ends of one line.
#[derive(Clone, Default)]
pub(super) struct Line(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    payload: Option<Encoded>,
    head: Option<Head>,
    frames: VecDeque<WireFrame>,
    ended: bool,
}

/// What rig is told of a response before its frames. Not its headers: it would hold them for as long as the answer lasts, and tell them in errors alone.
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) request_id: Option<String>,
    /// The whole body, where it is one document.
    pub(super) document: Option<Value>,
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What rig wants sent; once.
    pub(super) fn take_payload(&self) -> Option<Encoded> {
        self.state().payload.take()
    }

    /// The response opens.
    pub(super) fn open(&self, head: Head) {
        self.state().head = Some(head);
    }

    /// More frames for rig to read.
    pub(super) fn give(&self, frames: impl IntoIterator<Item = WireFrame>) {
        self.state().frames.extend(frames);
    }

    /// No frame follows.
    pub(super) fn end(&self) {
        self.state().ended = true;
    }

    /// What rig reads. It is polled after each push, so nobody needs waking.
    fn poll(&self) -> Poll<Option<WireFrame>> {
        let mut state = self.state();
        match state.frames.pop_front() {
            None if !state.ended => Poll::Pending,
            frame => Poll::Ready(frame),
        }
    }
}

impl<W: Wire<Payload = Encoded, Frame = WireFrame>> Transport<W> for Line {
    fn send(&self, payload: Encoded, _: Exchange) -> Opening<WireFrame> {
        self.state().payload = Some(payload);
        let line = self.clone();
        Opening::new(async move {
            let Head { status, request_id, document } = poll_fn(|_| {
                let mut state = line.state();
                state.head.take().map_or(Poll::Pending, Poll::Ready)
            })
            .await;
            let frames = futures_util::stream::poll_fn(move |_| line.poll().map(|frame| frame.map(Ok)));
            let opened = Opened::new(frames).with_http(status, HeaderMap::new()).with_request_id(request_id);
            Ok(match document {
                Some(document) => opened.with_document(document),
                None => opened,
            })
        })
    }
}
