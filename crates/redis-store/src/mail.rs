// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What processes say to each other at once. All of it may be lost: each only says to look now at what is looked at once a second anyway.

use crate::keys::Namespace;
use redis::Pipeline;
use runtime::store::Partition;
use std::sync::Arc;
use std::time::Duration;

/// How much mail waits for a process at the most, and for how long if nobody reads it.
const MAIL_MAX: usize = 10_000;
const KEPT: Duration = Duration::from_mins(1);

/// What one process says to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mail {
    /// There is a letter in this partition.
    Letter(Partition),
    /// There is a reply to this call.
    Reply(String),
    /// A node wants to hear of an execution for a while.
    Watch(String, Arc<str>),
    /// More of it is on record.
    Moved(Arc<str>),
    /// It has ended.
    Over(Arc<str>),
}

impl Mail {
    /// Puts it into the mailbox of a node.
    pub(crate) fn to(&self, namespace: &Namespace, node: &str, question: &mut Pipeline) {
        let text = match self {
            Self::Letter(partition) => format!("letter {}", partition.get()),
            Self::Reply(call) => format!("reply {call}"),
            Self::Watch(node, id) => format!("watch {node} {id}"),
            Self::Moved(id) => format!("moved {id}"),
            Self::Over(id) => format!("over {id}"),
        };
        let mailbox = namespace.mailbox(node);
        question.cmd("XADD").arg(&mailbox).arg("MAXLEN").arg("~").arg(MAIL_MAX).arg("*").arg("m").arg(text);
        question.cmd("PEXPIRE").arg(&mailbox).arg(KEPT.as_millis().to_string());
    }

    /// `None`: a later version says something else.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(' ')?;
        Some(match kind {
            "letter" => Self::Letter(Partition::new(rest.parse().ok()?)),
            "reply" => Self::Reply(rest.to_owned()),
            "watch" => rest.split_once(' ').map(|(node, id)| Self::Watch(node.to_owned(), id.into()))?,
            "moved" => Self::Moved(rest.into()),
            "over" => Self::Over(rest.into()),
            _ => return None,
        })
    }
}

/// What the task is told that speaks with other processes.
pub(crate) enum Note {
    /// A letter of this process, by its number.
    Send(u32, Partition, String),
    /// An execution is followed, or not any more.
    Follow(Arc<str>, bool),
    /// What others have said.
    Mail(Vec<Mail>),
    /// What is to be said to these nodes.
    Tell(Vec<(String, Mail)>),
}

/// An entry: its id, and fields in pairs.
pub(crate) type Entry = (String, Vec<String>);

/// The process that a call is of.
pub(crate) fn node_of(call: &str) -> &str {
    call.split_once(':').map_or("", |(node, _)| node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_later_version_says_is_passed_over() {
        assert_eq!(Mail::of("letter 7"), Some(Mail::Letter(Partition::new(7))));
        assert_eq!(Mail::of("watch n order 17"), Some(Mail::Watch("n".to_owned(), "order 17".into())));
        assert_eq!([Mail::of("offer 3"), Mail::of("letter x"), Mail::of("letter")], [None, None, None]);
    }
}
