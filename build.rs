// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Platform set-up of the Node-API addon.

fn main() {
    napi_build::setup();
    // A worker thread that ends unloads its addons; threads that wait for sockets would be left without their code.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
