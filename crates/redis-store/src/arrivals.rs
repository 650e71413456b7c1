// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the tasks of a backend have to tell its driver, which takes it when it is woken.

use runtime::Wake;
use runtime::store::Arrival;
use std::sync::{Arc, Mutex, PoisonError};

/// What has arrived, for the thread of the driver.
#[derive(Clone)]
pub(crate) struct Arrivals {
    arrived: Arc<Mutex<Vec<Arrival>>>,
    wake: Wake,
}

impl Arrivals {
    pub(crate) fn waking(wake: Wake) -> Self {
        Self { arrived: Arc::default(), wake }
    }

    pub(crate) fn take(&self, into: &mut Vec<Arrival>) {
        into.append(&mut self.arrived.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn tell(&self, arrivals: impl IntoIterator<Item = Arrival>) {
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let before = arrived.len();
        arrived.extend(arrivals);
        let any = arrived.len() > before;
        drop(arrived);
        if any {
            (self.wake)();
        }
    }
}
