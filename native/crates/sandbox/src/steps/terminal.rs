//! The program's standard streams.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use protocol::launch::{Process, TerminalSize};
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::failure::system;
use crate::tree;

/// The program's ends, until they become descriptors 0 to 2.
#[derive(Debug)]
pub enum Inner {
    Pipes {
        stdin: OwnedFd,
        stdout: OwnedFd,
        stderr: OwnedFd,
    },
    /// Made in the container, whose /dev/pts it belongs to.
    Terminal(TerminalSize),
}

/// The monitor's ends of the pipes.
#[derive(Debug)]
pub struct Outer {
    pub stdin: Option<OwnedFd>,
    pub stdout: OwnedFd,
    pub stderr: OwnedFd,
}

/// Makes the pipes, unless the program gets a terminal.
pub fn create(process: &Process) -> Result<(Inner, Option<Outer>), Failure> {
    if let Some(size) = process.tty {
        return Ok((Inner::Terminal(size), None));
    }
    let pipe = || pipe_with(PipeFlags::CLOEXEC).map_err(|errno| system("streams", "pipe", errno));
    let (stdout_outer, stdout) = pipe()?;
    let (stderr_outer, stderr) = pipe()?;
    let (stdin, stdin_outer) = if process.open_stdin {
        let (inner, outer) = pipe()?;
        (inner, Some(outer))
    } else {
        let null = openat(
            rustix::fs::CWD,
            "/dev/null",
            OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
        );
        (
            null.map_err(|errno| system("streams", "/dev/null", errno))?,
            None,
        )
    };
    let outer = Outer {
        stdin: stdin_outer,
        stdout: stdout_outer,
        stderr: stderr_outer,
    };
    Ok((
        Inner::Pipes {
            stdin,
            stdout,
            stderr,
        },
        Some(outer),
    ))
}

/// Opens a new terminal of the container's /dev/pts in the given size: its master and its other side.
pub fn open_terminal(
    devices: BorrowedFd<'_>,
    size: TerminalSize,
) -> Result<(OwnedFd, OwnedFd), Failure> {
    let open = || -> Result<(OwnedFd, OwnedFd), Errno> {
        let flags = OFlags::RDWR | OFlags::NOCTTY;
        let master = tree::open_plain(devices, "pts/ptmx", flags)?;
        rustix::pty::unlockpt(&master)?;
        let peer_flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let peer = ioctl_tiocgptpeer(&master, peer_flags)?;
        let window = Winsize {
            ws_row: size.rows,
            ws_col: size.columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, window)?;
        Ok((master, peer))
    };
    open().map_err(|errno| system("terminal", "/dev/pts", errno))
}

/// Puts the ends in the places of descriptors 0 to 2.
pub fn install(stdin: &OwnedFd, stdout: &OwnedFd, stderr: &OwnedFd) -> Result<(), Failure> {
    rustix::stdio::dup2_stdin(stdin)
        .and_then(|()| rustix::stdio::dup2_stdout(stdout))
        .and_then(|()| rustix::stdio::dup2_stderr(stderr))
        .map_err(|errno| system("streams", "dup2", errno))
}

/// Makes descriptor 0 the controlling terminal of this session.
pub fn take_control() -> Result<(), Failure> {
    rustix::process::ioctl_tiocsctty(rustix::stdio::stdin().as_fd())
        .map_err(|errno| system("terminal", "controlling terminal", errno))
}
