// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Platform set-up of the Node-API addon, and what its numbers are called in TypeScript.

use std::path::Path;
use std::{fs, io};

/// The layout of what crosses as numbers, committed beside the binding that `napi build` writes.
const ALPHABET: &str = "ts/native/alphabet.ts";

fn main() -> io::Result<()> {
    write_alphabet()?;
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
    Ok(())
}

/// Written only if it changes, so that nothing else is built again.
fn write_alphabet() -> io::Result<()> {
    println!("cargo:rerun-if-changed={ALPHABET}");
    println!("cargo:rerun-if-changed=build.rs");
    let (path, text) = (Path::new(ALPHABET), alphabet::typescript());
    if fs::read_to_string(path).is_ok_and(|committed| committed == text) { Ok(()) } else { fs::write(path, text) }
}
