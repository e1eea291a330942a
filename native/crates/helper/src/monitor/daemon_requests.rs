//! Requests of daemons to the monitor, over any number of connections.

use std::os::fd::{AsFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::monitor::{FromMonitor, ToMonitor};
use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;
use rustix::termios::{Winsize, tcsetwinsize};
use sys::seqpacket::{self, Received};
use sys::signals;

use crate::messages;
use crate::monitor::event_loop::Monitor;
use crate::monitor::log::files::Position;

/// Connections of daemons at the same time.
const MOST_CHANNELS: usize = 64;

/// Attached clients at the same time.
const MOST_CLIENTS: usize = 256;

/// Messages handled for one connection before the others have their turn.
const BATCH: usize = 16;

impl Monitor {
    pub fn accept(&mut self) {
        while let Some(listener) = &self.listener {
            match seqpacket::accept(listener.as_fd(), false) {
                Ok(socket) => {
                    if self.channels.len() < MOST_CHANNELS && is_own(&socket) {
                        self.connect(socket);
                    }
                }
                Err(seqpacket::Error::WouldBlock) => return,
                Err(_) => {
                    self.accepting = false;
                    return;
                }
            }
        }
    }

    pub fn serve_channel(&mut self, index: usize) {
        self.channels[index].flush();
        for _ in 0..BATCH {
            let failure = match self.channels[index].receive() {
                Ok(None) => return,
                Ok(Some(received)) => match self.handle(index, received) {
                    Ok(()) => continue,
                    Err(failure) => failure,
                },
                Err(error) => Failure::new(FailureKind::InvalidArgument, "message", error),
            };
            self.channels[index].send(&FromMonitor::Refused(failure));
            self.channels[index].close();
            return;
        }
    }

    fn handle(&mut self, index: usize, received: Received) -> Result<(), Failure> {
        let Received {
            text,
            mut descriptors,
        } = received;
        let message: ToMonitor = messages::parse(&text, "to the monitor")?;
        let expected = usize::from(matches!(message, ToMonitor::Attach(_)));
        if descriptors.len() != expected {
            let found = descriptors.len();
            return Err(messages::wrong_descriptors("the message", expected, found));
        }
        match message {
            ToMonitor::Attach(wants) => {
                // Closing the socket refuses the client alone: the daemon keeps its connection.
                if let Some(socket) = descriptors.pop()
                    && self.clients.len() < MOST_CLIENTS
                {
                    self.attach(socket, wants);
                }
            }
            ToMonitor::Signal { number } => {
                if !(1..=signals::HIGHEST).contains(&number) {
                    return Err(invalid(format!("signal {number} does not exist")));
                }
                // The program may have ended just now.
                let _ = signals::send(self.program.as_fd(), number);
            }
            ToMonitor::Resize { columns, rows } => self.resize(columns, rows),
            ToMonitor::AwaitLog { generation, size } => {
                let known = Position { generation, size };
                self.channels[index].await_log(known);
            }
        }
        Ok(())
    }

    fn resize(&self, columns: u16, rows: u16) {
        if let Some(terminal) = &self.terminal {
            let size = Winsize {
                ws_row: rows,
                ws_col: columns,
                ws_xpixel: 0,
                ws_ypixel: 0,
            };
            let _ = tcsetwinsize(terminal, size);
        }
    }
}

fn is_own(socket: &OwnedFd) -> bool {
    socket_peercred(socket).is_ok_and(|peer| peer.uid == geteuid())
}

fn invalid(message: String) -> Failure {
    Failure::new(FailureKind::InvalidArgument, "message", message)
}
