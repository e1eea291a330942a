//! The path of the daemon's socket for launchers. Its directory is found and checked as in
//! `src/support/directories.ts` and `src/client/daemon/socket-owner.ts`.

use crate::buffer::Buffer;
use crate::kernel::{FileIdentity, Start, open_directory, status, status_of};

/// Path of a socket. The kernel accepts no longer path.
pub type SocketPath = Buffer<108>;

type Directory = Buffer<4096>;

/// Returns a path to the socket that leads through a directory which the user alone can enter; `None` for settings and
/// directories that the Bun program creates, refuses or explains.
pub fn find(start: &Start, user: u32) -> Option<SocketPath> {
    let directory = directory(start, user)?;
    // The directory stays open, so that no other one can take its place.
    let descriptor = open_directory(directory.text()?).ok()?;
    if !is_private(&status_of(descriptor).ok()?, user) {
        return None;
    }
    let mut path = SocketPath::new();
    path.push(b"/proc/self/fd/")
        .push_number(descriptor.number())
        .push(b"/launcher.sock");
    path.is_complete().then_some(path)
}

/// Returns the directory of the sockets with a final NUL.
fn directory(start: &Start, user: u32) -> Option<Directory> {
    let mut directory = Directory::new();
    if let Some(own) = variable(start, b"TBOX_RUN_DIR") {
        if !own.starts_with(b"/") {
            return None;
        }
        directory.push(own);
    } else if let Some(session) =
        variable(start, b"XDG_RUNTIME_DIR").filter(|path| is_session(path, user))
    {
        directory.push(session).push(b"/tbox");
    } else {
        directory.push(b"/tmp/tbox-").push_number(user.into());
    }
    directory.push(b"\0");
    directory.is_complete().then_some(directory)
}

fn variable(start: &Start, name: &[u8]) -> Option<&'static [u8]> {
    let value = start.variable(name)?.to_bytes();
    (!value.is_empty()).then_some(value)
}

/// Returns whether a path is a directory that only the user can enter.
fn is_session(path: &[u8], user: u32) -> bool {
    let mut text = Directory::new();
    text.push(path).push(b"\0");
    let found = text.text().and_then(|text| status(text).ok());
    path.starts_with(b"/") && found.is_some_and(|found| is_private(&found, user))
}

fn is_private(found: &FileIdentity, user: u32) -> bool {
    const TYPE: u16 = 0o170_000;
    const DIRECTORY: u16 = 0o040_000;
    found.mode & TYPE == DIRECTORY && found.owner == user && found.mode & 0o077 == 0
}
