// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the tasks of a backend have to tell its driver, which takes it when it is woken.

use runtime::Wake;
use runtime::store::Arrival;
use std::sync::{Arc, Mutex, PoisonError};

/// Who may know why nothing new is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Knows {
    /// A commit was refused.
    Writer,
    /// There is little memory left.
    Room,
}

/// What has arrived, for the thread of the driver.
#[derive(Clone)]
pub(crate) struct Arrivals {
    arrived: Arc<Mutex<Vec<Arrival>>>,
    short: Arc<Mutex<[Option<Arc<str>>; 2]>>,
    wake: Wake,
}

impl Arrivals {
    pub(crate) fn waking(wake: Wake) -> Self {
        Self { arrived: Arc::default(), short: Arc::default(), wake }
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

    /// Nothing new is taken, or for this reason not any more.
    pub(crate) fn short(&self, who: Knows, why: Option<String>) {
        let mut short = self.short.lock().unwrap_or_else(PoisonError::into_inner);
        let [writer, room] = &mut *short;
        let of = match who {
            Knows::Writer => writer,
            Knows::Room => room,
        };
        *of = why.map(Arc::from);
        let first = short.iter().flatten().next().cloned();
        drop(short);
        self.tell([Arrival::Short(first)]);
    }
}
