// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Platform set-up of the Node-API addon.

fn main() {
    napi_build::setup();
    // A worker thread that ends unloads its addons; threads that wait for sockets would be left without their code.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
    // Functions of the same code become one. Only rustc's own linker, which links this target by default, is asked: GNU's does not know the word.
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if release && std::env::var("TARGET").is_ok_and(|target| target == "x86_64-unknown-linux-gnu") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,--icf=all");
        // What `npm run size` reads.
        if let Ok(folder) = std::env::var("OUT_DIR") {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-Map={folder}/addon.map");
        }
    }
}
