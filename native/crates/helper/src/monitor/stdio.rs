//! The host's ends of a program's standard streams.

use std::os::fd::OwnedFd;

use protocol::failure::Failure;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use sandbox::startup::Stdio;

use crate::monitor::input::AtEnd;

/// Non-blocking descriptors.
#[derive(Debug)]
pub struct ProgramStreams {
    pub stdin: Option<OwnedFd>,
    pub stdout: OwnedFd,
    pub stderr: Option<OwnedFd>,
    pub terminal: Option<OwnedFd>,
    pub at_end: AtEnd,
}

impl ProgramStreams {
    pub fn new(stdio: Stdio, at_end: AtEnd) -> Result<Self, Failure> {
        let explain = |errno| Failure::of_call("streams", "standard streams", errno);
        match stdio {
            Stdio::Pipes {
                stdin,
                stdout,
                stderr,
            } => {
                for descriptor in [Some(&stdout), Some(&stderr), stdin.as_ref()]
                    .into_iter()
                    .flatten()
                {
                    set_nonblocking(descriptor).map_err(explain)?;
                }
                Ok(Self {
                    stdin,
                    stdout,
                    stderr: Some(stderr),
                    terminal: None,
                    at_end,
                })
            }
            Stdio::Terminal(terminal) => {
                set_nonblocking(&terminal).map_err(explain)?;
                let copy = || rustix::io::fcntl_dupfd_cloexec(&terminal, 3);
                Ok(Self {
                    stdin: Some(copy().map_err(explain)?),
                    stdout: copy().map_err(explain)?,
                    stderr: None,
                    terminal: Some(terminal),
                    at_end,
                })
            }
        }
    }
}

pub fn set_nonblocking(descriptor: &OwnedFd) -> Result<(), Errno> {
    fcntl_setfl(descriptor, fcntl_getfl(descriptor)? | OFlags::NONBLOCK)
}
