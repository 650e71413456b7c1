// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Which execution an idempotency key stands for. What is written of a key joins the commit that begins its execution, and the one that ends it, so
//! that no crash comes between the two.

use super::Driver;
use super::slots::Live;
use crate::Error;
use crate::store::KnownKey;
use engine::{Claim, Keyed, KeyedEnd};
use std::sync::Arc;
use stdx::Timestamp;

/// What a call with a key does, and the execution it is about.
#[derive(Debug)]
pub struct Claimed {
    /// What it does.
    pub claim: Claim,
    /// The id of that execution.
    pub id: String,
    /// How it ended, if it has.
    pub end: Option<KeyedEnd>,
}

impl Driver {
    /// What a call with the key of this hash does, that would do what `fingerprint` says.
    ///
    /// `known` is what the store knows of it: asked since no execution of it is live here, and since nobody else began one. Without it, `None` if it must
    /// be asked.
    pub fn claim(&mut self, hash: &str, fingerprint: &str, rerun_failed: bool, known: Option<KnownKey>) -> Result<Option<Claimed>, Error> {
        self.check()?;
        // Nothing of it is an instant of a journal.
        let now = self.now.unwrap_or_else(|| self.clock.read());
        let live = self.keys.get(hash).and_then(|slot| self.slots.keyed(*slot)).cloned();
        let (keyed, taken) = if let Some(keyed) = live {
            (Some(keyed), 0)
        } else {
            let at_hand = || self.at_hand.as_ref().map(|archive| archive.keyed(hash)).transpose();
            let Some(known) = known.map_or_else(at_hand, |known| Ok(Some(known)))? else { return Ok(None) };
            self.known_key(known, now)
        };
        let Some(keyed) = keyed else {
            return Ok(Some(Claimed { claim: Claim::Begin(taken + 1), id: Keyed::execution_id(hash, taken + 1), end: None }));
        };
        let claim = keyed.claim(fingerprint, rerun_failed, now);
        let generation = if let Claim::Begin(next) = claim { next } else { keyed.generation };
        Ok(Some(Claimed { claim, id: Keyed::execution_id(hash, generation), end: keyed.end }))
    }

    /// What the store knows by ids alone is written as a row, so that it is known when those executions are not there any more.
    fn known_key(&mut self, known: KnownKey, now: Timestamp) -> (Option<Keyed>, u32) {
        let lasts = known.keyed.as_ref().filter(|keyed| keyed.until().is_some_and(|until| until > now));
        if let Some(keyed) = lasts.filter(|_| !known.is_written) {
            let partition = self.backend.partition(&Keyed::execution_id(&keyed.hash, keyed.generation));
            self.gathered.of(partition).batch.keys.push(keyed.clone());
        }
        (known.keyed, known.taken)
    }

    /// An execution that begins is the latest of its key.
    pub(super) fn take_key(&mut self, slot: u32, keyed: Option<Keyed>) {
        let Some(keyed) = keyed else { return };
        if let Ok(live) = self.slots.get(slot) {
            self.gathered.at(live.part()).batch.keys.push(keyed.clone());
        }
        self.find_key(slot, Some(keyed));
    }

    /// An execution is there that a key began.
    pub(super) fn find_key(&mut self, slot: u32, keyed: Option<Keyed>) {
        let Some(keyed) = keyed else { return };
        self.keys.insert(Arc::clone(&keyed.hash), slot);
        if let Ok(live) = self.slots.get_live(slot) {
            live.keyed = Some(Box::new(keyed));
        } else if let Some(parked) = self.slots.parked_mut(slot) {
            parked.keyed = Some(Box::new(keyed));
        }
    }

    /// An execution is let go of; what its key stands for is on record.
    pub(super) fn release_key(&mut self, slot: u32) {
        let Some(hash) = self.slots.keyed(slot).map(|keyed| &keyed.hash) else { return };
        // A later one of the key may have taken its place.
        if self.keys.get(hash) == Some(&slot) {
            self.keys.remove(&Arc::clone(hash));
        }
    }
}

/// An execution has ended: from now on its key has so much time.
pub(super) fn end(live: &mut Live, at: Timestamp, status: &str, keys: &mut Vec<Keyed>) {
    if let Some(keyed) = &mut live.keyed {
        keyed.end = Some(KeyedEnd { well: status == "completed", status: status.into(), at });
        keys.push(Keyed::clone(keyed));
    }
}
