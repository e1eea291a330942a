//! A process outside the net helper's empty root that answers the helper's two questions about the host. It parses no
//! data of containers.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use network::names::host_resolver::ResolvConf;
use protocol::failure::{Failure, FailureKind};
use rustix::io::Errno;
use sandbox::privileges::host_lookup;
use serde::{Deserialize, Serialize};
use sys::fork::{Side, fork};
use sys::seqpacket;

use super::processes;
use crate::messages;

/// Length of the longest resolv.conf, in bytes. The rest is ignored.
const LONGEST_FILE: u64 = 16 * 1024;

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Question {
    ResolvConf,
    /// Asks whether a process is in one of these network namespaces.
    Processes {
        inodes: BTreeSet<u64>,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Answer {
    ResolvConf { text: String },
    Processes { exist: bool },
}

/// The helper's connection to the process.
#[derive(Debug)]
pub struct HostLookup {
    channel: OwnedFd,
}

/// The process in which [`HostLookup::fork`] returns.
pub enum Forked {
    Helper(HostLookup),
    /// The other process, which is to call [`serve`] with this channel and has no other use for the helper's descriptors.
    Lookup(OwnedFd),
}

impl HostLookup {
    /// Forks the process, which ends with the last [`HostLookup`].
    pub fn fork() -> Result<Forked, Failure> {
        let explain =
            |error: &dyn std::fmt::Display| Failure::new(FailureKind::Exhausted, "network", error);
        let (ours, theirs) = seqpacket::pair().map_err(|error| explain(&error))?;
        match fork().map_err(|error| explain(&error))? {
            Side::Child => Ok(Forked::Lookup(theirs)),
            Side::Parent(_) => Ok(Forked::Helper(Self { channel: ours })),
        }
    }

    pub fn try_clone(&self) -> Result<Self, Errno> {
        let channel = self.channel.try_clone().map_err(|_| Errno::MFILE)?;
        Ok(Self { channel })
    }

    /// Returns whether a process is in one of these network namespaces, which are known by their inodes. True if that is
    /// unknown.
    pub fn any_is_in(&self, inodes: BTreeSet<u64>) -> bool {
        let answer = self.ask(&Question::Processes { inodes });
        !matches!(answer, Some(Answer::Processes { exist: false }))
    }

    fn ask(&self, question: &Question) -> Option<Answer> {
        messages::send_waiting(self.channel.as_fd(), question).ok()?;
        let received = seqpacket::receive(self.channel.as_fd()).ok()??;
        messages::parse(&received.text, "about the host").ok()
    }
}

impl ResolvConf for HostLookup {
    fn read(&mut self) -> Option<String> {
        match self.ask(&Question::ResolvConf)? {
            Answer::ResolvConf { text } => Some(text),
            Answer::Processes { .. } => None,
        }
    }
}

/// Answers questions until the helper has ended.
pub fn serve(channel: &OwnedFd, resolv_conf: &Path) {
    let _ = rustix::thread::set_name(c"tbox-net-lookup");
    if host_lookup::confine().is_err() {
        return;
    }
    while let Ok(Some(received)) = seqpacket::receive(channel.as_fd()) {
        let answer = match messages::parse(&received.text, "to the lookup process") {
            Ok(Question::ResolvConf) => Answer::ResolvConf {
                text: read(resolv_conf),
            },
            Ok(Question::Processes { inodes }) => Answer::Processes {
                exist: processes::any_is_in(&inodes),
            },
            Err(_) => return,
        };
        if messages::send_waiting(channel.as_fd(), &answer).is_err() {
            return;
        }
    }
}

/// Returns the start of a text file; empty if it cannot be read.
fn read(path: &Path) -> String {
    let mut bytes = Vec::new();
    let _ = File::open(path).and_then(|file| file.take(LONGEST_FILE).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}
