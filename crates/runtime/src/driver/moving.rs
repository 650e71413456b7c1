// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! An execution is moved to another plan, where it is.

use super::Driver;
use crate::Error;
use crate::effect::Number;
use engine::{Input, Move, MoveError, Plan};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the host tells of a move.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Told<'a> {
    stay: Vec<String>,
    #[serde(borrow, default)]
    outputs: BTreeMap<String, &'a RawValue>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
    idle_passes_max: Option<u64>,
    #[serde(borrow)]
    given: Option<&'a RawValue>,
}

impl Driver {
    /// From now on an execution runs another plan, and what has one of the paths in `told` stays as it is. Nothing of it is under way but children. The number
    /// of the effect that tells of it; `None` with `dry_run`, which changes nothing; those before it are of tasks as they were numbered before.
    ///
    /// `told` is JSON text: `{"stay":[path],"outputs":{path:value},"context","idlePassesMax","given"}`, as in [`Move`].
    pub fn move_to(&mut self, slot: u32, plan: &Arc<Plan>, told: &str, dry_run: bool) -> Result<Option<Number>, Error> {
        self.check()?;
        let malformed = |error: serde_json::Error| Error::Malformed { what: "move", message: error.to_string() };
        let Told { stay, outputs, context, idle_passes_max, given } = serde_json::from_str(told).map_err(malformed)?;
        let text = |value: Option<&RawValue>| value.map(|value| Arc::from(value.get()));
        let to = Move {
            plan: Arc::clone(plan),
            stay: stay.into_iter().map(Into::into).collect(),
            outputs: Arc::new(outputs.into_iter().map(|(path, output)| (path.into(), output.get().into())).collect()),
            context: text(context),
            idle_passes_max,
            given: text(given),
        };
        let live = self.slots.get(slot)?;
        live.execution.check_move(&to.stay)?;
        if live.outputs.as_ref().is_some_and(|outputs| outputs.asks()) {
            return Err(MoveError::Deciding { path: "its outputs".to_owned() }.into());
        }
        if dry_run {
            return Ok(None);
        }
        let (before, part) = (Arc::clone(live.execution.plan()), live.part());
        self.redefine(&before, plan)?;
        // What asked for an agent asks again, as what it is then.
        self.pool(|pool, now| pool.forget(now, slot));
        let targets = self.agents.as_mut().map(|agents| agents.targets_of(plan));
        let now = self.now();
        let live = self.slots.get_live(slot)?;
        (live.targets, live.outputs, live.prints) = (targets, None, None);
        live.instances.clear();
        let (record, first) = live.next_place(live.at(now), &self.gathered.at(part).batch.records);
        self.input(slot, Input::Move(Box::new(to)))?;
        Ok(Some(Number::new(record, first)))
    }

    /// An execution of one plan is one of another, if that may run.
    fn redefine(&mut self, before: &Arc<Plan>, after: &Arc<Plan>) -> Result<(), Error> {
        self.versions.release(before);
        self.admit_definition(after).inspect_err(|_| self.versions.adopt(before))
    }
}
