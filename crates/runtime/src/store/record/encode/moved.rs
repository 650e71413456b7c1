// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a move says.

use super::{Writer, json_string};
use engine::Move;

impl Writer<'_, '_> {
    pub(super) fn moved(&mut self, to: &Move) {
        self.json("definition", &to.plan.definition);
        self.number("timeout", u64::try_from(to.plan.default_timeout.as_millis()).unwrap_or(u64::MAX));
        self.list("stay", to.stay.iter(), |writer, path| writer.text.push_str(&json_string(path)));
        if !to.outputs.is_empty() {
            self.list("known", to.outputs.iter(), |writer, (path, output)| {
                writer.text.push('[');
                writer.text.push_str(&json_string(path));
                writer.text.push(',');
                writer.text.push_str(output);
                writer.text.push(']');
            });
        }
        if let Some(context) = &to.context {
            self.json("context", context);
        }
        if let Some(max) = to.idle_passes_max {
            self.number("idlePassesMax", max);
        }
        if let Some(given) = &to.given {
            self.json("given", given);
        }
    }
}
