// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What every store promises, on a server of Redis; and what one there promises beyond that.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::unreachable, reason = "a test that cannot go on says so")]

#[path = "support/cluster.rs"]
mod cluster;
#[path = "../../runtime/tests/support/events.rs"]
mod events;
#[path = "../../runtime/tests/support/plans.rs"]
mod plans;
#[path = "../../runtime/tests/stores/promises.rs"]
mod promises;
#[path = "support/server.rs"]
mod server;

use engine::{End, Event, Keyed, KeyedEnd};
use promises::{Through, accepted, at, clock, record, simple, step};
use redis_store::keys::{Namespace, PARTITIONS};
use redis_store::{Acknowledge, LeftHere, Opening, RedisBackend, RedisOptions, connect};
use runtime::store::{
    Accepted, Arrival, Backend, Batch, BatchNumber, CachedOutput, ExecutionFilter, Left, Partition, Refusal, Schedule, ScheduleChange,
    StepRecord, Store,
};
use serde_json::json;
use server::TestServer;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// Every kind of store here, empty.
fn each(check: impl Fn(&str, &mut dyn Store)) {
    let Some(server) = TestServer::start(&[]) else { return };
    let runtime = threads();
    check("partitions on Redis", &mut Through::backend(|wake| Box::new(open(&server, &runtime, wake).0)));
    let Some(cluster) = cluster::cluster() else { return };
    check("partitions on a Cluster", &mut Through::backend(|wake| Box::new(open(&cluster[0], &runtime, wake).0)));
}

fn threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn open(server: &TestServer, runtime: &Runtime, wake: runtime::Wake) -> (RedisBackend, LeftHere) {
    let namespace = Namespace::new("test", PARTITIONS);
    let options = RedisOptions {
        host: "127.0.0.1".to_owned(),
        port: server.port,
        username: None,
        password: None,
        db: 0,
        tls: None,
        namespace: "test".to_owned(),
        acknowledge: Acknowledge::Reply,
        patience: Duration::from_secs(30),
        ended: None,
    };
    let opening = Opening {
        servers: runtime.block_on(connect(&options)).unwrap().servers,
        namespace,
        patience: Duration::from_secs(30),
        acknowledge: Acknowledge::Reply,
        ended: None,
        alerts: Vec::new(),
        handle: runtime.handle(),
    };
    RedisBackend::open(opening, &clock(), wake).unwrap()
}

fn client(server: &TestServer) -> redis::Client {
    redis::Client::open(format!("redis://127.0.0.1:{}", server.port)).unwrap()
}

/// One process, as far as a store knows.
struct Process {
    backend: RedisBackend,
    left: LeftHere,
    woken: Receiver<()>,
    last: BatchNumber,
    heard: Vec<Arrival>,
}

impl Process {
    fn start(server: &TestServer, runtime: &Runtime) -> Self {
        let (wake, woken) = mpsc::channel();
        // Nobody listens any more at the end.
        let (backend, left) = open(server, runtime, Arc::new(move || _ = wake.send(())));
        Self { backend, left, woken, last: BatchNumber::default(), heard: Vec::new() }
    }

    fn submit(&mut self, batch: Batch) -> BatchNumber {
        self.last = self.last.next();
        self.backend.submit(self.last, Batch { partition: Partition::new(0), ..batch });
        self.last
    }

    /// What has arrived up to the first that is such a one.
    fn hears(&mut self, is_such: impl Fn(&Arrival) -> bool) -> Vec<Arrival> {
        loop {
            self.backend.arrivals(&mut self.heard);
            if let Some(place) = self.heard.iter().position(&is_such) {
                return self.heard.drain(..=place).collect();
            }
            self.woken.recv_timeout(Duration::from_secs(20)).unwrap();
        }
    }

    fn commits(&mut self, batch: Batch) -> Vec<Arrival> {
        let number = self.submit(batch);
        self.hears(|arrival| matches!(arrival, Arrival::Committed(committed, _) if *committed == number))
    }
}

/// The execution with this number, in the first partition.
fn first(key: i64) -> Accepted {
    Accepted { id: format!("id-{key}~0").into(), ..accepted(key, &simple()) }
}

fn begins(keys: &[i64]) -> Batch {
    let records = keys.iter().map(|key| record(*key, 0, vec![Event::ExecutionStarted])).collect();
    Batch { accepted: keys.iter().map(|key| first(*key)).collect(), records, ..Batch::default() }
}

