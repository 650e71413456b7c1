// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Servers of Redis for tests: each on a free port, with a folder of its own, gone with the test. Which program that is: `REDIS_SERVER`, one on the path, or
//! the one that `npm run test:servers` has unpacked.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const TRIES: usize = 5;

/// One server.
pub(crate) struct TestServer {
    pub(crate) port: u16,
    child: Child,
    _folder: TempDir,
}

impl TestServer {
    /// Starts one; `None` if there is no program: the test has nothing to try, and the run has said so.
    pub(crate) fn start(args: &[&str]) -> Option<Self> {
        let program = program()?;
        let mut said = String::new();
        // Another program may be quicker to take a port that was free.
        for _ in 0..TRIES {
            let port = free_port();
            let folder = tempfile::tempdir().expect("a folder");
            let mut command = Command::new(&program.path);
            if let Some(libraries) = &program.libraries {
                command.env("LD_LIBRARY_PATH", libraries);
            }
            let own = args.iter().map(|arg| arg.replace("PORT", &port.to_string()));
            let has_port = args.contains(&"--port");
            let plain = (!has_port).then(|| ["--port".to_owned(), port.to_string()]).into_iter().flatten();
            command.args(["--bind", "127.0.0.1", "--save", "", "--dir"]).arg(folder.path()).args(plain).args(own);
            let mut child = command.stdout(Stdio::piped()).spawn().expect("a server starts");
            let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines().map_while(Result::ok);
            let ready =
                lines.by_ref().inspect(|line| said = format!("{said}{line}\n")).any(|line| line.contains("Ready to accept connections"));
            if ready {
                // What it writes later on is of no use, and it must be able to write it.
                std::thread::spawn(move || lines.for_each(drop));
                return Some(Self { port, child, _folder: folder });
            }
            drop(child.wait());
        }
        unreachable!("no server starts with {args:?}:\n{said}");
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port on which nothing listens.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

struct Program {
    path: PathBuf,
    libraries: Option<OsString>,
}

fn program() -> Option<Program> {
    if let Some(named) = std::env::var_os("REDIS_SERVER").filter(|named| !named.is_empty()) {
        let path = PathBuf::from(named);
        assert!(path.exists(), "REDIS_SERVER names {}, which does not exist", path.display());
        return Some(Program { path, libraries: None });
    }
    let on_path = std::env::var_os("PATH")
        .and_then(|folders| std::env::split_paths(&folders).map(|folder| folder.join("redis-server")).find(|path| path.exists()));
    if let Some(path) = on_path {
        return Some(Program { path, libraries: None });
    }
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/servers/redis/usr");
    let libraries = unpacked.join("lib").read_dir().ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    Some(Program { path: unpacked.join("bin/redis-server"), libraries: std::env::join_paths(libraries).ok() })
}
