//! A tree deeper than paths, descriptors and a call stack allow. It is the only test of its process, because it counts
//! the open descriptors.
#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, Mode, mkdirat, openat, symlinkat, unlinkat};
use walk::resolve::deep_directory_beneath;
use walk::{DIRECTORY, DirectoryStack, MAX_OPEN, Step, Walk, names};

const DEPTH: usize = 10_000;

fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Creates `DEPTH` directories in one another, and a link in every hundredth.
fn dig(top: OwnedFd) {
    let mut directory = top;
    for level in 0..DEPTH {
        mkdirat(&directory, "d", Mode::RWXU).unwrap();
        if level % 100 == 0 {
            symlinkat("d", &directory, "link").unwrap();
        }
        directory = openat(&directory, "d", DIRECTORY, Mode::empty()).unwrap();
    }
}

#[test]
fn a_tree_of_ten_thousand_levels_is_walked_with_few_descriptors() {
    let path = std::env::temp_dir().join(format!("walk-deep-{}", std::process::id()));
    fs::create_dir(&path).unwrap();
    let open = || OwnedFd::from(File::open(&path).unwrap());
    dig(open());

    let before = open_descriptors();
    for walk in [Walk::sorted(open().as_fd()), Walk::unsorted(open().as_fd())] {
        let mut walk = walk.unwrap();
        let (mut entries, mut left, mut most) = (0, 0, 0);
        // A copy of the tree keeps a second stack for its target.
        let mut stack = DirectoryStack::new(open());
        while let Some(step) = walk.step().unwrap() {
            match step {
                Step::Entry(entry) => {
                    entries += 1;
                    if walk.enter(&entry).unwrap().is_some() {
                        let directory = openat(stack.current(), "d", DIRECTORY, Mode::empty());
                        stack.push(directory.unwrap()).unwrap();
                    }
                }
                Step::Left(_) => {
                    left += 1;
                    stack.pop().unwrap().unwrap();
                }
            }
            if (entries + left) % 100 == 0 {
                most = most.max(open_descriptors() - before);
            }
        }
        assert_eq!((entries, left), (DEPTH + DEPTH / 100, DEPTH));
        assert!(stack.pop().unwrap().is_none());
        assert!(most <= 2 * MAX_OPEN + 8, "{most} descriptors");
    }

    let top = open();
    let long = "d/".repeat(DEPTH);
    let long = long.trim_end_matches('/').as_bytes();
    let bottom = deep_directory_beneath(top.as_fd(), long).unwrap();
    assert!(names(bottom.as_fd()).unwrap().is_empty());
    let beyond = [long, b"/d"].concat();
    assert!(deep_directory_beneath(top.as_fd(), &beyond).is_err());

    // A walk may remove what it returns from.
    let mut walk = Walk::sorted(top.as_fd()).unwrap();
    while let Some(step) = walk.step().unwrap() {
        match step {
            Step::Entry(entry) => {
                if walk.enter(&entry).unwrap().is_none() {
                    unlinkat(&entry.parent, &entry.name, AtFlags::empty()).unwrap();
                }
            }
            Step::Left(left) => {
                unlinkat(&left.entry.parent, &left.entry.name, AtFlags::REMOVEDIR).unwrap();
            }
        }
    }
    fs::remove_dir(&path).unwrap();
}
