// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Questions that the driver asks of what is on record, answered without its thread waiting for a file.
//!
//! ```text
//! Backend::ask(number, question) ─┬─ in memory ──────────────────────────▶ Arrival::Found(number, answer), at once
//!                                 └─ a file ─▶ the thread that reads it ─▶ the same, and the host is woken
//! ```
//! The thread begins with the first question: most orchestrators ask none.

use super::backend::{Arrival, Wake};
use super::{Archive, ReadError, StoredExecution};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use stdx::Timestamp;

/// The number of a question, given by the driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct QuestionNumber(u64);

impl QuestionNumber {
    /// The number of the next question.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// What a driver asks.
#[derive(Clone, Debug)]
pub enum Question {
    /// The output kept under this key, if it may still be taken over then.
    Cached(Arc<str>, Timestamp),
    /// Which of these ids are those of executions.
    Known(Vec<Arc<str>>),
    /// The execution with this id, and its journal.
    Execution(Arc<str>),
}

/// The answer to a question of the same name.
#[derive(Debug)]
pub enum Answer {
    /// JSON text.
    Cached(Option<Arc<str>>),
    /// One for each.
    Known(Vec<bool>),
    /// `None` where there is none, and in memory.
    Execution(Option<Box<StoredExecution>>),
}

impl Question {
    /// What an archive says to it.
    pub fn answer(&self, archive: &dyn Archive) -> Result<Answer, ReadError> {
        Ok(match self {
            Self::Cached(key, now) => match archive.cached(key, *now) {
                // What cannot be read is not taken over: the task does it anew.
                Err(error) if error.is_of_one() => Answer::Cached(None),
                found => Answer::Cached(found?),
            },
            Self::Known(ids) => Answer::Known(ids.iter().map(|id| archive.has_execution(id)).collect::<Result<_, _>>()?),
            Self::Execution(id) => Answer::Execution(archive.execution(id)?.map(Box::new)),
        })
    }
}

/// Answers the questions of one driver.
pub struct Answering {
    archive: Box<dyn Archive>,
    wake: Wake,
    answers: Arc<Mutex<Vec<Arrival>>>,
    thread: Option<Thread>,
}

struct Thread {
    questions: Sender<(QuestionNumber, Question)>,
    handle: JoinHandle<()>,
}

impl Answering {
    /// Answers from an archive, and calls `wake` when there is an answer.
    pub fn from(archive: Box<dyn Archive>, wake: Wake) -> Self {
        Self { archive, wake, answers: Arc::default(), thread: None }
    }

    /// What it reads.
    pub fn archive(&self) -> &dyn Archive {
        &*self.archive
    }

    /// Takes a question.
    pub fn ask(&mut self, number: QuestionNumber, question: Question) {
        let refused = if self.archive.is_in_memory() {
            Some(question.answer(&*self.archive))
        } else {
            self.hand_over(number, question).err().map(Err)
        };
        if let Some(answer) = refused {
            lock(&self.answers).push(Arrival::Found(number, answer));
        }
    }

    /// Appends the answers that there are.
    pub fn arrivals(&self, into: &mut Vec<Arrival>) {
        into.append(&mut lock(&self.answers));
    }

    fn hand_over(&mut self, number: QuestionNumber, question: Question) -> Result<(), ReadError> {
        let unavailable = |message: String| ReadError::Unavailable { message };
        if self.thread.is_none() {
            let archive = self.archive.another().map_err(|error| unavailable(error.to_string()))?;
            let (questions, asked) = mpsc::channel();
            let reader = Reader { archive, asked, answers: Arc::clone(&self.answers), wake: Arc::clone(&self.wake), at: None };
            let spawned = std::thread::Builder::new().name("journal-reader".to_owned()).spawn(move || reader.run());
            let handle = spawned.map_err(|error| unavailable(format!("the thread that reads the journal could not start: {error}")))?;
            self.thread = Some(Thread { questions, handle });
        }
        let sent = self.thread.as_ref().is_some_and(|thread| thread.questions.send((number, question)).is_ok());
        if sent { Ok(()) } else { Err(unavailable("the thread that reads the journal has ended".to_owned())) }
    }

    /// Ends the thread, which lets go of the file.
    pub fn close(&mut self) {
        if let Some(Thread { questions, handle }) = self.thread.take() {
            drop(questions);
            // One that panicked has said so.
            let _ = handle.join();
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.close();
    }
}

/// What the thread has.
struct Reader {
    archive: Box<dyn Archive>,
    asked: Receiver<(QuestionNumber, Question)>,
    answers: Arc<Mutex<Vec<Arrival>>>,
    wake: Wake,
    /// The question that it is at.
    at: Option<QuestionNumber>,
}

impl Reader {
    fn run(mut self) {
        while let Ok((number, question)) = self.asked.recv() {
            self.at = Some(number);
            let answer = question.answer(&*self.archive);
            self.tell(number, answer);
        }
    }

    fn tell(&self, number: QuestionNumber, answer: Result<Answer, ReadError>) {
        lock(&self.answers).push(Arrival::Found(number, answer));
        (self.wake)();
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(number) = self.at.filter(|_| std::thread::panicking()) {
            self.tell(number, Err(ReadError::Unavailable { message: "the thread that reads the journal has failed".to_owned() }));
        }
    }
}

fn lock(answers: &Mutex<Vec<Arrival>>) -> MutexGuard<'_, Vec<Arrival>> {
    // A panic while holding it leaves a plain list.
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}