/// The leases of all partitions are over, and who had them shows no life any more: as 10 s after the death of their owner.
fn leases_are_over(server: &TestServer) {
    let mut connection = client(server).get_connection().unwrap();
    redis::cmd("DEL").arg("mao:{test:g}:nodes").query::<i64>(&mut connection).unwrap();
    for partition in 0..PARTITIONS {
        let own = format!("{}own", Namespace::new("test", PARTITIONS).prefix(Partition::new(partition)));
        redis::cmd("HSET").arg(own).arg("until").arg(0).query::<i64>(&mut connection).unwrap();
    }
}

#[test]
fn an_id_that_is_taken_is_refused_and_the_rest_of_its_batch_is_committed() {
    let Some(server) = TestServer::start(&[]) else { return };
    let runtime = threads();
    let mut process = Process::start(&server, &runtime);
    process.commits(begins(&[1]));
    let again = Accepted { key: 2, ..first(1) };
    let mut batch = begins(&[3]);
    batch.accepted.insert(0, again);
    batch.records.insert(0, record(2, 0, vec![Event::ExecutionStarted]));
    let heard = process.commits(batch);
    assert!(matches!(heard.as_slice(), [Arrival::Refused(2, Refusal::Exists), Arrival::Committed(..)]), "{heard:?}");
    let archive = process.backend.archive().unwrap();
    assert_eq!(archive.execution("id-1~0").unwrap().unwrap().records.len(), 1);
    assert_eq!(archive.execution("id-3~0").unwrap().unwrap().records.len(), 1);
}

#[test]
fn a_process_that_has_lost_a_partition_writes_nothing_there_any_more() {
    let Some(server) = TestServer::start(&[]) else { return };
    let runtime = threads();
    let mut one = Process::start(&server, &runtime);
    one.commits(begins(&[1]));
    leases_are_over(&server);
    let mut other = Process::start(&server, &runtime);
    one.submit(Batch { records: vec![step(1, 1)], ..Batch::default() });
    one.hears(|arrival| matches!(arrival, Arrival::Lost(partition) if partition.get() == 0));
    let mut left = Vec::new();
    other.left.unended(&mut |found| left.push(found.unwrap())).unwrap();
    assert_eq!(left.iter().map(|left| (&*left.id, left.records.len())).collect::<Vec<_>>(), [("id-1~0", 1)]);
    // The next owner goes on with the journal, which is one chain.
    let next = |seq| StepRecord { key: left[0].key, ..step(1, seq) };
    other.commits(Batch { records: vec![next(1)], ..Batch::default() });
    assert_eq!(one.backend.archive().unwrap().execution("id-1~0").unwrap().unwrap().records.len(), 2);
    one.backend.close().unwrap();
    // What the first lets go of is the other's.
    other.commits(Batch { records: vec![next(2)], ..Batch::default() });
}

#[test]
fn what_a_process_has_left_is_found_by_the_next_and_at_once_if_it_was_closed() {
    let Some(server) = TestServer::start(&[]) else { return };
    let runtime = threads();
    let mut process = Process::start(&server, &runtime);
    process.commits(begins(&[2, 1, 3]));
    process.commits(Batch { records: vec![record(3, 1, vec![Event::ExecutionEnded { end: End::Completed }])], ..Batch::default() });
    let schedule = |id: &str| {
        let (context, timing, fingerprint) = ("{}".to_owned(), "{\"every\":1}".to_owned(), "f".to_owned());
        Arc::new(Schedule { id: id.into(), plan: simple(), context, options: None, timing, fingerprint })
    };
    let schedules = vec![
        ScheduleChange::Begins(schedule("a~0"), Some(at(1, 0))),
        ScheduleChange::Begins(schedule("b~0"), Some(at(1, 0))),
        ScheduleChange::Moves(schedule("a~0"), Some(at(2, 0))),
        ScheduleChange::Ends(schedule("b~0")),
    ];
    process.commits(Batch { schedules, ..Batch::default() });
    process.backend.close().unwrap();
    let next = Process::start(&server, &runtime);
    let mut left = Vec::new();
    let next_key = next.left.unended(&mut |found| left.push(found.unwrap().id)).unwrap();
    assert_eq!((left.iter().map(|id| &**id).collect::<Vec<_>>(), next_key), (vec!["id-1~0", "id-2~0"], 1), "oldest first");
    let schedules = next.left.schedules().unwrap();
    let told: Vec<_> = schedules.iter().map(|(id, schedule)| (&**id, schedule.as_ref().unwrap().next)).collect();
    assert_eq!(told, [("a~0", Some(at(2, 0)))]);
    assert_eq!(schedules[0].1.as_ref().unwrap().definition, simple().definition);
}

