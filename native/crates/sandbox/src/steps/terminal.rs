//! The program's standard streams.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{Process, TerminalSize};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::failure::{explained, system};
use crate::in_root;
use crate::steps::devices::MOST_TERMINALS;

/// The program's ends, until they become descriptors 0 to 2.
#[derive(Debug)]
pub enum ProgramStreams {
    Pipes {
        stdin: OwnedFd,
        stdout: OwnedFd,
        stderr: OwnedFd,
    },
    /// A terminal to open in the container's /dev/pts.
    Terminal(TerminalSize),
}

/// The monitor's ends of the pipes.
#[derive(Debug)]
pub struct MonitorStreams {
    pub stdin: Option<OwnedFd>,
    pub stdout: OwnedFd,
    pub stderr: OwnedFd,
}

/// Creates the pipes, unless the program has a terminal.
pub fn create(process: &Process) -> Result<(ProgramStreams, Option<MonitorStreams>), Failure> {
    if let Some(size) = process.tty {
        return Ok((ProgramStreams::Terminal(size), None));
    }
    let (monitor_stdout, stdout) = pipe()?;
    let (monitor_stderr, stderr) = pipe()?;
    let (stdin, monitor_stdin) = match process.open_stdin {
        true => pipe().map(|(reader, writer)| (reader, Some(writer)))?,
        false => (open_null()?, None),
    };
    let program = ProgramStreams::Pipes {
        stdin,
        stdout,
        stderr,
    };
    let monitor = MonitorStreams {
        stdin: monitor_stdin,
        stdout: monitor_stdout,
        stderr: monitor_stderr,
    };
    Ok((program, Some(monitor)))
}

fn pipe() -> Result<(OwnedFd, OwnedFd), Failure> {
    pipe_with(PipeFlags::CLOEXEC).map_err(|errno| system("streams", "pipe", errno))
}

fn open_null() -> Result<OwnedFd, Failure> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    openat(CWD, "/dev/null", flags, Mode::empty())
        .map_err(|errno| system("streams", "/dev/null", errno))
}

fn all_used() -> String {
    let limit = format!("a container has at most {MOST_TERMINALS}");
    format!(
        "terminal: all pseudoterminals are in use: end programs that hold them, or raise kernel.pty.max (sysctl); {limit}"
    )
}

/// Opens a new terminal of this size in the container's /dev/pts. Returns its master and its slave.
pub fn open_terminal(
    devices: BorrowedFd<'_>,
    size: TerminalSize,
) -> Result<(OwnedFd, OwnedFd), Failure> {
    let open = || -> Result<(OwnedFd, OwnedFd), Errno> {
        let flags = OFlags::RDWR | OFlags::NOCTTY;
        let master = in_root::open_without_links(devices, "pts/ptmx", flags)?;
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
    open().map_err(|errno| match errno {
        Errno::NOSPC => explained(FailureKind::Exhausted, "terminal", all_used()),
        errno => system("terminal", "/dev/pts", errno),
    })
}

/// Makes the streams descriptors 0 to 2.
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
