//! The zygote's sockets in the run directory: its own socket, and the socket that it keeps for daemons.

use std::os::fd::{AsFd, BorrowedFd};

use protocol::failure::{Failure, FailureKind};
use rustix::fs::{AtFlags, statat};
use rustix::process::Signal;
use sys::seqpacket;

use crate::zygote::run_directory;
use crate::zygote::server::{LISTENER, Zygote, socket_name};

impl Zygote {
    /// Creates the sockets of this process and of the monitors again, after the run directory or a socket in it was
    /// removed.
    pub fn listen_again(&mut self) -> Result<(), Failure> {
        if self.listener.is_none() {
            return Ok(());
        }
        let run = run_directory::open(self.host.run_path())?;
        run_directory::ensure_monitors(&run)?;
        // A new directory has no lock file; in the old one, this process holds the lock.
        if let Ok(lock) = run_directory::take_lock(&run) {
            self.lock = Some(lock);
        }
        let listener = run_directory::listen(&self.poll, &run, &socket_name(), LISTENER)?;
        self.host.reopen_run()?;
        self.run = run;
        self.listener = Some(listener);
        self.shared = None;
        // The standby monitor has the old directory open.
        self.prepared.dismiss_standby();
        self.children.signal_monitors(Signal::USR1);
        Ok(())
    }

    /// Returns the listening socket `name` of the run directory, and creates it if it does not exist.
    pub fn shared_listener(&mut self, name: String) -> Result<BorrowedFd<'_>, Failure> {
        if name.is_empty() || name.contains('/') {
            let message = format!("expected the name of a socket, received {name:?}");
            return Err(Failure::new(
                FailureKind::InvalidArgument,
                "message",
                message,
            ));
        }
        let kept = self.shared.take().filter(|(kept, _)| {
            *kept == name && statat(&self.run, &name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
        });
        let (name, socket) = match kept {
            Some(kept) => kept,
            None => {
                let socket =
                    seqpacket::listen_stream(self.run.as_fd(), &name, run_directory::BACKLOG)
                        .map_err(|error| {
                            Failure::new(FailureKind::System, "shared-socket", error)
                        })?;
                (name, socket)
            }
        };
        Ok(self.shared.insert((name, socket)).1.as_fd())
    }
}
