// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A connection of a reader, which waits for its answers. It is made with the first question, and again when it breaks: to read twice changes nothing.

use redis::{Client, Cmd, Connection, FromRedisValue, Pipeline, RedisError, Value};
use runtime::store::ReadError;
use std::cell::RefCell;
use std::time::Duration;

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// How long it may take until a connection is there.
const CONNECT_MAX: Duration = Duration::from_secs(5);

pub(crate) struct Reading {
    client: Client,
    connection: RefCell<Option<Connection>>,
}

impl Reading {
    pub(crate) fn of(client: Client) -> Self {
        Self { client, connection: RefCell::new(None) }
    }

    /// Another connection to the same server.
    pub(crate) fn another(&self) -> Self {
        Self::of(self.client.clone())
    }

    pub(crate) fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, ReadError> {
        self.with(|connection| command.query(connection))
    }

    pub(crate) fn ask_all<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, ReadError> {
        if commands.is_empty() {
            // The client refuses to ask nothing.
            return redis::from_redis_value(Value::Array(Vec::new()))
                .map_err(|error| ReadError::Unreachable { message: error.to_string() });
        }
        self.with(|connection| commands.query(connection))
    }

    fn with<T>(&self, mut question: impl FnMut(&mut Connection) -> Result<T, RedisError>) -> Result<T, ReadError> {
        let mut held = self.connection.borrow_mut();
        let was_there = held.is_some();
        let answer = self.connected(&mut held).and_then(&mut question);
        let answer = match answer {
            // The server may have closed what nobody has used for long.
            Err(error) if was_there && is_broken(&error) => {
                *held = None;
                self.connected(&mut held).and_then(&mut question)
            }
            other => other,
        };
        answer.map_err(|error| {
            if is_broken(&error) {
                *held = None;
            }
            ReadError::Unreachable { message: error.to_string() }
        })
    }

    fn connected<'c>(&self, held: &'c mut Option<Connection>) -> Result<&'c mut Connection, RedisError> {
        if held.is_none() {
            let connection = self.client.get_connection_with_timeout(CONNECT_MAX)?;
            connection.set_read_timeout(Some(ANSWER_MAX))?;
            connection.set_write_timeout(Some(ANSWER_MAX))?;
            return Ok(held.insert(connection));
        }
        // It was looked at above.
        held.as_mut().ok_or_else(|| RedisError::from((redis::ErrorKind::Io, "no connection")))
    }
}

fn is_broken(error: &RedisError) -> bool {
    error.is_io_error() || error.is_timeout() || error.is_connection_dropped() || error.is_unrecoverable_error()
}
