//! The net helper's connection to the zygote. The helper outlives a zygote that dies, and hands its state to the next
//! one.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::zygote::Mapping;
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;
use sys::event::{Interest, Poll};
use sys::seqpacket;

use super::helper_events::{NEXT_ZYGOTE, ZYGOTE, helper_token};
use super::zygote_messages::{FromHelper, ToHelper, socket_name};
use crate::messages;

/// Zygotes that may wait to be accepted.
const BACKLOG: i32 = 4;

pub struct ZygoteLink {
    /// `None` after the zygote's end, until the next one connects.
    zygote: Option<OwnedFd>,
    /// Whether the zygote has ended since the last call of [`ZygoteLink::take_departed`].
    departed: bool,
    entrance: Entrance,
    mapping: Mapping,
    bridges: OwnedFd,
}

/// Descriptors that the next zygote needs, opened while the host's files are in reach.
pub struct Entrance {
    listener: OwnedFd,
    user_namespace: OwnedFd,
}

impl Entrance {
    /// Listens in the run directory.
    pub fn open(run: OwnedFd) -> Result<Self, Failure> {
        let explain = |what| move |errno: Errno| Failure::of_call("network", what, errno);
        let listener = seqpacket::listen(run.as_fd(), &socket_name(), BACKLOG)
            .map_err(|error| Failure::new(FailureKind::System, "network", error))?;
        rustix::io::ioctl_fionbio(&listener, true).map_err(explain("listener"))?;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let user_namespace =
            open("/proc/self/ns/user", flags, Mode::empty()).map_err(explain("user namespace"))?;
        Ok(Self {
            listener,
            user_namespace,
        })
    }
}

impl ZygoteLink {
    pub fn create(
        poll: &Poll,
        zygote: OwnedFd,
        entrance: Entrance,
        mapping: Mapping,
        bridges: OwnedFd,
    ) -> Result<Self, Failure> {
        let explain = |what| move |errno: Errno| Failure::of_call("network", what, errno);
        for (socket, index) in [(&zygote, ZYGOTE), (&entrance.listener, NEXT_ZYGOTE)] {
            poll.add(socket, helper_token(index), Interest::READ)
                .map_err(explain("epoll"))?;
        }
        Ok(Self {
            zygote: Some(zygote),
            departed: false,
            entrance,
            mapping,
            bridges,
        })
    }

    /// Returns the bridges' network namespace.
    pub fn bridges(&self) -> BorrowedFd<'_> {
        self.bridges.as_fd()
    }

    pub fn is_connected(&self) -> bool {
        self.zygote.is_some()
    }

    /// Returns whether the zygote's end has to be acted on.
    pub fn take_departed(&mut self) -> bool {
        std::mem::take(&mut self.departed)
    }

    /// Makes [`ZygoteLink::take_departed`] return true again while there is no zygote.
    pub fn check_departed(&mut self) {
        self.departed = self.zygote.is_none();
    }

    /// Reads a message. Returns the channel to a new daemon.
    pub fn receive(&mut self, poll: &Poll) -> Option<OwnedFd> {
        let zygote = self.zygote.as_ref()?;
        match seqpacket::receive_ready(zygote.as_fd()) {
            Ok(Some(received)) => {
                let message = messages::parse(&received.text, "to the net helper");
                match (message, received.descriptors.into_iter().next()) {
                    (Ok(ToHelper::Daemon), daemon) => return daemon,
                    (Ok(ToHelper::End), None) => self.disconnect(poll),
                    _ => {}
                }
            }
            Err(seqpacket::Error::WouldBlock) => {}
            Ok(None) | Err(_) => self.disconnect(poll),
        }
        None
    }

    fn disconnect(&mut self, poll: &Poll) {
        if let Some(zygote) = self.zygote.take() {
            self.departed = true;
            let _ = poll.remove(&zygote);
        }
    }

    /// Accepts a zygote that replaces the earlier one, and sends it the helper's state.
    pub fn accept_next<'a>(
        &mut self,
        poll: &Poll,
        namespaces: impl ExactSizeIterator<Item = (u64, BorrowedFd<'a>)>,
    ) {
        let Ok(zygote) = seqpacket::accept(self.entrance.listener.as_fd(), false) else {
            return;
        };
        if !socket_peercred(&zygote).is_ok_and(|peer| peer.uid == geteuid()) {
            return;
        }
        self.disconnect(poll);
        let added = poll.add(&zygote, helper_token(ZYGOTE), Interest::READ);
        if added.is_err() {
            return;
        }
        self.zygote = Some(zygote);
        let handover = FromHelper::Handover {
            mapping: self.mapping.clone(),
            namespaces: namespaces.len(),
        };
        let user = self.entrance.user_namespace.as_fd();
        self.send(&handover, &[user, self.bridges.as_fd()]);
        for (namespace, descriptor) in namespaces {
            self.send(&FromHelper::Namespace { namespace }, &[descriptor]);
        }
    }

    /// Sends a message, and waits until the zygote has room for it. The zygote reads at every start of a container and
    /// between starts.
    pub fn send(&self, message: &FromHelper, descriptors: &[BorrowedFd<'_>]) {
        let Some(zygote) = &self.zygote else {
            return;
        };
        let text = messages::text(message);
        let flags = seqpacket::Flags::empty();
        let _ = seqpacket::send(zygote.as_fd(), &text, descriptors, flags);
    }
}
