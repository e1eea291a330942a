//! The worker: a fork of the zygote that serves one request about image-controlled files and ends.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use layers::copy::{self, UnpackOptions};
use protocol::failure::Failure;
use protocol::work::{ContainerView, Copy, FromWorker, Owner, WorkRequest};
use protocol::zygote::Mapping;
use rustix::thread::set_no_new_privs;
use sandbox::container_root::{open_root, open_with_trees, without_mounts};
use sandbox::host::Host;
use sandbox::mounts::file_trees;
use sandbox::privileges::worker::confine;
use sandbox::users::copy_owner;
use sys::seqpacket::Error;

use crate::messages;

/// Shortest time between two reports of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(250);

/// The request of a worker.
#[derive(Debug)]
pub struct Job {
    pub request: WorkRequest,
    /// The channel first, then the request's descriptors.
    pub descriptors: Vec<OwnedFd>,
    /// The first process of the request's container, if it is running.
    pub container: Option<OwnedFd>,
}

/// Does the work and sends the answer to the daemon.
pub fn run(host: Host, store: OwnedFd, mapping: &Mapping, mut job: Job) {
    let _ = rustix::thread::set_name(c"tbox-worker");
    let _ = set_no_new_privs(true);
    if job.descriptors.is_empty() {
        return;
    }
    let channel = job.descriptors.remove(0);
    let mut last = Instant::now();
    let mut progress = |bytes| {
        if last.elapsed() < PROGRESS_INTERVAL {
            return;
        }
        last = Instant::now();
        let sent = messages::send(channel.as_fd(), &FromWorker::Progress { bytes });
        if matches!(sent, Err(Error::Closed)) {
            // No daemon waits for the result. Staged files are removed at the daemon's next start.
            std::process::exit(0);
        }
    };
    let answer = perform(host, store, mapping, job, &mut progress);
    let answer = answer.unwrap_or_else(FromWorker::Failed);
    let _ = messages::send_waiting(channel.as_fd(), &answer);
}

/// Directories that are not the request's are closed before the process is confined.
fn perform(
    host: Host,
    store: OwnedFd,
    mapping: &Mapping,
    mut job: Job,
    progress: &mut dyn FnMut(u64),
) -> Result<FromWorker, Failure> {
    match &job.request {
        WorkRequest::Copy {
            container,
            copies,
            owner,
            mode,
            replaces,
        } => {
            drop(store);
            let change = (mode.as_deref(), *replaces);
            transfer(host, mapping, container, copies, owner, change)?;
            Ok(FromWorker::Copied)
        }
        request @ (WorkRequest::List { id, tree, .. } | WorkRequest::Export { id, tree }) => {
            let output = job.descriptors.pop();
            let output = output.ok_or_else(|| messages::wrong_descriptors("the request", 2, 1))?;
            let root = file_trees::open_alone(&host, id, tree)?;
            drop((host, store));
            confine(&[root.as_fd()])?;
            read_tree(root.as_fd(), request, output)?;
            Ok(FromWorker::Copied)
        }
        request => match request.container() {
            Some(view) => {
                let mut root = open_root(&host, view, job.container.as_ref().map(AsFd::as_fd))?;
                drop((host, store, job.container.take()));
                if matches!(request, WorkRequest::Archive { path, .. } if path.is_empty()) {
                    root = without_mounts(root);
                }
                confine(&[root.as_fd()])?;
                copy(root.as_fd(), request, job.descriptors, mapping)
            }
            None => {
                drop(host);
                confine(&[store.as_fd()])?;
                layers::requests::handle(store.as_fd(), request, job.descriptors, mapping, progress)
            }
        },
    }
}

/// Reads a tree for a request.
fn read_tree(root: BorrowedFd<'_>, request: &WorkRequest, output: OwnedFd) -> Result<(), Failure> {
    match request {
        WorkRequest::List { path, .. } => copy::list(root, path, output),
        _ => copy::archive(root, "", output),
    }
}

/// Copies files of trees into a container's root.
fn transfer(
    host: Host,
    mapping: &Mapping,
    container: &ContainerView,
    copies: &[Copy],
    whose: &Owner,
    (mode, replaces): (Option<&str>, bool),
) -> Result<(), Failure> {
    let (root, trees) = open_with_trees(&host, container, copies.iter().map(|copy| &copy.tree))?;
    drop(host);
    let root_of = |copy: &Copy| trees.iter().find(|(tree, _)| **tree == copy.tree);
    let roots: Vec<_> = copies
        .iter()
        .filter_map(root_of)
        .map(|(_, root)| root.as_fd())
        .collect();
    let reached: Vec<_> = roots.iter().copied().chain([root.as_fd()]).collect();
    confine(&reached)?;
    let found = copy_owner::find(root.as_fd(), whose)?;
    copy::copy_sources(
        root.as_fd(),
        &copy::Sources {
            roots,
            copies,
            owner: found,
            archive_owner: found.filter(|_| matches!(whose, Owner::Named { .. })),
            mode,
            replaces,
            mapping,
        },
    )
}

/// Reads or writes a container's files for a request.
fn copy(
    root: BorrowedFd<'_>,
    request: &WorkRequest,
    mut descriptors: Vec<OwnedFd>,
    mapping: &Mapping,
) -> Result<FromWorker, Failure> {
    match (request, descriptors.pop()) {
        (WorkRequest::Status { path, .. }, _) => copy::status(root, path).map(FromWorker::Status),
        (WorkRequest::Archive { path, .. }, Some(output)) => {
            copy::archive(root, path, output).map(|()| FromWorker::Copied)
        }
        (
            WorkRequest::Extract {
                path,
                keep_kinds,
                squash,
                ..
            },
            Some(source),
        ) => {
            let options = UnpackOptions {
                mapping,
                keep_kinds: *keep_kinds,
                owner: squash.then_some((0, 0)),
            };
            copy::unpack(root, path, source, &options).map(|()| FromWorker::Copied)
        }
        _ => Err(messages::wrong_descriptors("the request", 2, 1)),
    }
}
