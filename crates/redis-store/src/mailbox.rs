// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Reads what other processes say to this one.

use crate::lines::Lines;
use crate::mail::{Entry, Mail, Note};
use crate::member::Member;
use redis::{Cmd, RedisError};
use std::time::Duration;
use tokio::sync::mpsc::WeakUnboundedSender;

/// How long the server holds a question while nothing comes, and how long that and the way may take.
const BLOCK: Duration = Duration::from_secs(2);
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(7);

/// Before it is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// The task of one process.
pub(crate) struct Mailbox {
    pub(crate) member: Member,
    pub(crate) told: WeakUnboundedSender<Note>,
}

impl Mailbox {
    /// `lines` do nothing else: a question that waits would hold up every other.
    pub(crate) async fn run(self, mut lines: Lines) {
        let mut last = "0".to_owned();
        // Until the backend is gone.
        while self.told.strong_count() > 0 {
            if self.read(&mut lines, &mut last).await.is_err() {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn read(&self, lines: &mut Lines, last: &mut String) -> Result<(), RedisError> {
        let found: Option<Vec<(String, Vec<Entry>)>> = lines.ask_one(self.question(last)).await?;
        let entries = found.into_iter().flatten().flat_map(|(_, entries)| entries);
        let mut mail = Vec::new();
        for (entry, fields) in entries {
            *last = entry;
            mail.extend(fields.get(1).and_then(|text| Mail::of(text)));
        }
        if let (Some(told), false) = (self.told.upgrade(), mail.is_empty()) {
            // The task ends with the backend.
            let _ = told.send(Note::Mail(mail));
        }
        Ok(())
    }

    fn question(&self, last: &str) -> Cmd {
        let mut question = redis::cmd("XREAD");
        question.arg("BLOCK").arg(BLOCK.as_millis().to_string()).arg("STREAMS");
        question.arg(self.member.namespace.mailbox(&self.member.node)).arg(last);
        question
    }
}
