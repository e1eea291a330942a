//! Directories that belong to one user alone, and connections to the sockets in them.
//!
//! Another local user can create the directory first, or replace it during a check. So it is created before it is
//! checked, checked through its descriptor, and used through that descriptor.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, mkdirat, openat};
use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use rustix::process::Pid;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    #[error("it is not a directory")]
    NotADirectory,
    #[error("it belongs to user {owner}, not to user {user}")]
    Foreign { owner: u32, user: u32 },
    #[error("other users can enter it: run chmod 700")]
    Open,
    #[error("a process of user {peer} listens on it, not one of user {user}")]
    Impostor { peer: u32, user: u32 },
    #[error("{call}: {source}")]
    System { call: &'static str, source: Errno },
}

/// Opens a directory of `user`; creates it with mode 0700 if it is missing. Fails for a link and for a directory that
/// another user can enter. The parent must exist.
pub fn open(path: &Path, user: u32) -> Result<OwnedFd, Error> {
    match mkdirat(CWD, path, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(system("mkdir")(errno)),
    }
    // The flag DIRECTORY is missing, because the kernel would report a link with varying errnos.
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = openat(CWD, path, flags, Mode::empty()).map_err(system("open"))?;
    let status = fstat(&directory).map_err(system("fstat"))?;
    if FileType::from_raw_mode(status.st_mode) != FileType::Directory {
        return Err(Error::NotADirectory);
    }
    if status.st_uid != user {
        let owner = status.st_uid;
        return Err(Error::Foreign { owner, user });
    }
    if status.st_mode & 0o077 != 0 {
        return Err(Error::Open);
    }
    Ok(directory)
}

/// Connects to the stream socket `name` in an opened directory. Fails unless a process of `user` listens on it. The
/// result is non-blocking and closed on exec.
pub fn connect_stream(directory: BorrowedFd<'_>, name: &str, user: u32) -> Result<OwnedFd, Error> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
        .map_err(system("socket"))?;
    let path = format!("/proc/self/fd/{}/{name}", directory.as_raw_fd());
    let address = SocketAddrUnix::new(path).map_err(system("socket name"))?;
    connect(&socket, &address).map_err(system("connect"))?;
    check_peer(socket.as_fd(), user)?;
    Ok(socket)
}

/// Fails unless the process that listens on the socket's other end belongs to `user` or root. Returns its process ID.
pub fn check_peer(socket: BorrowedFd<'_>, user: u32) -> Result<Pid, Error> {
    let credentials = socket_peercred(socket).map_err(system("SO_PEERCRED"))?;
    match credentials.uid.as_raw() {
        // Root can act as any user anyway, and its service manager may listen for the user's daemon.
        peer if peer == user || peer == 0 => Ok(credentials.pid),
        peer => Err(Error::Impostor { peer, user }),
    }
}

fn system(call: &'static str) -> impl Fn(Errno) -> Error {
    move |source| Error::System { call, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("tbox-private-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    fn user() -> u32 {
        rustix::process::getuid().as_raw()
    }

    #[test]
    fn a_missing_directory_is_created_for_its_owner_alone() {
        let root = scratch("created");
        let path = root.join("run");
        let directory = open(&path, user()).unwrap();
        assert_eq!(fstat(&directory).unwrap().st_mode & 0o7777, 0o700);
        let missing = open(&root.join("none/run"), user()).unwrap_err();
        assert!(matches!(
            missing,
            Error::System {
                source: Errno::NOENT,
                ..
            }
        ));
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn links_files_and_directories_of_others_are_refused() {
        let root = scratch("refused");
        symlink(&root, root.join("link")).unwrap();
        fs::write(root.join("file"), "").unwrap();
        for name in ["link", "file"] {
            assert_eq!(
                open(&root.join(name), user()).unwrap_err(),
                Error::NotADirectory
            );
        }
        let foreign = open(&root, user() + 1).unwrap_err();
        assert!(matches!(foreign, Error::Foreign { .. }));
        fs::set_permissions(&root, fs::Permissions::from_mode(0o750)).unwrap();
        assert_eq!(open(&root, user()).unwrap_err(), Error::Open);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_listener_of_another_user_is_refused() {
        let root = scratch("peer");
        let _listener = UnixListener::bind(root.join("s.sock")).unwrap();
        let directory = open(&root, user()).unwrap();
        assert!(connect_stream(directory.as_fd(), "s.sock", user()).is_ok());
        let refused = connect_stream(directory.as_fd(), "s.sock", user() + 1);
        match user() {
            0 => assert!(refused.is_ok()),
            _ => assert!(matches!(refused, Err(Error::Impostor { .. }))),
        }
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_directory_that_is_swapped_for_a_link_never_leads_to_another_socket() {
        let root = scratch("swapped");
        let (own, run) = (root.join("own"), root.join("run"));
        let foreign = scratch("foreign");
        let _impostor = UnixListener::bind(foreign.join("s.sock")).unwrap();
        fs::create_dir(&own).unwrap();
        fs::set_permissions(&own, fs::Permissions::from_mode(0o700)).unwrap();
        let finished = AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                while !finished.load(Ordering::Relaxed) {
                    let _ = fs::rename(&own, &run);
                    let _ = fs::rename(&run, &own);
                    let _ = symlink(&foreign, &run);
                    let _ = fs::remove_file(&run);
                    // The victim created it in the meantime.
                    let _ = fs::remove_dir(&run);
                }
            });
            for _ in 0..20_000 {
                if let Ok(directory) = open(&run, user()) {
                    let reached = connect_stream(directory.as_fd(), "s.sock", user());
                    assert!(reached.is_err(), "reached the impostor's socket");
                }
            }
            finished.store(true, Ordering::Relaxed);
        });
        fs::remove_dir_all(root).unwrap();
        fs::remove_dir_all(foreign).unwrap();
    }
}
