// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is called what on the server, and which id is in which partition.
//!
//! | key, after `mao:{ns:p}:` | type | holds |
//! |---|---|---|
//! | `own` | HASH | who has the partition: `token`, `node`, `until`, `batch` (the last call that was applied) and what that `refused`; its `format` |
//! | `x:<id>` | HASH | an execution: `d`efinition, `w`orkflow, `c`ontext, `o`ptions, `t`imeout, `a`ccepted, and once it has ended `s`tatus and `e`nded |
//! | `j:<id>` | LIST | its journal, one record an element: instant, checksum, text |
//! | `v:<id>` | HASH | its values above 64 KiB, by their hashes |
//! | `e:<id>` | STRING | an execution that has ended, in place of the three before: packed |
//! | `unpacked`, `room` | SET, STRING | ids of those that have ended and are not packed yet; about how many bytes those take that are |
//! | `below:<id>` | SET | executions that are tasks of this one, of their tasks, and so on |
//! | `live`, `ix`, `done` | SET, ZSET, ZSET | ids of executions that have not ended; all ids by when they were accepted; those that have ended by when |
//! | `feed` | STREAM | which records each commit has appended |
//! | `d:<hash>` | STRING | a definition |
//! | `k:<hash>` | HASH | an idempotency key |
//! | `schedules`, `s:<id>` | SET, HASH | schedules |
//! | `in` | STREAM | letters that were not carried out: a `c`all with its `t`ext, or `x`, an execution that began |
//! | `a:<call>` | STRING | the reply to a letter, empty before, with an expiry |
//! | `echo:<node>` | STRING | what a process writes to hear when replicas have it, for a minute |
//!
//! Of no partition are an output that other executions may take over, `mao:{ns:c:<key>}`, the processes that live, `mao:{ns:g}:nodes` (ZSET), and the mailbox of
//! each, `mao:{ns:n:<node>}:in` (STREAM).

use engine::Keyed;
use runtime::store::Partition;
use stdx::hash64;

/// How many partitions a namespace has that says nothing else.
pub const PARTITIONS: u32 = 64;

/// Where a drawn id says its partition.
const MARK: char = '~';

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A namespace of a server.
#[derive(Clone, Debug)]
pub struct Namespace {
    name: String,
    partitions: u32,
}

impl Namespace {
    /// The namespace with this name and so many partitions.
    pub fn new(name: &str, partitions: u32) -> Self {
        Self { name: name.to_owned(), partitions: partitions.max(1) }
    }

    /// All of its partitions.
    pub fn partitions(&self) -> impl Iterator<Item = Partition> + use<> {
        (0..self.partitions).map(Partition::new)
    }

    /// What the keys of a partition begin with. A Cluster keeps in one slot what has the same text in braces.
    pub fn prefix(&self, partition: Partition) -> String {
        format!("mao:{{{}:{}}}:", self.name, partition.get())
    }

    /// The key of the processes that live.
    pub(crate) fn nodes(&self) -> String {
        format!("mao:{{{}:g}}:nodes", self.name)
    }

    /// The key of what others say to a process.
    pub(crate) fn mailbox(&self, node: &str) -> String {
        format!("mao:{{{}:n:{node}}}:in", self.name)
    }

    /// The key of what a process writes to hear of the replicas that a partition has.
    pub(crate) fn echo(&self, partition: Partition, node: &str) -> String {
        format!("{}echo:{node}", self.prefix(partition))
    }

    /// The key of an output that may be taken over.
    pub fn cached(&self, key: &str) -> String {
        format!("mao:{{{}:c:{key}}}", self.name)
    }

    /// Where the execution, or the schedule, with this id is: with the execution whose task it is, the schedule that began it, or the idempotency key that it
    /// is of; where the id says; else where its hash does.
    pub fn partition(&self, id: &str) -> Partition {
        let root = id.split(['/', '@']).next().unwrap_or(id);
        let marked = root.rsplit_once(MARK).and_then(|(_, digits)| self.marked(digits));
        let by_hash = || {
            let text = Keyed::of_id(root).map_or(root, |(hash, _)| hash);
            u32::try_from(hash64(text.as_bytes()) % u64::from(self.partitions)).unwrap_or_default()
        };
        Partition::new(marked.unwrap_or_else(by_hash))
    }

    fn marked(&self, digits: &str) -> Option<u32> {
        let partition = u32::from_str_radix(digits, 36).ok().filter(|partition| *partition < self.partitions)?;
        // There is one way to write it, so that no two ids say the same.
        (mark_of(partition) == digits).then_some(partition)
    }

    /// A drawn id that is in this partition.
    pub fn id_in(&self, drawn: &str, partition: Partition) -> String {
        format!("{drawn}{MARK}{}", mark_of(partition.get()))
    }
}

fn mark_of(partition: u32) -> String {
    let mut digits = Vec::new();
    let mut rest = partition;
    loop {
        digits.extend(DIGITS.get((rest % 36) as usize).copied().map(char::from));
        rest /= 36;
        if rest == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_together_is_in_one_partition() {
        let namespace = Namespace::new("ns", 64);
        let partition = |id: &str| namespace.partition(id).get();
        for number in 0..64 {
            let id = namespace.id_in("018bcfe5-687b-7", Partition::new(number));
            assert_eq!((partition(&id), partition(&format!("{id}/a.b/1"))), (number, number), "{id}");
        }
        assert_eq!(partition("nightly"), partition("nightly@2026-12-01T00:00:00Z"));
        let hash = "0123456789abcdef0123456789abcdef";
        assert_eq!(partition(&format!("key-{hash}")), partition(&format!("key-{hash}-2")));
        assert_eq!(partition(&format!("key-{hash}")), partition(hash));
    }

    #[test]
    fn an_id_that_says_no_partition_is_hashed() {
        let namespace = Namespace::new("ns", 40);
        let is_hashed = |id: &str| namespace.partition(id).get() == u32::try_from(hash64(id.as_bytes()) % 40).unwrap_or(u32::MAX);
        assert!(["order-17", "a~", "a~zz", "a~14", "a~01", "a~Z", "a~+1"].into_iter().all(is_hashed));
        assert_eq!(namespace.partition("a~13").get(), 39);
    }

    #[test]
    fn keys_of_a_partition_are_in_one_slot() {
        assert_eq!(Namespace::new("shop", 64).prefix(Partition::new(7)), "mao:{shop:7}:");
        assert_eq!(Namespace::new("shop", 64).cached("abc"), "mao:{shop:c:abc}");
    }
}
