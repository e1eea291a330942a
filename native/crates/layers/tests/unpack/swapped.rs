//! Copies out of, into and inside a container's files, and their measurement, while the container swaps a directory for
//! a link. A hundredth of `TBOX_TEST_RACES` is the number of rounds.

use std::fs::{self, File};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use layers::copy::{Sources, UnpackOptions, archive, copy_sources, list, unpack};
use protocol::launch::FileTree;
use protocol::work::Copy;
use rustix::fs::{RenameFlags, renameat_with};

use crate::support::fixture::{Fixture, in_user_namespace};
use crate::support::tar::Tar;

/// Content of the files outside.
const SECRET: &[u8] = b"of the host";

/// Stops the other thread also if an assertion fails.
struct StopOnDrop<'flag>(&'flag AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Repeats a round in the container's files, where `d` and `link`, which leads outside, are swapped all the time.
fn while_swapping(fixture: &Fixture, round: impl Fn(BorrowedFd<'_>)) {
    let rounds = std::env::var("TBOX_TEST_RACES").ok();
    let rounds: u64 = rounds
        .and_then(|text| text.parse().ok())
        .map_or(50, |races: u64| races / 100);
    let top = container(fixture);
    let root = OwnedFd::from(File::open(&top).unwrap());
    let (stop, swaps) = (AtomicBool::new(false), AtomicU64::new(0));
    fixture.guarding("swapped", || {
        std::thread::scope(|threads| {
            threads.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    renameat_with(&root, "d", &root, "link", RenameFlags::EXCHANGE).unwrap();
                    swaps.fetch_add(1, Ordering::Relaxed);
                }
            });
            let _stopped = StopOnDrop(&stop);
            let mut done = 0;
            while done < rounds || swaps.load(Ordering::Relaxed) == 0 {
                round(root.as_fd());
                done += 1;
            }
        });
    });
    assert!(!contains_secret(&top), "a copy of a file outside");
}

fn container(fixture: &Fixture) -> std::path::PathBuf {
    let top = fixture.root.join("store/containers/c");
    fs::create_dir_all(top.join("d/directory")).unwrap();
    fs::write(top.join("d/secret"), "of the container").unwrap();
    fs::write(top.join("d/directory/file"), "of the container").unwrap();
    // From the container's directory in the store to the files outside.
    symlink("../../../outside", top.join("link")).unwrap();
    assert_eq!(fs::read(top.join("link/secret")).unwrap(), SECRET);
    top
}

fn contains_secret(top: &Path) -> bool {
    fs::read_dir(top).unwrap().flatten().any(|entry| {
        let kind = entry.file_type().unwrap();
        match () {
            () if kind.is_dir() => contains_secret(&entry.path()),
            () if kind.is_file() => fs::read(entry.path()).unwrap() == SECRET,
            () => false,
        }
    })
}

fn copied(from: BorrowedFd<'_>, to: BorrowedFd<'_>, fixture: &Fixture, source: &str, target: &str) {
    let copies = [Copy {
        tree: FileTree::Layers {
            diff_ids: Vec::new(),
        },
        source: source.to_owned(),
        target: target.to_owned(),
        skip: Vec::new(),
        unpack: false,
    }];
    let sources = Sources {
        roots: vec![from],
        copies: &copies,
        owner: Some((7, 8)),
        archive_owner: None,
        mode: Some("0777"),
        replaces: false,
        mapping: &fixture.mapping,
    };
    // The copy may be refused while the directory is a link.
    let _ = copy_sources(to, &sources);
}

in_user_namespace! {
    fn nothing_outside_is_in_an_archive(fixture: Range) {
        let output = fixture.root.join("output");
        while_swapping(&fixture, |root| {
            for path in ["", "/d", "/d/directory", "/."] {
                let file = File::create(&output).unwrap();
                let _ = archive(root, path, file.into());
                let packed = fs::read(&output).unwrap();
                assert!(!packed.windows(SECRET.len()).any(|part| part == SECRET), "{path}");
            }
        });
    }

    fn nothing_outside_is_listed_or_measured(fixture: Range) {
        fs::write(fixture.outside().join("only-outside"), vec![1; 1 << 20]).unwrap();
        let output = fixture.root.join("output");
        while_swapping(&fixture, |root| {
            let _ = list(root, "/d", File::create(&output).unwrap().into());
            assert!(!fs::read_to_string(&output).unwrap().contains("only-outside"));
            if let Ok(size) = fixture.measure("containers/c") {
                assert!(size.bytes < 1 << 20);
            }
        });
    }

    fn an_archive_is_unpacked_nowhere_outside(fixture: Range) {
        let tar = fixture.root.join("archive");
        let entries = Tar::new()
            .directory("directory")
            .file("directory/file", "of the archive")
            .file("secret", "of the archive")
            .file("new", "of the archive")
            .symlink("directory/to", "../secret")
            .hard_link("hard", "secret");
        fs::write(&tar, entries.finish()).unwrap();
        let options = UnpackOptions {
            mapping: &fixture.mapping,
            keep_kinds: false,
            owner: Some((7, 8)),
        };
        while_swapping(&fixture, |root| {
            for path in ["/d", "/d/directory"] {
                let _ = unpack(root, path, File::open(&tar).unwrap().into(), &options);
            }
        });
    }

    fn no_copy_leads_outside_and_none_comes_from_there(fixture: Range) {
        let own = fixture.fresh("own");
        fs::create_dir_all(own.join("tree/directory")).unwrap();
        fs::write(own.join("tree/secret"), "of a layer").unwrap();
        fs::write(own.join("tree/directory/file"), "of a layer").unwrap();
        let layer = OwnedFd::from(File::open(&own).unwrap());
        while_swapping(&fixture, |root| {
            copied(layer.as_fd(), root, &fixture, "/tree", "/d/");
            copied(layer.as_fd(), root, &fixture, "/tree/secret", "/d/secret");
            copied(layer.as_fd(), root, &fixture, "/tree", "/d/new/directory/");
            copied(root, layer.as_fd(), &fixture, "/d", "/copy/");
            copied(root, layer.as_fd(), &fixture, "/d/secret", "/copy-of-file");
        });
        assert!(!contains_secret(&own), "a copy of a file outside");
    }
}
