// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The connections of a reader, whose thread waits for the answers. They are made with the first question, and again when they break: to read twice changes
//! nothing. A server that is away for a moment, loads what it has kept or gives its place to another is waited for.

use crate::lease::Since;
use crate::lines::Lines;
use crate::servers::Servers;
use redis::{Cmd, FromRedisValue, Pipeline, RedisError};
use runtime::store::ReadError;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;

/// How long an answer, or a connection, may take.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// How long a caller's thread waits for a server that does not answer.
const CALLER_MAX: Duration = Duration::from_secs(5);

/// Between two questions to a server that does not answer for now.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a server is waited for.
#[derive(Clone)]
pub(crate) enum Waits {
    /// Some seconds: a caller can ask again.
    ForCaller,
    /// Until this is said to be over: what a driver asks it cannot do without.
    Until(Arc<AtomicBool>),
}

pub(crate) struct Reading {
    lines: RefCell<Lines>,
    servers: Servers,
    handle: Handle,
    waits: Waits,
}

impl Reading {
    pub(crate) fn of(servers: Servers, handle: &Handle, waits: Waits) -> Self {
        Self { lines: RefCell::new(Lines::of(servers.clone(), ANSWER_MAX)), servers, handle: handle.clone(), waits }
    }

    /// Other connections to the same servers.
    pub(crate) fn another(&self) -> Self {
        Self::of(self.servers.clone(), &self.handle, self.waits.clone())
    }

    pub(crate) fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, ReadError> {
        let mut question = Pipeline::new();
        question.add_command(command.clone());
        let (answer,) = self.ask_all(&question)?;
        Ok(answer)
    }

    pub(crate) fn ask_all<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, ReadError> {
        let mut lines = self.lines.borrow_mut();
        let began = Since::here();
        let answer = loop {
            match self.handle.block_on(lines.ask_all(commands)) {
                Err(error) if is_passing(&error) && self.waits_since(began) => std::thread::sleep(PAUSE),
                answer => break answer,
            }
        };
        answer.map_err(|error| ReadError::Unreachable { message: error.to_string() })
    }

    fn waits_since(&self, began: Since) -> bool {
        match &self.waits {
            Waits::ForCaller => !began.has_passed(CALLER_MAX),
            Waits::Until(is_over) => !is_over.load(Ordering::Relaxed),
        }
    }
}

/// Whether the same question may be answered a moment later.
fn is_passing(error: &RedisError) -> bool {
    let is_broken = error.is_io_error() || error.is_timeout() || error.is_connection_dropped();
    is_broken || matches!(error.code(), Some("LOADING" | "CLUSTERDOWN" | "TRYAGAIN" | "MASTERDOWN" | "MOVED" | "ASK"))
}
