//! The choice between daemon and Bun program.

use crate::hand_over::hand_over;
use crate::kernel::{self, Start, effective_user};
use crate::{request, session, socket_path, version};

/// Runs the command line; ends the program.
pub fn run(start: &Start) -> ! {
    if version::is_asked(start) {
        version::print();
    }
    let Some((connection, daemon)) = connect(start) else {
        hand_over(start);
    };
    session::follow(start, connection, daemon)
}

/// Connects to a running daemon of this user and sends the command line. Returns the daemon's process ID, too.
fn connect(start: &Start) -> Option<(kernel::Descriptor, u32)> {
    // A daemon that was killed leaves its socket open as long as a process that it has just forked.
    if start.command() == Some(b"daemon") {
        return None;
    }
    let user = effective_user();
    // The Bun program explains to root why it refuses.
    if user == 0 {
        return None;
    }
    let path = socket_path::find(start, user)?;
    let socket = kernel::connect(path.bytes()).ok()?;
    // Another user who took over the path must not receive the environment.
    let peer = kernel::peer(socket).ok()?;
    if peer.user != user {
        return None;
    }
    request::send(start, socket)?;
    Some((socket, peer.process))
}