/// The owner died 10 s ago: what it had is read by a process that has been there all the time, which its driver is told.
#[test]
fn partitions_of_a_process_that_died_are_taken_while_another_runs_and_what_is_idle_is_shared_with_who_joins() {
    let Some(server) = TestServer::start(&[]) else { return };
    let runtime = threads();
    let mut one = Process::start(&server, &runtime);
    one.left.unended(&mut |_| ()).unwrap();
    one.left.schedules().unwrap();
    one.commits(begins(&[1]));
    // It joins: what is idle is given to it, and the partition of the execution stays.
    let mut other = Process::start(&server, &runtime);
    let drawn: std::collections::BTreeSet<u32> = (0..4096)
        .map(|number| {
            let id = other.backend.name(format!("drawn-{number}"));
            other.backend.partition(&id).get()
        })
        .collect();
    assert!(!drawn.is_empty() && !drawn.contains(&0), "{drawn:?}");
    // What would be in one of them begins nothing here, and its owner does not hear of it.
    let theirs = Partition::new(*drawn.first().unwrap());
    let accepted = vec![Accepted { id: Namespace::new("test", PARTITIONS).id_in("mine", theirs).into(), ..accepted(9, &simple()) }];
    one.last = one.last.next();
    one.backend.submit(one.last, Batch { partition: theirs, accepted, ..Batch::default() });
    one.hears(|arrival| matches!(arrival, Arrival::Refused(9, Refusal::Elsewhere)));
    one.hears(|arrival| matches!(arrival, Arrival::Lost(partition) if *partition == theirs));
    let number = one.submit(Batch { records: vec![step(1, 1)], ..Batch::default() });
    one.hears(|arrival| matches!(arrival, Arrival::Committed(committed, _) if *committed == number));
    // Dropped and not closed: its tasks end, and nothing is let go of.
    drop(one);
    leases_are_over(&server);
    let heard = other.hears(|arrival| matches!(arrival, Arrival::Taken(taken) if taken.partition.get() == 0));
    let Some(Arrival::Taken(taken)) = heard.last() else { unreachable!() };
    let left: Vec<_> = taken.executions.iter().map(|found| found.as_ref().unwrap()).collect();
    assert_eq!(left.iter().map(|left| (&*left.id, left.records.len())).collect::<Vec<_>>(), [("id-1~0", 2)]);
    let key = left[0].key;
    other.commits(Batch { records: vec![StepRecord { key, ..step(1, 2) }], ..Batch::default() });
}

/// As after a failover to a replica that had not got the last commits: what was acknowledged is not there.
#[test]
fn a_server_that_has_lost_what_it_acknowledged_is_read_anew_before_anything_is_written() {
    let Some(server) = TestServer::start(&[]) else { return };
    let runtime = threads();
    let mut process = Process::start(&server, &runtime);
    process.commits(begins(&[1]));
    process.commits(Batch { records: vec![step(1, 1)], ..Batch::default() });
    let mut connection = client(&server).get_connection().unwrap();
    redis::cmd("HSET").arg("mao:{test:0}:own").arg("batch").arg(1).query::<i64>(&mut connection).unwrap();
    redis::cmd("RPOP").arg("mao:{test:0}:j:id-1~0").query::<String>(&mut connection).unwrap();
    process.submit(Batch { records: vec![step(1, 2)], ..Batch::default() });
    process.hears(|arrival| matches!(arrival, Arrival::Lost(partition) if partition.get() == 0));
    // Its own lease keeps it away until that is over.
    redis::cmd("HSET").arg("mao:{test:0}:own").arg("until").arg(0).query::<i64>(&mut connection).unwrap();
    let heard = process.hears(|arrival| matches!(arrival, Arrival::Taken(_)));
    let Some(Arrival::Taken(taken)) = heard.last() else { unreachable!() };
    let [Ok(left)] = taken.executions.as_slice() else { unreachable!("{taken:?}") };
    assert_eq!((&*left.id, left.records.len()), ("id-1~0", 1));
    process.commits(Batch { records: vec![StepRecord { key: left.key, ..step(1, 1) }], ..Batch::default() });
}

