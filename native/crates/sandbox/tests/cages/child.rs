//! A process that is root in a user namespace of its own, as tbox's processes are.

use std::fs;
use std::os::fd::AsFd;
use std::path::PathBuf;

use rustix::process::{WaitOptions, getgid, getuid, waitpid};
use sys::fork::{Side, fork};
use sys::seqpacket::{self, Flags};

use crate::attempts::Attempts;

/// Sent instead of outcomes.
const NO_NAMESPACES: &str = "no user namespaces\n";

/// Returns the outcomes of a cage; `None` if there are no user namespaces.
pub fn outcomes(cage: fn() -> Attempts) -> Option<String> {
    // The strictest cage can send, but not write.
    let (ours, theirs) = seqpacket::pair().unwrap();
    match fork().unwrap() {
        Side::Child => {
            drop(ours);
            let text = run(cage);
            seqpacket::send(theirs.as_fd(), text.as_bytes(), &[], Flags::empty()).unwrap();
            std::process::exit(0);
        }
        Side::Parent(pid) => {
            drop(theirs);
            let received = seqpacket::receive(ours.as_fd()).unwrap();
            let text = received.map_or_else(Vec::new, |received| received.text);
            let text = String::from_utf8(text).unwrap();
            let (_, status) = waitpid(Some(pid), WaitOptions::empty()).unwrap().unwrap();
            let _ = fs::remove_dir_all(scratch(pid.as_raw_nonzero().get().cast_unsigned()));
            assert_eq!(status.exit_status(), Some(0), "{text}");
            (text != NO_NAMESPACES).then_some(text)
        }
    }
}

/// Returns the directory for files of a child, which is removed after its end.
pub fn scratch(child: u32) -> PathBuf {
    std::env::temp_dir().join(format!("tbox-cage-{child}"))
}

fn run(cage: fn() -> Attempts) -> String {
    let maps = [
        ("uid_map", getuid().as_raw()),
        ("gid_map", getgid().as_raw()),
    ];
    if sys::user_namespace::enter_new().is_err() {
        return NO_NAMESPACES.to_owned();
    }
    fs::write("/proc/self/setgroups", "deny").unwrap();
    for (file, id) in maps {
        fs::write(format!("/proc/self/{file}"), format!("0 {id} 1")).unwrap();
    }
    cage().text()
}
