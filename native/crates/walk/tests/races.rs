//! Opening paths while another thread swaps a directory for a link that leads out. `TBOX_TEST_RACES` is the number of
//! rounds.
#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::fs::{CWD, OFlags, RenameFlags, fstat, renameat_with};
use rustix::io::Errno;
use walk::resolve::{directory_beneath, in_root, in_root_without_links};

/// Swaps two names until it is told to stop. Returns the number of swaps.
fn swap(one: &Path, other: &Path, stop: &AtomicBool, swaps: &AtomicU64) {
    while !stop.load(Ordering::Relaxed) {
        renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
        swaps.fetch_add(1, Ordering::Relaxed);
    }
}

/// Stops the other thread also if an assertion fails.
struct StopOnDrop<'flag>(&'flag AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn no_path_below_a_root_leads_out_while_directories_become_links() {
    let rounds = std::env::var("TBOX_TEST_RACES").ok();
    let rounds: u64 = rounds.and_then(|text| text.parse().ok()).unwrap_or(3000);
    let base = std::env::temp_dir().join(format!("tbox-races-{}", std::process::id()));
    let (root, outside) = (base.join("root"), base.join("outside"));
    fs::create_dir_all(root.join("sub")).unwrap();
    fs::create_dir(&outside).unwrap();
    fs::write(root.join("sub/file"), "inside").unwrap();
    fs::write(outside.join("file"), "outside").unwrap();
    symlink("../outside", root.join("link")).unwrap();
    let secret = fs::metadata(outside.join("file")).unwrap();
    let secret = std::os::unix::fs::MetadataExt::ino(&secret);
    let opened_root = OwnedFd::from(File::open(&root).unwrap());
    let (stop, swaps) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut opened = 0_u64;
    std::thread::scope(|threads| {
        threads.spawn(|| swap(&root.join("sub"), &root.join("link"), &stop, &swaps));
        let _stopped = StopOnDrop(&stop);
        let root = opened_root.as_fd();
        let mut expect_inside = |found: Result<OwnedFd, Errno>| {
            if let Ok(file) = found {
                assert_ne!(fstat(&file).unwrap().st_ino, secret);
                opened += 1;
            }
        };
        let mut round = 0;
        // At least one swap happens, however few rounds there are.
        while round < rounds || swaps.load(Ordering::Relaxed) == 0 {
            expect_inside(in_root(root, "sub/file", OFlags::RDONLY));
            expect_inside(in_root_without_links(root, "sub/file", OFlags::RDONLY));
            let beneath = directory_beneath(root, "sub");
            expect_inside(beneath.and_then(|directory| {
                in_root_without_links(directory.as_fd(), "file", OFlags::RDONLY)
            }));
            round += 1;
        }
        println!("{round} rounds");
    });
    println!("{opened} opened, {} swaps", swaps.load(Ordering::Relaxed));
    fs::remove_dir_all(&base).unwrap();
}
