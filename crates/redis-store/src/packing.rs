// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The task that packs what has ended, right after the commit that ended it and beside all others.
//!
//! ```text
//! commit ends executions ─▶ their ids are in `unpacked`, with the same script ─▶ read, compressed, and put in place of what was read ─▶ not in it any more
//! ```
//! Wherever a process dies in that, what is not packed is in `unpacked`, and whoever takes the partition goes on. Only the owner packs: its token is looked at
//! as with a commit.

use crate::keys::Namespace;
use crate::lease::Held;
use crate::lines::Lines;
use crate::packed::{Packer, Whole};
use crate::servers::Servers;
use redis::{Pipeline, RedisError};
use runtime::store::Partition;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// Executions that are packed with one question.
const TOGETHER: usize = 64;

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Pauses after something went wrong.
const PAUSE: Duration = Duration::from_millis(500);

const PACK: &str = include_str!("scripts/pack.lua");

/// The task.
pub(crate) struct Packing {
    lines: Lines,
    namespace: Namespace,
    /// Partitions in which something may have ended.
    told: UnboundedReceiver<Held>,
}

/// An execution that has ended.
struct Ended {
    held: Held,
    id: String,
    whole: Whole,
    packed: Vec<u8>,
}

impl Packing {
    pub(crate) fn over(servers: Servers, namespace: Namespace, told: UnboundedReceiver<Held>) -> Self {
        Self { lines: Lines::with_script(servers, ANSWER_MAX, PACK), namespace, told }
    }

    pub(crate) async fn run(mut self) {
        let (mut due, packer) = (BTreeMap::new(), Arc::new(Packer::new()));
        while let Some(held) = self.told.recv().await {
            due.insert(held.partition, held);
            while !due.is_empty() {
                while let Ok(held) = self.told.try_recv() {
                    due.insert(held.partition, held);
                }
                if self.turn(&mut due, &packer).await.is_ok() {
                    continue;
                }
                // The server is away, or takes nothing. What is left is left to whoever has the partition next, once this process has not.
                self.lines.hang_up();
                if self.told.is_closed() {
                    return;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Packs some of what has ended.
    async fn turn(&mut self, due: &mut BTreeMap<Partition, Held>, packer: &Arc<Packer>) -> Result<(), RedisError> {
        let script = self.lines.script().await?;
        let found = self.some_of(due).await?;
        if found.is_empty() {
            return Ok(());
        }
        let with = Arc::clone(packer);
        // What takes milliseconds is not for a thread that waits for sockets.
        let work = tokio::task::spawn_blocking(move || {
            let pack = |ended: Ended| Ended { packed: with.pack(&ended.id, &ended.whole).unwrap_or_default(), ..ended };
            found.into_iter().map(pack).collect::<Vec<_>>()
        });
        let Ok(all) = work.await else {
            due.clear();
            return Ok(());
        };
        let mut question = Pipeline::new();
        for Ended { held, id, whole, packed } in &all {
            let prefix = self.namespace.prefix(held.partition);
            let command = question.cmd("EVALSHA").arg(&script).arg(7);
            for key in ["own", "unpacked", "room"] {
                command.arg(format!("{prefix}{key}"));
            }
            for kind in ["x:", "j:", "v:", "e:"] {
                command.arg(format!("{prefix}{kind}{id}"));
            }
            command.arg(&held.token).arg(id).arg(whole.texts.len()).arg(packed.as_slice());
        }
        let answers: Vec<String> = self.lines.ask_all(&question).await?;
        for (Ended { held, .. }, answer) in all.iter().zip(answers) {
            if answer == "FENCED" && due.get(&held.partition).is_some_and(|due| due.token == held.token) {
                due.remove(&held.partition);
            }
        }
        Ok(())
    }

    /// Some of what has ended in these partitions; those where nothing has are not due any more.
    async fn some_of(&mut self, due: &mut BTreeMap<Partition, Held>) -> Result<Vec<Ended>, RedisError> {
        let mut question = Pipeline::new();
        let each = TOGETHER.div_ceil(due.len().max(1));
        for partition in due.keys() {
            question.cmd("SRANDMEMBER").arg(format!("{}unpacked", self.namespace.prefix(*partition))).arg(each);
        }
        let answers: Vec<Vec<String>> = self.lines.ask_all(&question).await?;
        let (mut question, mut asked, mut idle) = (Pipeline::new(), Vec::new(), Vec::new());
        for (held, ids) in due.values().zip(answers) {
            if ids.is_empty() {
                idle.push(held.partition);
            }
            let prefix = self.namespace.prefix(held.partition);
            for id in ids {
                question.cmd("HGETALL").arg(format!("{prefix}x:{id}"));
                question.cmd("LRANGE").arg(format!("{prefix}j:{id}")).arg(0).arg(-1);
                question.cmd("HGETALL").arg(format!("{prefix}v:{id}"));
                asked.push((held.clone(), id));
            }
        }
        for partition in idle {
            due.remove(&partition);
        }
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let answers: Vec<redis::Value> = self.lines.ask_all(&question).await?;
        let mut answers = answers.into_iter();
        let mut found = Vec::with_capacity(asked.len());
        for (held, id) in asked {
            let mut next = || answers.next().unwrap_or(redis::Value::Nil);
            let (row, texts, values) = (next(), next(), next());
            let read = || {
                Ok::<_, RedisError>(Whole {
                    row: redis::from_redis_value(row)?,
                    texts: redis::from_redis_value(texts)?,
                    values: redis::from_redis_value(values)?,
                })
            };
            // What is no text is not ours: it stays as it is.
            found.push(Ended { held, id, whole: read().unwrap_or_default(), packed: Vec::new() });
        }
        Ok(found)
    }
}
