// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a driver has decided in one partition as one call of `scripts/commit.lua`.
//!
//! A call is whole as its batches are: an execution that begins another stands in one batch with it, so none is ever cut. Batches that wait together go
//! together, as many as one call may have.

use crate::keys::Namespace;
use crate::names::Names;
use crate::others::Others;
use crate::stored::{self, Row};
use engine::Keyed;
use redis::Cmd;
use runtime::store::{Batch, BatchNumber, CommitError, Partition, Replied, ScheduleChange, StepRecord, encode_apart, refer};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;
use stdx::Timestamp;

/// What calls take together at the most, but for a batch that is longer by itself: a server does nothing else meanwhile.
const BYTES_MAX: usize = 256 << 10;

/// In place of a token: executions begin where another process drives, which hears of it.
pub(crate) const BEGINS: &str = "begins";

/// One call.
pub(crate) struct Call {
    /// What it acknowledges, in order.
    pub(crate) numbers: Vec<BatchNumber>,
    /// The executions that begin with it, by their places.
    pub(crate) accepted: Vec<i64>,
    keys: Vec<String>,
    args: Args,
    /// Outputs that may be taken over: they are of no partition, and to write one twice changes nothing.
    cached: Vec<Cmd>,
    ended: Vec<i64>,
    /// Whether an execution ends with it.
    pub(crate) ends: bool,
    /// How many more executions and schedules live with it, or fewer.
    pub(crate) change: i64,
    /// What processes want to hear that is on record with it: the calls that are replied to, the executions and whether they have ended.
    pub(crate) replied: Vec<Arc<str>>,
    pub(crate) moved: Vec<(Arc<str>, bool)>,
}

/// What the calls of one partition go on from.
#[derive(Default)]
pub(crate) struct Lane {
    /// Definitions that the partition has.
    defined: FxHashSet<Arc<str>>,
    /// The checksums of the last records of journals that this process writes.
    checksums: FxHashMap<i64, u64>,
}

impl Lane {
    /// An execution is taken up whose last record has this checksum.
    pub(crate) fn go_on(&mut self, key: i64, checksum: u64) {
        self.checksums.insert(key, checksum);
    }

    /// Executions with records here whose last one before is not known, and the first of those.
    pub(crate) fn unknown<'r>(&self, records: impl Iterator<Item = &'r StepRecord>) -> Vec<(i64, u64)> {
        let mut looked = FxHashSet::default();
        let is_first = |record: &&StepRecord| looked.insert(record.key) && record.seq > 0;
        let firsts = records.filter(is_first).filter(|record| !self.checksums.contains_key(&record.key));
        firsts.map(|record| (record.key, record.seq)).collect()
    }
}

/// Arguments in a row, without an allocation for each.
#[derive(Default)]
struct Args {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Args {
    fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.ends.push(self.bytes.len());
    }

    fn number(&mut self, number: impl itoa::Integer) {
        self.push(itoa::Buffer::new().format(number));
    }

    fn row(&mut self, row: &Row<'_>) {
        self.number(row.len() * 2);
        for (field, value) in row {
            self.push(field);
            self.push(value);
        }
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| self.bytes.get(start..*end))
    }
}

impl Call {
    /// A call without steps in this partition.
    pub(crate) fn of(namespace: &Namespace, partition: Partition) -> Self {
        let prefix = namespace.prefix(partition);
        let keys = ["own", "live", "ix", "feed", "schedules", "done", "unpacked", "room", "in"].map(|key| format!("{prefix}{key}"));
        Self {
            numbers: Vec::new(),
            accepted: Vec::new(),
            keys: keys.into(),
            args: Args::default(),
            cached: Vec::new(),
            ended: Vec::new(),
            ends: false,
            change: 0,
            replied: Vec::new(),
            moved: Vec::new(),
        }
    }

    /// Whether it takes more.
    pub(crate) fn has_room(&self) -> bool {
        self.args.bytes.len() < BYTES_MAX
    }

