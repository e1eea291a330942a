//! A container's directory, log and monitor socket.

use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{LaunchRequest, Log};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, openat, statat, unlinkat};
use sandbox::host::Host;
use sys::seqpacket;

use crate::monitor::exit_record;
use crate::monitor::log::{JsonLog, files};

/// Daemons that may wait to be accepted.
const BACKLOG: i32 = 64;

#[derive(Debug)]
pub struct ContainerFiles {
    pub directory: OwnedFd,
    pub log: Option<JsonLog>,
    /// Whether the exit record is synced to disk.
    pub durable_exit: bool,
    sockets: OwnedFd,
    /// Path of the run directory, which may be removed and created again.
    run: PathBuf,
    socket_name: String,
    /// Device and inode of the socket. A restarted container has another one.
    identity: Option<(u64, u64)>,
}

impl ContainerFiles {
    /// Opens the files, and the listener of the monitor's socket. Call it before the container's program starts, so
    /// that nothing can fail once the program is running.
    pub fn open(host: &Host, request: &LaunchRequest) -> Result<(Self, OwnedFd), Failure> {
        let container = host.container_directory(&request.id)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let directory = openat(&container, ".", flags, Mode::empty())
            .map_err(|errno| Failure::of_call("container-directory", &request.id, errno))?;
        exit_record::remove(directory.as_fd())
            .map_err(|errno| Failure::of_call("exit-record", "exit.json", errno))?;
        let log = match request.log {
            Log::None => None,
            Log::JsonFile { max_size, max_file } => {
                let log = JsonLog::open(directory.as_fd(), max_size, max_file);
                let explain = |error: files::Error| Failure {
                    errno: error.errno(),
                    ..Failure::new(FailureKind::System, "log", error)
                };
                Some(log.map_err(explain)?)
            }
        };
        let sockets = openat(host.run(), "monitors", flags, Mode::empty())
            .map_err(|errno| Failure::of_call("monitor-socket", "monitors", errno))?;
        let socket_name = format!("{}.sock", request.id.get(..32).unwrap_or(&request.id));
        let listener = listen(&sockets, &socket_name)?;
        let identity = socket_identity(&sockets, &socket_name);
        let files = Self {
            directory,
            log,
            durable_exit: request.durable_exit,
            sockets,
            run: host.run_path().to_owned(),
            socket_name,
            identity,
        };
        Ok((files, listener))
    }

    /// Creates the socket again, after it or the run directory was removed. Returns the new listener.
    pub fn listen_again(&mut self) -> Result<OwnedFd, Failure> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let sockets = openat(CWD, self.run.join("monitors"), flags, Mode::empty())
            .map_err(|errno| Failure::of_call("monitor-socket", "monitors", errno))?;
        let listener = listen(&sockets, &self.socket_name)?;
        self.identity = socket_identity(&sockets, &self.socket_name);
        self.sockets = sockets;
        Ok(listener)
    }

    /// Returns whether this monitor is the container's current one. The socket of a restarted container is another one.
    pub fn is_current(&self) -> bool {
        let present = socket_identity(&self.sockets, &self.socket_name);
        present.is_none() || present == self.identity
    }

    pub fn remove_socket(&self) {
        let name = self.socket_name.as_str();
        let _ = unlinkat(&self.sockets, name, AtFlags::empty());
    }
}

fn listen(sockets: &OwnedFd, name: &str) -> Result<OwnedFd, Failure> {
    seqpacket::listen(sockets.as_fd(), name, BACKLOG)
        .map_err(|error| Failure::new(FailureKind::System, "monitor-socket", error))
}

fn socket_identity(directory: &OwnedFd, name: &str) -> Option<(u64, u64)> {
    let status = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some((status.st_dev, status.st_ino))
}