#[test]
fn a_connection_that_breaks_loses_nothing_and_repeats_nothing() {
    let Some(server) = TestServer::start(&[]) else { return };
    let runtime = threads();
    let mut process = Process::start(&server, &runtime);
    process.commits(begins(&[1]));
    let mut connection = client(&server).get_connection().unwrap();
    for seq in 1..300 {
        process.submit(Batch { records: vec![step(1, seq)], ..Batch::default() });
        if seq % 10 == 0 {
            let kill = ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"];
            redis::cmd(kill[0]).arg(&kill[1..]).query::<i64>(&mut connection).unwrap();
        }
        if seq % 70 == 0 {
            redis::cmd("SCRIPT").arg("FLUSH").query::<()>(&mut connection).unwrap();
        }
    }
    let last = process.last;
    let heard = process.hears(|arrival| matches!(arrival, Arrival::Committed(number, _) if *number == last));
    let numbers: Vec<BatchNumber> = heard
        .iter()
        .map(|arrival| if let Arrival::Committed(number, _) = arrival { *number } else { unreachable!("{arrival:?}") })
        .collect();
    assert!(numbers.len() == 299 && numbers.is_sorted(), "each is acknowledged once, in order: {numbers:?}");
    assert_eq!(process.backend.archive().unwrap().execution("id-1~0").unwrap().unwrap().records.len(), 300);
}

#[test]
fn a_server_that_refuses_writes_is_waited_for() {
    let Some(server) = TestServer::start(&[]) else { return };
    let runtime = threads();
    let mut process = Process::start(&server, &runtime);
    process.commits(begins(&[1]));
    let mut connection = client(&server).get_connection().unwrap();
    let mut limit = |bytes: &str| redis::cmd("CONFIG").arg(&["SET", "maxmemory", bytes]).query::<()>(&mut connection).unwrap();
    limit("1");
    let number = process.submit(Batch { records: vec![step(1, 1)], ..Batch::default() });
    let told = process.hears(|arrival| matches!(arrival, Arrival::Short(Some(_))));
    assert_eq!(told.len(), 1, "nothing else is told: {told:?}");
    limit("0");
    process.hears(|arrival| matches!(arrival, Arrival::Committed(committed, _) if *committed == number));
    process.hears(|arrival| matches!(arrival, Arrival::Short(None)));
}

#[test]
fn keys_and_outputs_are_found_as_they_were_written() {
    let Some(server) = TestServer::start(&[]) else { return };
    let runtime = threads();
    let mut process = Process::start(&server, &runtime);
    let hash = "0123456789abcdef0123456789abcdef";
    let id: Arc<str> = Keyed::execution_id(hash, 1).into();
    let partition = process.backend.partition(&id);
    let keyed = |end| Keyed { hash: hash.into(), generation: 1, fingerprint: "f".into(), end };
    let mut submit = |batch: Batch| {
        process.last = process.last.next();
        process.backend.submit(process.last, Batch { partition, ..batch });
        let last = process.last;
        process.hears(|arrival| matches!(arrival, Arrival::Committed(number, _) if *number == last));
    };
    let far = stdx::Timestamp::from_micros(4_000_000_000_000_000);
    let cached = vec![CachedOutput { key: "c".into(), output: "[1]".into(), until: far }];
    submit(Batch { accepted: vec![Accepted { id, ..accepted(1, &simple()) }], keys: vec![keyed(None)], cached, ..Batch::default() });
    let archive = process.backend.archive().unwrap();
    assert_eq!(archive.keyed(hash).unwrap().keyed, Some(keyed(None)));
    assert_eq!(archive.cached("c", at(1, 0)).unwrap().as_deref(), Some("[1]"));
    assert_eq!(archive.cached("d", at(1, 0)).unwrap(), None);
    let mut submit = |batch: Batch| {
        process.last = process.last.next();
        process.backend.submit(process.last, Batch { partition, ..batch });
        let last = process.last;
        process.hears(|arrival| matches!(arrival, Arrival::Committed(number, _) if *number == last));
    };
    let end = Some(KeyedEnd { well: true, status: "completed".into(), at: far });
    submit(Batch { keys: vec![keyed(end.clone())], ..Batch::default() });
    assert_eq!(archive.keyed(hash).unwrap().keyed, Some(keyed(end)));
    // One whose time is over is not known any more, and its id is not given again.
    let over = Some(KeyedEnd { well: true, status: "completed".into(), at: at(1, 0) });
    submit(Batch { keys: vec![keyed(over)], ..Batch::default() });
    let known = archive.keyed(hash).unwrap();
    assert_eq!((known.keyed, known.taken), (None, 1));
}

