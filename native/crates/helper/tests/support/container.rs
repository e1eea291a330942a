//! A launched container and its monitor.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use protocol::launch::Attachment;
use protocol::monitor::{Exited, FromMonitor, Started, ToMonitor};
use sys::seqpacket;

use super::messages::{patient, receive, send};

pub struct Container {
    pub id: String,
    pub directory: PathBuf,
    pub sockets: PathBuf,
    pub channel: OwnedFd,
}

impl Container {
    pub fn next(&self) -> FromMonitor {
        receive(&self.channel).expect("the monitor closed its connection without a message")
    }

    pub fn started(&self) -> Started {
        match self.next() {
            FromMonitor::Started(started) => started,
            other => panic!("{other:?}"),
        }
    }

    pub fn exited(&self) -> Exited {
        match self.next() {
            FromMonitor::Exited(exited) => exited,
            other => panic!("{other:?}"),
        }
    }

    pub fn send(&self, message: &ToMonitor) {
        send(&self.channel, message, &[]);
    }

    pub fn kill(&self) {
        self.send(&ToMonitor::Signal { number: 9 });
    }

    /// Attaches a client over the launch channel.
    pub fn attach(&self, wants: Attachment) -> UnixStream {
        let (ours, theirs) = UnixStream::pair().unwrap();
        send(&self.channel, &ToMonitor::Attach(wants), &[theirs.as_fd()]);
        ours
    }

    /// Connects to the monitor's socket.
    pub fn reconnect(&self) -> Result<OwnedFd, seqpacket::Error> {
        let sockets = OwnedFd::from(fs::File::open(&self.sockets).unwrap());
        seqpacket::connect(sockets.as_fd(), &self.socket_name()).map(patient)
    }

    pub fn socket_name(&self) -> String {
        format!("{}.sock", &self.id[..32])
    }

    pub fn has_socket(&self) -> bool {
        self.sockets.join(self.socket_name()).exists()
    }

    pub fn record(&self) -> Exited {
        serde_json::from_slice(&fs::read(self.directory.join("exit.json")).unwrap()).unwrap()
    }

    /// Returns the records of a log file as stream and text.
    pub fn log(&self, name: &str) -> Vec<(String, String)> {
        let text = fs::read_to_string(self.directory.join("log").join(name)).unwrap_or_default();
        text.lines()
            .map(|line| {
                let value: serde_json::Value = serde_json::from_str(line).unwrap();
                let field = |name: &str| value[name].as_str().unwrap().to_owned();
                (field("stream"), field("log"))
            })
            .collect()
    }
}

/// Returns what a monitor reports about a start to a daemon that did not request it.
pub fn without_phases(started: &Started) -> Started {
    Started {
        phases: Vec::new(),
        ..started.clone()
    }
}
