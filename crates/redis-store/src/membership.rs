// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which processes there are, and which of them has which partition.
//!
//! ```text
//! each second    beat ─▶ the nodes that live ─▶ for each partition the one of them that it is for
//!                  for us, and free ─▶ acquired, read ─▶ Arrival::Taken: the driver goes on with what is there
//!                  ours, for another, and nothing lives there ─▶ released
//! each third     renew what we have
//! ```
//! What runs is not moved to a process that joins: an attempt that is paid for is not repeated for that.

use crate::archive::RedisArchive;
use crate::arrivals::Arrivals;
use crate::lease::{Answer, BEAT, Certain, FORMAT, Held, RENEWED_EVERY, Since};
use crate::lines::Lines;
use crate::member::{Member, Nodes, nodes_of};
use crate::parts::Parts;
use crate::writer::Message;
use redis::{Pipeline, RedisError};
use runtime::store::{Alert, AlertKind, Arrival, Partition, Rule, Severity, Taken};
use std::time::Duration;
use tokio::sync::mpsc::WeakUnboundedSender;

/// A server that was away for longer than this may have been away for all: those that it has not heard of since are not dead yet.
const AWAY: Duration = Duration::from_secs(3);
/// How long they have to show that they live, before what is theirs is taken.
const SETTLES: Duration = Duration::from_secs(3);

/// What is there waits for a process of a later version. It is over when the orchestrator is closed.
static NEWER: Rule = Rule {
    name: "store:newer",
    kind: AlertKind::Resource,
    severity: Severity::Medium,
    title: "A later version has written what this one cannot read",
};

/// The task of one process.
pub(crate) struct Membership {
    pub(crate) member: Member,
    pub(crate) lines: Lines,
    pub(crate) parts: Parts,
    pub(crate) held: Vec<Held>,
    /// Those that are ours, and not read yet, with until when.
    pub(crate) unread: Vec<(Held, Certain)>,
    pub(crate) arrivals: Arrivals,
    /// The form of a partition that this process cannot read, once it has met one.
    pub(crate) newer: Option<String>,
    pub(crate) archive: Option<RedisArchive>,
    pub(crate) told: WeakUnboundedSender<Message>,
}

/// When something last went well, and since when the server is back.
struct Times {
    beat: Since,
    renewed: Since,
    back: Option<Since>,
}

impl Membership {
    pub(crate) async fn run(mut self) {
        let mut times = Times { beat: Since::here(), renewed: Since::here(), back: None };
        loop {
            tokio::time::sleep(BEAT).await;
            // The backend is gone.
            if self.told.upgrade().is_none() {
                return;
            }
            self.turn(&mut times).await;
        }
    }

    async fn turn(&mut self, times: &mut Times) {
        let lost = self.parts.lost();
        self.held.retain(|held| !lost.contains(&held.partition));
        self.held.extend(self.parts.returned());
        if times.renewed.has_passed(RENEWED_EVERY) {
            let here = Since::here();
            if self.renew().await {
                times.renewed = here;
            }
        }
        let Ok(nodes) = self.lines.ask_one::<Vec<String>>(self.member.beat()).await else { return };
        if times.beat.has_passed(AWAY) {
            times.back = Some(Since::here());
        }
        times.beat = Since::here();
        if times.back.is_none_or(|back| back.has_passed(SETTLES)) {
            times.back = None;
            self.share(&nodes_of(&nodes)).await;
        }
        self.read().await;
    }

    /// Lets go of what is for others, and takes what is for us, of those that live.
    async fn share(&mut self, nodes: &Nodes) {
        let is_ours = |partition: Partition| self.member.is_for_us(partition, nodes.keys());
        let leaving = self.parts.leave(|partition| !is_ours(partition));
        let released: Vec<Held> = self.held.extract_if(.., |held| leaving.contains(&held.partition)).collect();
        for one in released {
            self.tell(Message::Release(one));
        }
        let has =
            |partition: Partition| self.held.iter().chain(self.unread.iter().map(|(held, _)| held)).any(|held| held.partition == partition);
        let wanted: Vec<Held> = self.member.namespace.partitions().filter(|one| is_ours(*one) && !has(*one)).map(Held::draw).collect();
        let certain = Certain::from_here();
        let answers = self.acquire(&wanted).await;
        let newer = answers.iter().find_map(|answer| if let Ok(Answer::Newer(format)) = answer { Some(format.clone()) } else { None });
        if let (None, Some(format)) = (&self.newer, newer) {
            let text = format!(
                "a later version of this package has written partitions of this namespace in form {format}, and this one reads {FORMAT}: what is there \
                 goes on in a process of that version"
            );
            self.arrivals.tell([Arrival::Alert(Alert::begins(&NEWER, text))]);
            self.newer = Some(format);
        }
        let got = wanted.into_iter().zip(answers).filter(|(_, answer)| matches!(answer, Ok(Answer::Held)));
        self.unread.extend(got.map(|(one, _)| (one, certain)));
    }

    /// Whether all that answered was renewed: a server of a Cluster may be away, and what the others have goes on.
    async fn renew(&mut self) -> bool {
        let certain = Certain::from_here();
        let all: Vec<Held> = self.held.iter().chain(self.unread.iter().map(|(held, _)| held)).cloned().collect();
        let answers = self.acquire(&all).await;
        let is_well = answers.iter().all(Result::is_ok);
        let mut kept = Vec::new();
        for (one, answer) in all.iter().zip(answers) {
            match answer {
                Ok(Answer::Held) => kept.push(one.partition),
                Ok(_) => {
                    self.unread.retain(|(unread, _)| unread.partition != one.partition);
                    if self.held.extract_if(.., |held| held.partition == one.partition).next().is_some() {
                        self.tell(Message::Gone(one.partition));
                    }
                }
                Err(_) => {}
            }
        }
        for (unread, until) in &mut self.unread {
            if kept.contains(&unread.partition) {
                *until = certain;
            }
        }
        self.tell(Message::Renewed(certain, kept));
        is_well
    }

    async fn acquire(&mut self, wanted: &[Held]) -> Vec<Result<Answer, RedisError>> {
        let mut question = Pipeline::new();
        for one in wanted {
            question.add_command(one.acquire(&self.member.namespace, &self.member.node));
        }
        self.lines.ask(&question).await.into_iter().map(|answer| answer.and_then(Answer::of)).collect()
    }

    /// Reads what is in partitions that are ours now. What cannot be read is tried again with the next beat.
    async fn read(&mut self) {
        while let Some((held, certain)) = self.unread.pop() {
            let Some(archive) = self.archive.take() else { return };
            let partition = held.partition;
            let read = tokio::task::spawn_blocking(move || {
                let taken = archive.taken(partition);
                (archive, taken)
            });
            let Ok((archive, taken)) = read.await else { return };
            self.archive = Some(archive);
            let Ok(taken) = taken else { return self.unread.push((held, certain)) };
            self.parts.found(partition, taken.executions.len() + taken.schedules.len());
            self.held.push(held.clone());
            self.tell(Message::Took(held, certain, Box::new(taken)));
        }
    }

    fn tell(&self, message: Message) {
        if let Some(told) = self.told.upgrade() {
            // The writer ends with its backend.
            let _ = told.send(message);
        }
    }
}

/// What another process has left in a partition.
impl RedisArchive {
    fn taken(&self, partition: Partition) -> Result<Taken, runtime::store::ReadError> {
        let mut executions = Vec::new();
        self.take_up(&[partition], &mut |found| executions.push(found))?;
        Ok(Taken { partition, executions, schedules: self.schedules(&[partition])? })
    }
}