#[test]
fn executions_of_all_partitions_are_listed_newest_first_page_by_page() {
    let Some(server) = TestServer::start(&[]) else { return };
    let runtime = threads();
    let mut through = Through::backend(|wake| Box::new(open(&server, &runtime, wake).0));
    through.commit(&mut [promises::begin(&(1..=9).collect::<Vec<_>>())]).unwrap();
    let end = record(4, 1, vec![Event::ExecutionEnded { end: End::Completed }]);
    through.commit(&mut [promises::steps(vec![end])]).unwrap();
    let archive = through.archive().unwrap();
    let list = |status: Option<&str>, limit| {
        let (mut cursor, mut pages) = (None, Vec::new());
        loop {
            let filter = ExecutionFilter { status: status.map(str::to_owned), limit, cursor, ..ExecutionFilter::default() };
            let page = archive.list(&filter).unwrap();
            pages.push(page.executions.into_iter().map(|one| one.unwrap().key).collect::<Vec<_>>());
            cursor = page.cursor;
            if cursor.is_none() {
                return pages;
            }
        }
    };
    assert_eq!(list(None, 4), [vec![9, 8, 7, 6], vec![5, 4, 3, 2], vec![1]]);
    assert_eq!(list(Some("running"), 5), [vec![9, 8, 7, 6, 5], vec![3, 2, 1]]);
    assert_eq!(list(Some("completed"), 5), [vec![4]]);
    let page =
        archive.list(&ExecutionFilter { since: Some(at(3, 0)), until: Some(at(5, 0)), limit: 9, ..ExecutionFilter::default() }).unwrap();
    assert_eq!(page.executions.into_iter().map(|one| one.unwrap().key).collect::<Vec<_>>(), [4, 3]);
}

#[test]
fn what_is_deleted_is_gone_with_all_that_belongs_to_it() {
    let Some(server) = TestServer::start(&[]) else { return };
    let runtime = threads();
    let mut process = Process::start(&server, &runtime);
    let below = |id: &str| Some(json!({ "parent": { "execution": id, "path": "a", "attempt": 1 } }).to_string().into());
    let mut batch = begins(&[1]);
    batch.accepted.push(Accepted { id: "id-1~0/a/1".into(), options: below("id-1~0"), ..accepted(2, &simple()) });
    let large = Some(format!("\"{}\"", "x".repeat(70_000)).into());
    let options = below("id-1~0/a/1");
    batch.accepted.push(Accepted { id: "id-1~0/a/1/b/1".into(), options, context: large, ..accepted(3, &simple()) });
    process.commits(batch);
    let archive = process.backend.archive().unwrap();
    let whole = archive.execution("id-1~0/a/1/b/1").unwrap().unwrap();
    assert_eq!(whole.context.map(|context| context.len()), Some(70_002));
    let ends = [1, 2, 3].map(|key| record(key, i64::from(key == 1).cast_unsigned(), vec![Event::ExecutionEnded { end: End::Completed }]));
    process.commits(Batch { records: ends.into(), ..Batch::default() });
    let tree = archive.tree("id-1~0", at(9, 0)).unwrap().unwrap();
    assert_eq!((tree.keys.as_slice(), &tree.need), ([1, 2, 3].as_slice(), &None));
    let page = archive.expendable(&runtime::store::Expendable { limit: 10, ..Default::default() }).unwrap();
    assert_eq!(page.trees.iter().map(|tree| tree.ids.len()).collect::<Vec<_>>(), [3], "a tree is one");
    process.commits(Batch { deleted: tree.keys, ..Batch::default() });
    let mut connection = client(&server).get_connection().unwrap();
    let mut kept: Vec<String> = redis::cmd("KEYS").arg("mao:{test:0}:*").query(&mut connection).unwrap();
    kept.sort_unstable();
    kept.retain(|key| !key.contains("}:d:"));
    // How much room is taken is known where nothing takes any.
    kept.retain(|key| !key.ends_with(":room"));
    assert_eq!(kept, ["mao:{test:0}:feed", "mao:{test:0}:own"]);
}

