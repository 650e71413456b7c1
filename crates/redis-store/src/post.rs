// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The task that speaks with other processes: of letters, their replies, and executions that are followed. See `runtime/store/post.rs`.
//!
//! ```text
//! this process                     on the server, with the partition           the process that drives
//! send ─ send.lua ─▶ `in`: the letter, `a:<call>`: empty ──────────────────────▶ read: Arrival::Letter
//! Arrival::Reply ◀── `a:<call>`: the reply ◀── commit.lua, which takes the letter out of `in` ── its records, and the reply
//! follow ─────────── the length of a journal, and whether it has ended ────────▶ Arrival::Moved
//! ```
//! Each is looked at once a second, and at once when mail says so (`mailbox`). What is in `in` was not carried out: there is no cursor but the one of this task,
//! which keeps a letter from being read twice while the partition is held.

use crate::archive::RedisArchive;
use crate::arrivals::Arrivals;
use crate::lease::Since;
use crate::lines::Lines;
use crate::mail::{Entry, Mail, Note};
use crate::member::Member;
use crate::others::Watched;
use crate::parts::Parts;
use redis::{Pipeline, RedisError, Value};
use runtime::store::{Arrival, Letter, Partition, Says};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// How often all is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// For how long it is known that a letter was left, so that it is left once.
const KNOWN: Duration = Duration::from_mins(10);

/// Letters that are read with one question.
const LETTERS: usize = 100;

const SEND: &str = include_str!("scripts/send.lua");

/// A letter of this process that has no reply.
struct Sent {
    partition: Partition,
    call: String,
    text: String,
    is_left: bool,
    since: Since,
}

/// The task of one process.
pub(crate) struct Post {
    pub(crate) member: Member,
    pub(crate) parts: Parts,
    pub(crate) arrivals: Arrivals,
    pub(crate) watched: Watched,
    /// How long a reply is waited for.
    pub(crate) patience: Duration,
    pub(crate) notes: UnboundedReceiver<Note>,
}

/// What it is at.
struct Desk {
    lines: Lines,
    archive: Option<RedisArchive>,
    letters: BTreeMap<u32, Sent>,
    /// Those whose reply is looked for now.
    replied: BTreeSet<u32>,
    /// How long each journal is that is followed, once that was seen.
    followed: FxHashMap<Arc<str>, Option<u64>>,
    moved: BTreeSet<Arc<str>>,
    /// Partitions in which there may be letters, and which was read last.
    unread: BTreeSet<Partition>,
    read: FxHashMap<Partition, String>,
    mail: Vec<(String, Mail)>,
}

