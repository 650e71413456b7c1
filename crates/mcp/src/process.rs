// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A server that is a child process. Whatever becomes of us, it ends: told by the end of its input, and killed where that was in vain.

use crate::failure::McpError;
use crate::server::Program;
use process_wrap::tokio::{ChildWrapper, CommandWrap};
use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::process::{ChildStdin, ChildStdout, Command};

/// How long a server has to end once it was told to: a program after the end of its input, a connection after its last word.
pub(crate) const GRACE: Duration = Duration::from_secs(2);
/// Between two looks at a program that was told to end. On Linux the kernel tells us by a descriptor, elsewhere by a signal that Node may
/// take away; looking works everywhere, and only while something ends.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A program that runs, and all that it started. Clones are of the same one.
#[derive(Clone)]
pub(crate) struct Process(Arc<Mutex<Box<dyn ChildWrapper>>>);

/// Its ends of the pipes.
pub(crate) struct Pipes {
    pub(crate) input: ChildStdin,
    pub(crate) output: ChildStdout,
}

impl Process {
    /// Starts it. What it writes to its error output goes to ours.
    pub(crate) fn start(program: &Program) -> Result<(Self, Pipes), McpError> {
        let failed = |error: io::Error| McpError::Spawn { command: program.command.clone(), reason: error.to_string() };
        let mut command = Command::new(&program.command);
        command.args(&program.args).env_clear().envs(&program.inherited).envs(&program.env);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // A copy of it: Node closes the first three descriptors as another program begins, so that what is merely left open there is not there.
        command.stderr(io::stderr());
        if let Some(folder) = &program.cwd {
            command.current_dir(folder);
        }
        let mut child = together(CommandWrap::from(command)).spawn().map_err(failed)?;
        let (input, output) = (child.stdin().take(), child.stdout().take());
        let process = Self(Arc::new(Mutex::new(child)));
        match (input, output) {
            (Some(input), Some(output)) => Ok((process, Pipes { input, output })),
            _ => Err(failed(io::Error::other("its pipes are missing"))),
        }
    }

    /// Kills it and what it started, without waiting.
    pub(crate) fn kill(&self) {
        // One that has ended already cannot be killed, and need not be.
        let _ = self.lock().start_kill();
    }

    /// Resolves when it has ended, by itself after the end of its input or killed after its grace.
    pub(crate) async fn ended(&self) {
        if tokio::time::timeout(GRACE, self.gone()).await.is_err() {
            self.kill();
            // A process that the kernel holds on to is waited for no longer than that.
            let _ = tokio::time::timeout(GRACE, self.gone()).await;
        }
    }

    async fn gone(&self) {
        while let Ok(None) = self.look() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn look(&self) -> io::Result<Option<std::process::ExitStatus>> {
        self.lock().try_wait()
    }

    fn lock(&self) -> MutexGuard<'_, Box<dyn ChildWrapper>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Launchers such as `npx` start another program: one kill reaches both.
fn together(mut command: CommandWrap) -> CommandWrap {
    #[cfg(unix)]
    command.wrap(process_wrap::tokio::ProcessGroup::leader());
    #[cfg(windows)]
    command.wrap(process_wrap::tokio::JobObject);
    command
}
