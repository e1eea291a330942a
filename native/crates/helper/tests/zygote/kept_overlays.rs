//! Overlays of ended containers that serve the next ones.

use std::fs::{self, Permissions};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use protocol::launch::{Framing, LaunchRequest};
use protocol::work::{FromWorker, WorkRequest};
use protocol::zygote::ToZygote;
use rustix::fs::{Mode, OFlags, fstat, open};
use sys::seqpacket;

use crate::ready::{layer, output, request, warm_up};
use crate::support::container::Container;
use crate::support::messages::{patient, receive, send, until};
use crate::support::streams::{attachment, read_all, write_and_end};
use crate::support::zygote::Zygote;

/// A request of a container that leaves its overlay.
fn isolated(zygote: &Zygote, script: &str) -> LaunchRequest {
    let mut request = request(zygote, &["sh", "-c", script]);
    request.isolated = true;
    request
}

/// Opens the directory that the kernel creates for each overlay. While it is open, no other one has its inode number.
fn open_work(directory: &Path) -> OwnedFd {
    // The kernel gives the directory no permissions.
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    open(directory.join("work/work"), flags, Mode::empty()).unwrap()
}

/// Runs a container with `second` in the directory of an ended one. Returns whether they had the same overlay, and the output.
fn run_next(zygote: &Zygote, ended: &Container, second: &str, change: Change) -> (bool, String) {
    until("the end of the monitor", || !ended.has_socket());
    let work = open_work(&ended.directory);
    change(&ended.directory);
    let next = isolated(zygote, second);
    let directory = zygote.store.join("containers").join(&next.id);
    fs::remove_dir_all(&directory).unwrap();
    fs::rename(&ended.directory, &directory).unwrap();
    let (text, _) = output(zygote, next);
    let inode = |work: &OwnedFd| fstat(work).unwrap().st_ino;
    (inode(&work) == inode(&open_work(&directory)), text)
}

/// A change of the directory that a container has left.
type Change<'test> = &'test dyn Fn(&Path);

const NO_CHANGE: Change<'static> = &|_| ();

/// Returns whether any of some pairs of containers had the same overlay: a start that finds no prepared sandbox creates one.
/// `first` runs the first of a pair.
fn share(zygote: &Zygote, change: Change, first: impl Fn() -> Container) -> bool {
    (0..8).any(|_| run_next(zygote, &first(), "true", change).0)
}

/// Returns whether this kernel lets containers share an overlay. Prints a word otherwise.
fn can_share(zygote: &Zygote) -> bool {
    warm_up(zygote, request(zygote, &["true"]));
    let shared = share(zygote, NO_CHANGE, || run(zygote, "true"));
    if !shared {
        println!("skipped: this kernel does not clone detached mounts");
    }
    shared
}

fn run(zygote: &Zygote, script: &str) -> Container {
    output(zygote, isolated(zygote, script)).1
}

/// Puts an empty directory in the place of another one. The kernel gives its directories no permissions.
fn replace(directory: &Path) {
    for name in ["", "incompat", "incompat/volatile"] {
        let _ = fs::set_permissions(directory.join(name), Permissions::from_mode(0o700));
    }
    fs::remove_dir_all(directory).unwrap();
    fs::create_dir(directory).unwrap();
}

#[test]
fn an_overlay_serves_the_next_container_in_its_directory() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    if !can_share(&zygote) {
        return;
    }
    for name in ["upper", "work/work"] {
        let change: Change = &|directory| replace(&directory.join(name));
        assert!(!share(&zygote, change, || run(&zygote, "true")), "{name}");
    }
    let first = run(&zygote, "mkdir /made; touch /new; rmdir /made; rm /new");
    let script = "ls -d /made /new 2>&1; touch /bin/x && echo written";
    let (_, text) = run_next(&zygote, &first, script, NO_CHANGE);
    assert!(text.ends_with("written\n"), "{text}");
    assert_eq!(text.matches("No such file").count(), 2, "{text}");
}

#[test]
fn an_overlay_of_a_layer_that_was_replaced_is_not_used() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    warm_up(&zygote, request(&zygote, &["true"]));
    for _ in 0..4 {
        let layer = layer(&zygote);
        let copy = layer.with_file_name("copy");
        let (_, text) = run_next(&zygote, &run(&zygote, "true"), "ls /", &|_| {
            let copied = std::process::Command::new("cp")
                .arg("-a")
                .args([&layer, &copy])
                .status();
            assert!(copied.unwrap().success());
            fs::remove_dir_all(&layer).unwrap();
            fs::rename(&copy, &layer).unwrap();
        });
        assert!(text.lines().any(|name| name == "bin"), "{text}");
    }
}

#[test]
fn a_container_that_is_not_isolated_leaves_no_overlay() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    warm_up(&zygote, request(&zygote, &["true"]));
    assert!(!share(&zygote, NO_CHANGE, || {
        let mut first = isolated(&zygote, "true");
        first.isolated = false;
        output(&zygote, first).1
    }));
}

#[test]
fn a_container_that_leaves_files_leaves_no_overlay_that_would_keep_their_space() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    warm_up(&zygote, request(&zygote, &["true"]));
    let delete: Change = &|directory| fs::remove_file(directory.join("upper/large")).unwrap();
    let first = || run(&zygote, "echo text >/large");
    assert!(!share(&zygote, delete, first));
}

#[test]
fn a_container_that_ran_while_layers_were_removed_leaves_no_overlay_that_would_keep_their_space() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    warm_up(&zygote, request(&zygote, &["true"]));
    let first = || {
        let wants = attachment(true, true, true, Framing::Raw);
        let mut request = isolated(&zygote, "read line");
        request.process.open_stdin = true;
        let (container, clients) = zygote.launch(request, &[wants]);
        container.started();
        remove(&zygote, "layers/sha256/11");
        write_and_end(&clients[0], b"end\n");
        container.exited();
        container
    };
    assert!(!share(&zygote, NO_CHANGE, first));
}

/// Lets a worker remove a directory of the store.
fn remove(zygote: &Zygote, path: &str) {
    let (ours, theirs) = seqpacket::pair().unwrap();
    let request = WorkRequest::Remove {
        paths: vec![path.to_owned()],
    };
    let message = ToZygote::Work(request);
    send(&zygote.connection, &message, &[theirs.as_fd()]);
    drop(theirs);
    let ours = patient(ours);
    let mut answers = std::iter::from_fn(|| receive::<FromWorker>(&ours));
    assert!(answers.any(|answer| answer == FromWorker::Removed));
}

#[test]
fn a_container_whose_output_is_not_read_does_not_keep_its_overlay() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    warm_up(&zygote, request(&zygote, &["true"]));
    let shared = (0..8).any(|_| {
        let wants = attachment(false, true, true, Framing::Raw);
        // More than a socket contains, and less than the monitor does.
        let request = isolated(&zygote, "head -c 350000 /dev/zero");
        let (container, clients) = zygote.launch(request, &[wants]);
        container.started();
        container.exited();
        let unread = container.has_socket();
        read_all(&clients[0]);
        unread && run_next(&zygote, &container, "true", NO_CHANGE).0
    });
    assert!(!shared);
}