impl Post {
    /// `archive`: reads what others have begun.
    pub(crate) async fn run(mut self, lines: Lines, archive: RedisArchive) {
        let mut desk = Desk::of(lines, archive);
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                note = self.notes.recv() => match note {
                    Some(note) => self.hear(&mut desk, note),
                    // The backend is gone.
                    None => return,
                },
                _ = look.tick() => self.look(&mut desk),
            }
            while let Ok(note) = self.notes.try_recv() {
                self.hear(&mut desk, note);
            }
            // What fails is looked at again.
            let _ = self.turn(&mut desk).await;
        }
    }

    fn hear(&self, desk: &mut Desk, note: Note) {
        match note {
            Note::Send(number, partition, text) => {
                let call = format!("{}:{number}", self.member.node);
                desk.letters.insert(number, Sent { partition, call, text, is_left: false, since: Since::here() });
            }
            Note::Follow(id, true) => {
                desk.moved.insert(Arc::clone(&id));
                desk.followed.insert(id, None);
            }
            Note::Follow(id, false) => _ = desk.followed.remove(&id),
            Note::Mail(mail) => mail.into_iter().for_each(|mail| self.take(desk, mail)),
            Note::Tell(mail) => mail.into_iter().for_each(|(node, mail)| self.tell(desk, node, mail)),
        }
    }

    fn take(&self, desk: &mut Desk, mail: Mail) {
        match mail {
            Mail::Letter(partition) => _ = desk.unread.insert(partition),
            Mail::Reply(call) => desk.replied.extend(call.split_once(':').and_then(|(_, number)| number.parse::<u32>().ok())),
            Mail::Watch(node, id) => self.watched.watch(node, id),
            Mail::Moved(id) | Mail::Over(id) => _ = desk.moved.insert(id),
        }
    }

    /// What is said to this process needs no mailbox.
    fn tell(&self, desk: &mut Desk, node: String, mail: Mail) {
        if node == self.member.node { self.take(desk, mail) } else { desk.mail.push((node, mail)) }
    }

    /// All is looked at.
    fn look(&self, desk: &mut Desk) {
        desk.unread.extend(self.parts.held());
        desk.replied.extend(desk.letters.keys());
        desk.moved.extend(desk.followed.keys().cloned());
        self.watched.forget();
        let over: Vec<u32> =
            desk.letters.iter().filter(|(_, sent)| sent.since.has_passed(self.patience)).map(|(number, _)| *number).collect();
        for number in over {
            desk.letters.remove(&number);
            self.arrivals.tell([Arrival::Reply(number, None)]);
        }
    }

    async fn turn(&self, desk: &mut Desk) -> Result<(), RedisError> {
        self.leave(desk).await?;
        self.find_replies(desk).await?;
        self.find_moved(desk).await?;
        self.read(desk).await?;
        let mut question = Pipeline::new();
        for (node, mail) in desk.mail.drain(..) {
            mail.to(&self.member.namespace, &node, &mut question);
        }
        // What is lost of it is found without.
        desk.lines.ask(&question).await;
        Ok(())
    }

    /// Leaves letters where they belong.
    async fn leave(&self, desk: &mut Desk) -> Result<(), RedisError> {
        let numbers: Vec<u32> = desk.letters.iter().filter(|(_, letter)| !letter.is_left).map(|(number, _)| *number).collect();
        for number in numbers {
            let Some(letter) = desk.letters.get_mut(&number) else { continue };
            let prefix = self.member.namespace.prefix(letter.partition);
            let mut send = redis::cmd("EVAL");
            send.arg(SEND).arg(3).arg(format!("{prefix}own")).arg(format!("{prefix}in")).arg(format!("{prefix}a:{}", letter.call));
            send.arg(&letter.call).arg(&letter.text).arg(KNOWN.as_millis().to_string());
            let node: String = desk.lines.ask_one(send).await?;
            letter.is_left = true;
            let partition = letter.partition;
            if !node.is_empty() {
                self.tell(desk, node, Mail::Letter(partition));
            }
        }
        Ok(())
    }

    async fn find_replies(&self, desk: &mut Desk) -> Result<(), RedisError> {
        let key = |sent: &Sent| format!("{}a:{}", self.member.namespace.prefix(sent.partition), sent.call);
        let (mut question, mut asked) = (Pipeline::new(), Vec::new());
        for number in std::mem::take(&mut desk.replied) {
            if let Some(sent) = desk.letters.get(&number).filter(|sent| sent.is_left) {
                question.cmd("GET").arg(key(sent));
                asked.push(number);
            }
        }
        if asked.is_empty() {
            return Ok(());
        }
        let replies: Vec<Option<String>> = desk.lines.ask_all(&question).await?;
        let mut done = Pipeline::new();
        for (number, reply) in asked.into_iter().zip(replies) {
            let Some(reply) = reply.filter(|reply| !reply.is_empty()) else { continue };
            if let Some(sent) = desk.letters.remove(&number) {
                done.cmd("UNLINK").arg(key(&sent));
            }
            self.arrivals.tell([Arrival::Reply(number, Some(reply.into()))]);
        }
        // What stays is gone in a while.
        desk.lines.ask(&done).await;
        Ok(())
    }

    async fn find_moved(&self, desk: &mut Desk) -> Result<(), RedisError> {
        let moved = std::mem::take(&mut desk.moved);
        let ids: Vec<Arc<str>> = moved.into_iter().filter(|id| desk.followed.contains_key(id)).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let mut question = Pipeline::new();
        for id in &ids {
            let prefix = self.member.namespace.prefix(self.member.namespace.partition(id));
            question.cmd("LLEN").arg(format!("{prefix}j:{id}"));
            question.cmd("HMGET").arg(format!("{prefix}x:{id}")).arg("w").arg("s");
            question.cmd("HGET").arg(format!("{prefix}own")).arg("node");
        }
        let mut answers = desk.lines.ask_all::<Vec<Value>>(&question).await?.into_iter();
        for id in ids {
            let length: u64 = redis::from_redis_value(answers.next().unwrap_or(Value::Nil))?;
            let (workflow, status): (Option<String>, Option<String>) = redis::from_redis_value(answers.next().unwrap_or(Value::Nil))?;
            let node: Option<String> = redis::from_redis_value(answers.next().unwrap_or(Value::Nil))?;
            let is_over = workflow.is_none() || status.is_some();
            let Some(known) = desk.followed.get_mut(&id) else { continue };
            if known.replace(length) != Some(length) || is_over {
                self.arrivals.tell([Arrival::Moved(Arc::clone(&id), is_over)]);
            }
            if let Some(node) = node.filter(|_| !is_over) {
                self.tell(desk, node, Mail::Watch(self.member.node.clone(), id));
            }
        }
        Ok(())
    }

    /// Reads what was left in partitions that this process has.
    async fn read(&self, desk: &mut Desk) -> Result<(), RedisError> {
        while let Some(partition) = desk.unread.pop_first() {
            for one in self.parts.fresh() {
                desk.read.remove(&one);
            }
            if !self.parts.drives(partition) {
                continue;
            }
            let key = format!("{}in", self.member.namespace.prefix(partition));
            let first = desk.read.get(&partition).map_or_else(|| "-".to_owned(), |last| format!("({last}"));
            let mut question = redis::cmd("XRANGE");
            question.arg(&key).arg(first).arg("+").arg("COUNT").arg(LETTERS);
            let entries: Vec<Entry> = desk.lines.ask_one(question).await?;
            if entries.len() == LETTERS {
                desk.unread.insert(partition);
            }
            let mut letters = Vec::new();
            for (entry, fields) in entries {
                let field = |place: usize| fields.get(place).map(String::as_str).unwrap_or_default();
                let says = match field(0) {
                    "c" => Says::Do { call: field(1).into(), text: field(3).into() },
                    "x" => match desk.begun(field(1)).await {
                        Some(Some(begun)) => Says::Begun(Box::new(begun)),
                        // It was deleted since.
                        Some(None) => {
                            let mut forget = redis::cmd("XDEL");
                            forget.arg(&key).arg(&entry);
                            let _: i64 = desk.lines.ask_one(forget).await?;
                            continue;
                        }
                        // It is looked at again.
                        None => {
                            desk.unread.remove(&partition);
                            break;
                        }
                    },
                    // A later version reads it.
                    _ => continue,
                };
                desk.read.insert(partition, entry.clone());
                letters.push(Arrival::Letter(Letter { partition, entry: entry.into(), says }));
            }
            // Lost, and ours again meanwhile: what was read is read anew.
            if !self.parts.is_fresh(partition) {
                self.arrivals.tell(letters);
            }
        }
        Ok(())
    }
}

impl Desk {
    fn of(lines: Lines, archive: RedisArchive) -> Self {
        Self {
            lines,
            archive: Some(archive),
            letters: BTreeMap::new(),
            replied: BTreeSet::new(),
            followed: FxHashMap::default(),
            moved: BTreeSet::new(),
            unread: BTreeSet::new(),
            read: FxHashMap::default(),
            mail: Vec::new(),
        }
    }

    /// What has this id on record; `None`: it cannot be asked.
    async fn begun(&mut self, id: &str) -> Option<Option<crate::archive::Seen>> {
        let (archive, id) = (self.archive.take()?, Arc::from(id));
        let read = tokio::task::spawn_blocking(move || {
            let begun = archive.begun(&id);
            (archive, begun)
        });
        let (archive, begun) = read.await.ok()?;
        self.archive = Some(archive);
        begun.ok()
    }
}