    /// The command that does it, under this number of its partition; with [`BEGINS`] for a token and a name of its own for a number where another process drives.
    pub(crate) fn command(&self, script: &str, token: &str, number: &str) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(script).arg(self.keys.len());
        self.keys.iter().for_each(|key| _ = command.arg(key));
        command.arg(token).arg(number);
        self.args.iter().for_each(|arg| _ = command.arg(arg));
        command
    }

    /// What goes before it.
    pub(crate) fn before(&self) -> &[Cmd] {
        &self.cached
    }

    /// It is on record: of what has ended nothing more is written.
    pub(crate) fn done(&self, lane: &mut Lane) {
        self.ended.iter().for_each(|key| _ = lane.checksums.remove(key));
    }

    /// Adds what a batch says.
    pub(crate) fn add(&mut self, number: BatchNumber, batch: &Batch, writing: &mut Writing<'_>) -> Result<(), CommitError> {
        self.numbers.push(number);
        for accepted in &batch.accepted {
            let (key, id) = (accepted.key, &accepted.id);
            writing.names.begin(key, id);
            writing.define(self, accepted.plan.definition_hash(), &accepted.plan.definition);
            let mut values = Vec::new();
            let row = stored::accepted(accepted, &mut values);
            self.values(id, &values, writing);
            self.accepted.push(key);
            self.change += 1;
            let root = id.split_once('/').map(|(root, _)| root);
            self.keys.extend(["x:", "e:"].map(|kind| writing.key(kind, id)));
            self.keys.push(writing.key("below:", root.unwrap_or(id)));
            self.args.push("a");
            self.args.push(id);
            self.args.number(accepted.at.micros());
            self.args.push(if root.is_some() { "1" } else { "0" });
            self.args.row(&row);
        }
        self.records(&batch.records, writing)?;
        batch.replied.iter().for_each(|replied| self.reply(replied, writing));
        batch.keys.iter().for_each(|keyed| self.keyed(keyed, batch, writing));
        for change in &batch.schedules {
            self.change += match change {
                ScheduleChange::Begins(..) => 1,
                ScheduleChange::Moves(..) => 0,
                ScheduleChange::Ends(_) => -1,
            };
            let (schedule, next) = match change {
                ScheduleChange::Begins(schedule, next) | ScheduleChange::Moves(schedule, next) => (schedule, *next),
                ScheduleChange::Ends(schedule) => {
                    self.keys.push(writing.key("s:", &schedule.id));
                    self.args.push("u");
                    self.args.push(&schedule.id);
                    continue;
                }
            };
            writing.define(self, schedule.plan.definition_hash(), &schedule.plan.definition);
            self.keys.push(writing.key("s:", &schedule.id));
            self.args.push("s");
            self.args.push(&schedule.id);
            self.args.row(&stored::schedule(schedule, next));
        }
        let deleted = batch.deleted.iter().map(|key| (key, "1")).chain(batch.discarded.iter().map(|key| (key, "0")));
        self.change -= i64::try_from(batch.discarded.len()).unwrap_or_default();
        for (key, has_ended) in deleted {
            // Who reads what is deleted has read it a moment before.
            let Some(id) = writing.names.id(*key) else { continue };
            self.ended.push(*key);
            let root = id.split_once('/').map_or(&*id, |(root, _)| root);
            self.keys.extend(["x:", "j:", "v:", "e:"].map(|kind| writing.key(kind, &id)));
            self.keys.push(writing.key("below:", root));
            self.args.push("x");
            self.args.push(&id);
            self.args.push(has_ended);
        }
        for cached in &batch.cached {
            let mut set = redis::cmd("SET");
            set.arg(writing.namespace.cached(&cached.key)).arg(&*cached.output);
            if cached.until < FOR_EVER {
                set.arg("PXAT").arg(cached.until.micros() / 1000);
            }
            self.cached.push(set);
        }
        Ok(())
    }

    /// A key is written with what begins or ends its execution, unless that was refused.
    fn keyed(&mut self, keyed: &Keyed, batch: &Batch, writing: &Writing<'_>) {
        let id = Keyed::execution_id(&keyed.hash, keyed.generation);
        let ends = |record: &StepRecord| stored::end_of(record).is_some() && writing.names.id(record.key).is_some_and(|of| *of == *id);
        let is_refused = |record: &StepRecord| writing.names.id(record.key).is_none();
        if keyed.end.is_some() && batch.records.iter().any(is_refused) && !batch.records.iter().any(ends) {
            return;
        }
        self.keys.push(writing.key("k:", &keyed.hash));
        self.args.push("k");
        self.args.push(&id);
        self.args.push(&keyed.until().map(|until| until.micros().div_ceil(1000).to_string()).unwrap_or_default());
        self.args.row(&stored::keyed(keyed));
    }

    fn reply(&mut self, Replied { entry, reply }: &Replied, writing: &Writing<'_>) {
        let (call, text) = reply.as_ref().map_or(("", ""), |(call, text)| (&**call, &**text));
        self.keys.push(writing.key("a:", call));
        self.args.push("t");
        self.args.push(entry);
        self.args.push(text);
        self.replied.extend(reply.as_ref().map(|(call, _)| Arc::clone(call)));
    }

    /// Consecutive records of one execution are one step.
    fn records(&mut self, records: &[StepRecord], writing: &mut Writing<'_>) -> Result<(), CommitError> {
        for run in records.chunk_by(|one, next| one.key == next.key && one.seq + 1 == next.seq) {
            let Some(first) = run.first() else { continue };
            // It was refused, which its driver had not heard yet.
            let Some(id) = writing.names.id(first.key) else { continue };
            let identity = stored::identity(&id);
            let mut texts = Vec::with_capacity(run.len());
            for record in run {
                let (mut text, mut apart) = (String::new(), Vec::new());
                encode_apart(record, &mut text, &mut apart);
                let values: Vec<(String, &str)> = apart.iter().map(|apart| (stdx::sha256_hex(apart.value), apart.value)).collect();
                let mut hashes = values.iter().map(|(hash, _)| hash.clone());
                // There is one for each.
                refer(&mut text, &apart, |_| Ok::<_, CommitError>(hashes.next().unwrap_or_default()))?;
                self.values(&id, &values, writing);
                let before = if record.seq == 0 { 0 } else { writing.lane.checksums.get(&record.key).copied().unwrap_or_default() };
                let checksum = runtime::store::checksum(before, &text, identity, record.seq, record.at);
                writing.lane.checksums.insert(record.key, checksum);
                texts.push(stored::record(record.at, checksum, &text));
            }
            self.keys.push(writing.key("j:", &id));
            self.args.push("r");
            self.args.push(&id);
            self.args.number(first.seq);
            self.args.number(run.len());
            for text in &texts {
                self.args.push(text);
            }
            if writing.others.watches() {
                self.moved.push((Arc::clone(&id), run.last().is_some_and(|last| stored::end_of(last).is_some())));
            }
            if let Some((last, end)) = run.last().and_then(|last| Some((last, stored::end_of(last)?))) {
                self.ended.push(last.key);
                self.ends = true;
                self.change -= 1;
                self.keys.push(writing.key("x:", &id));
                self.args.push("e");
                self.args.push(&id);
                self.args.push(end);
                self.args.number(last.at.micros());
            }
        }
        Ok(())
    }

    fn values(&mut self, id: &str, values: &[(String, &str)], writing: &Writing<'_>) {
        for (hash, value) in values {
            self.keys.push(writing.key("v:", id));
            self.args.push("v");
            self.args.push(id);
            self.args.push(hash);
            self.args.push(value);
        }
    }
}

/// What is kept until then is kept for ever.
const FOR_EVER: Timestamp = Timestamp::from_micros(1 << 62);

/// What a call is written with.
pub(crate) struct Writing<'a> {
    pub(crate) namespace: &'a Namespace,
    pub(crate) names: &'a Names,
    pub(crate) prefix: &'a str,
    pub(crate) lane: &'a mut Lane,
    pub(crate) others: &'a Others,
}

impl Writing<'_> {
    fn key(&self, kind: &str, name: &str) -> String {
        format!("{}{kind}{name}", self.prefix)
    }

    /// The partition has this definition, from its first use on.
    fn define(&mut self, call: &mut Call, hash: &Arc<str>, text: &str) {
        if self.lane.defined.insert(Arc::clone(hash)) {
            call.keys.push(self.key("d:", hash));
            call.args.push("d");
            call.args.push(text);
        }
    }
}
