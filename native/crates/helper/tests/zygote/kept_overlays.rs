//! Overlays of ended containers that serve the next ones.

use std::fs::{self, Permissions};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use protocol::launch::LaunchRequest;
use rustix::fs::{Mode, OFlags, fstat, open};

use crate::ready::{layer, output, request, warm_up};
use crate::support::messages::until;
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

/// Runs `first`, changes what its container has left, and runs one with `second` in the same directory. Returns whether
/// they had the same overlay, and the output of the second.
fn run_both(
    zygote: &Zygote,
    first: LaunchRequest,
    second: &str,
    change: impl FnOnce(&Path),
) -> (bool, String) {
    let (_, ended) = output(zygote, first);
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

/// Returns whether any of some pairs of containers had the same overlay: a start that finds no prepared sandbox creates one.
fn share(zygote: &Zygote, isolate: bool, change: fn(&Path)) -> bool {
    (0..8).any(|_| {
        let mut first = isolated(zygote, "true");
        first.isolated = isolate;
        run_both(zygote, first, "true", change).0
    })
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
    warm_up(&zygote, request(&zygote, &["true"]));
    let same = |change: fn(&Path)| share(&zygote, true, change);
    if !same(|_| ()) {
        println!("skipped: this kernel does not clone detached mounts");
        return;
    }
    assert!(!same(|directory| replace(&directory.join("upper"))));
    assert!(!same(|directory| replace(&directory.join("work/work"))));
    let first = isolated(
        &zygote,
        "mkdir /made; touch /bin/made; rmdir /made; rm /bin/made",
    );
    let script = "ls -d /made /bin/made 2>&1; touch /bin/x && echo written";
    let (_, text) = run_both(&zygote, first, script, |_| ());
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
        let (_, text) = run_both(&zygote, isolated(&zygote, "true"), "ls /", |_| {
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
    assert!(!share(&zygote, false, |_| ()));
}
