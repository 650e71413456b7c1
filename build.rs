// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Platform set-up of the Node-API addon; nothing else happens at build time.

fn main() {
    napi_build::setup();
}
