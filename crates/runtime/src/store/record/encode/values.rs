// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Values of users become text, or are left out of it where they are large.

use super::super::apart::Apart;
use super::{Completed, Writer};
use engine::{Event, Fit};

impl<'r> Writer<'_, 'r> {
    /// What differs between tasks that completed in a row: a list of each.
    pub(super) fn columns(&mut self, first: &'r Event, alike: &'r [Event]) {
        let rows = || std::iter::once(first).chain(alike).filter_map(Completed::of);
        self.list("starts", rows(), |writer, row| writer.difference(row.start));
        self.list("ends", rows(), |writer, row| writer.difference(row.end));
        self.list("outputs", rows(), |writer, row| writer.value(row.output));
    }

    /// `[[wait, payload as its schema gave it back], [wait]]`.
    pub(super) fn fits(&mut self, fits: Option<&[Fit]>) {
        let Some(fits) = fits else { return };
        let one = |fit: &Fit| match &fit.payload {
            Some(payload) => format!("[{},{payload}]", fit.task.get()),
            None => format!("[{}]", fit.task.get()),
        };
        let all: Vec<String> = fits.iter().map(one).collect();
        self.json("fits", &format!("[{}]", all.join(",")));
    }

    /// A value of a user.
    pub(super) fn value(&mut self, value: &'r str) {
        if value.len() <= self.most {
            self.text.push_str(value);
        } else {
            self.apart.push(Apart { place: self.text.len(), value });
            self.text.push_str("null");
        }
    }

    pub(super) fn large(&mut self, name: &str, value: &'r str) {
        self.name(name);
        self.value(value);
    }

    pub(super) fn optional_large(&mut self, name: &str, value: Option<&'r str>) {
        if let Some(value) = value {
            self.large(name, value);
        }
    }
}
