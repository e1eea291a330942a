//! One request about image-controlled files: a fork of the zygote that does it, answers, and ends.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use protocol::work::{FromWorker, WorkRequest};
use protocol::zygote::Mapping;
use rustix::thread::set_no_new_privs;
use sys::seqpacket::Error;

use crate::messages;

/// Shortest time between two reports of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(250);

/// What the zygote forks a worker for.
#[derive(Debug)]
pub struct Order {
    pub request: WorkRequest,
    /// The channel and what the request names.
    pub descriptors: Vec<OwnedFd>,
}

/// Does the work below the store's root.
pub fn run(store: &OwnedFd, mapping: &Mapping, mut order: Order) {
    let _ = rustix::thread::set_name(c"tbox-worker");
    let _ = set_no_new_privs(true);
    if order.descriptors.is_empty() {
        return;
    }
    let channel = order.descriptors.remove(0);
    let mut last = Instant::now();
    let mut progress = |bytes| {
        if last.elapsed() < PROGRESS_INTERVAL {
            return;
        }
        last = Instant::now();
        let sent = messages::send(channel.as_fd(), &FromWorker::Progress { bytes });
        if matches!(sent, Err(Error::Closed)) {
            // Nobody waits for the result; what is staged is swept at the next start.
            std::process::exit(0);
        }
    };
    let result = layers::work::perform(
        store.as_fd(),
        &order.request,
        order.descriptors,
        mapping,
        &mut progress,
    );
    let answer = result.unwrap_or_else(FromWorker::Failed);
    let _ = messages::send_waiting(channel.as_fd(), &answer);
}
