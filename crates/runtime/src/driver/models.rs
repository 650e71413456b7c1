// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What attempts tell of their models and their steps. Whoever is to wait until it is on record hears [`alphabet::execution::Kind::Noted`], in the order of
//! choices and steps.

use super::Driver;
use crate::{Error, report, spent};
use engine::{Input, InstanceIndex, Note};
use std::sync::Arc;

impl Driver {
    /// An attempt has chosen a model; `choice` is JSON text. False, and nothing follows, if it is over or was told to stop.
    pub fn chose(&mut self, slot: u32, task: InstanceIndex, attempt: u32, choice: Arc<str>) -> Result<bool, Error> {
        self.note(slot, task, attempt, Note::Chosen(choice))
    }

    /// A call of a model has ended; `call` is JSON text as in [`crate::spent`]. False if nobody can be charged for it any more: the execution
    /// has ended.
    pub fn called(&mut self, slot: u32, task: InstanceIndex, attempt: u32, call: Arc<str>) -> Result<bool, Error> {
        let malformed = |error: serde_json::Error| Error::Malformed { what: "model call", message: error.to_string() };
        let spent::Called { spent, finish, brief } = spent::of_call(&call).map_err(malformed)?;
        self.note(slot, task, attempt, Note::Called { spent: Box::new(spent), finish, call, brief })
    }

    /// An attempt tells of a step: with `value`, JSON text, that it has given it, else that it begins; `input` is the print of what it is given. False, and nothing
    /// follows, if the attempt is over, or was told to stop before the step began.
    pub fn stepped(
        &mut self,
        slot: u32,
        task: InstanceIndex,
        attempt: u32,
        name: Arc<str>,
        input: Option<u64>,
        value: Option<Arc<str>>,
    ) -> Result<bool, Error> {
        self.note(slot, task, attempt, Note::Step { name, input, value })
    }

    /// The steps of a task, as [`crate::report`] writes them; `None` if it has taken none.
    pub fn steps(&self, slot: u32, task: InstanceIndex) -> Result<Option<String>, Error> {
        Ok(self.slots.get(slot)?.execution.steps(task).map(report::steps))
    }

    fn note(&mut self, slot: u32, task: InstanceIndex, attempt: u32, note: Note) -> Result<bool, Error> {
        if !self.slots.get(slot)?.execution.takes(task, attempt, &note) {
            return Ok(false);
        }
        self.input(slot, Input::Note { task, attempt, note })?;
        Ok(true)
    }

    /// What the current attempt of a task has noted, as JSON text: `{"choices":[…],"calls":[…]}`. `None` if that is nothing.
    pub fn notes(&self, slot: u32, task: InstanceIndex) -> Result<Option<String>, Error> {
        let notes = self.slots.get(slot)?.execution.notes(task);
        Ok(notes.map(|notes| format!(r#"{{"choices":[{}],"calls":[{}]}}"#, notes.choices.join(","), notes.calls.join(","))))
    }
}