#[test]
fn what_has_ended_is_packed_by_its_owner_and_read_as_before_whoever_has_to_finish_that() {
    let Some(server) = TestServer::start(&[]) else { return };
    let runtime = threads();
    let mut process = Process::start(&server, &runtime);
    process.commits(begins(&[1, 2]));
    let large = Some(format!("\"{}\"", "x".repeat(70_000)).into());
    process.commits(Batch { accepted: vec![Accepted { context: large, ..first(3) }], ..Batch::default() });
    let ends = [1, 3].map(|key| record(key, u64::from(key == 1), vec![Event::ExecutionEnded { end: End::Completed }]));
    process.commits(Batch { records: ends.into(), ..Batch::default() });
    let mut connection = client(&server).get_connection().unwrap();
    let kept = |connection: &mut redis::Connection| {
        while redis::cmd("EXISTS").arg("mao:{test:0}:unpacked").query::<bool>(connection).unwrap() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut keys: Vec<String> = redis::cmd("KEYS").arg("mao:{test:0}:*:id-*").query(connection).unwrap();
        keys.sort_unstable();
        keys
    };
    let packed = ["e:id-1~0", "e:id-3~0", "j:id-2~0", "x:id-2~0"].map(|key| format!("mao:{{test:0}}:{key}"));
    assert_eq!(kept(&mut connection), packed);
    let archive = process.backend.archive().unwrap();
    let read = |id: &str| archive.execution(id).unwrap().map(|one| (one.records.len(), one.context.map(|context| context.len())));
    assert_eq!(read("id-1~0"), Some((2, None)));
    assert_eq!(read("id-3~0"), Some((1, Some(70_002))));
    assert_eq!(archive.journal(1, 1).unwrap().len(), 1, "its end, which the one before proves");
    // Its id is taken.
    let heard = process.commits(Batch { accepted: vec![Accepted { key: 9, ..first(1) }], ..Batch::default() });
    assert!(matches!(heard.as_slice(), [Arrival::Refused(9, Refusal::Exists), Arrival::Committed(..)]), "{heard:?}");
    // Another process has the partition: nothing is put in place of anything.
    let script = include_str!("../src/scripts/pack.lua");
    let mut pack = |token: &str| {
        let mut command = redis::cmd("EVAL");
        command.arg(script).arg(7);
        for key in ["own", "unpacked", "room", "x:id-2~0", "j:id-2~0", "v:id-2~0", "e:id-2~0"] {
            command.arg(format!("mao:{{test:0}}:{key}"));
        }
        command.arg(token).arg("id-2~0").arg(1).arg("packed").query::<String>(&mut connection).unwrap()
    };
    assert_eq!(pack("another's"), "FENCED");
    let token: String =
        redis::cmd("HGET").arg("mao:{test:0}:own").arg("token").query(&mut client(&server).get_connection().unwrap()).unwrap();
    assert_eq!(pack(&token), "OK", "and what has not ended stays as it is");
    assert_eq!(kept(&mut connection), packed);
    // Its owner died right after the commit that ended it: the next one packs it.
    process.backend.close().unwrap();
    drop(process);
    let ended = at(9, 0).micros().to_string();
    for (command, key, value) in [("HSET", "x:id-2~0", ["s", "completed", "e", &ended].as_slice()), ("SADD", "unpacked", &["id-2~0"])] {
        redis::cmd(command).arg(format!("mao:{{test:0}}:{key}")).arg(value).query::<i64>(&mut connection).unwrap();
    }
    let mut next = Process::start(&server, &runtime);
    assert_eq!(kept(&mut connection), ["e:id-1~0", "e:id-2~0", "e:id-3~0"].map(|key| format!("mao:{{test:0}}:{key}")));
    let archive = next.backend.archive().unwrap();
    assert_eq!(archive.execution("id-2~0").unwrap().unwrap().records.len(), 1);
    // What is deleted gives back what it took.
    let tree = archive.tree("id-3~0", at(9, 0)).unwrap().unwrap();
    next.commits(Batch { deleted: tree.keys, ..Batch::default() });
    let lengths: Vec<u64> = ["e:id-1~0", "e:id-2~0"]
        .iter()
        .map(|key| redis::cmd("STRLEN").arg(format!("mao:{{test:0}}:{key}")).query(&mut connection).unwrap())
        .collect();
    let room: u64 = redis::cmd("GET").arg("mao:{test:0}:room").query(&mut connection).unwrap();
    assert_eq!(room, lengths.iter().sum::<u64>() + 2 * 400);
}
