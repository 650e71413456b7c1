// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How a driver stands: what is counted, and whether all is on record.

use super::{Driver, Statistics};
use crate::{Error, report};

impl Driver {
    /// A live execution as JSON text; see [`report::live`].
    pub fn report(&self, slot: u32) -> Result<String, Error> {
        let live = self.slots.get(slot)?;
        Ok(report::live(&live.execution))
    }

    /// Counts since the driver began.
    pub fn statistics(&self) -> Statistics {
        let late: u64 = self.slots.iter().map(|live| live.execution.late_answers()).sum();
        Statistics {
            late_answers: self.statistics.late_answers + late,
            waiting: self.admission.waiting(),
            parked: self.slots.parked_count(),
            ..self.statistics
        }
    }

    /// Whether everything that was flushed is known to be committed and all that was asked is answered, or the backend has been away for so long that it is not to be waited for.
    pub fn is_settled(&self) -> bool {
        self.is_away || (self.gathered.is_empty() && self.outbox.is_settled() && self.asked.is_empty())
    }
}
