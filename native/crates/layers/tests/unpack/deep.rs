//! Trees with more levels than descriptors, and with more hard links than descriptors.

use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use layers::copy::{Sources, archive, copy_sources, list};
use protocol::launch::FileTree;
use protocol::work::{Copy, FromWorker, WorkRequest};
use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::support::fixture::{Fixture, in_user_namespace};

const LEVELS: usize = 1500;

/// Creates nested directories with a file in each, and leaves few descriptors to this process.
fn dig(top: &Path) {
    fs::create_dir_all(top).unwrap();
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let mut current = openat(CWD, top, flags, Mode::empty()).unwrap();
    for _ in 0..LEVELS {
        mkdirat(&current, "d", Mode::RWXU).unwrap();
        let create = OFlags::CREATE | OFlags::WRONLY;
        drop(openat(&current, "f", create, Mode::RUSR).unwrap());
        current = openat(&current, "d", flags, Mode::empty()).unwrap();
    }
    // The daemon starts with this limit.
    let limit = Some(256);
    let limits = Rlimit {
        current: limit,
        maximum: limit,
    };
    setrlimit(Resource::Nofile, limits).unwrap();
}

fn output(fixture: &Fixture) -> OwnedFd {
    File::create(fixture.root.join("output")).unwrap().into()
}

fn written(fixture: &Fixture) -> Vec<u8> {
    fs::read(fixture.root.join("output")).unwrap()
}

/// Copies the directory `source` of the fixture to `target`.
fn copy(fixture: &Fixture) {
    let root: OwnedFd = File::open(&fixture.root).unwrap().into();
    let copies = [Copy {
        tree: FileTree::Layers {
            diff_ids: Vec::new(),
        },
        source: "/source".to_owned(),
        target: "/target".to_owned(),
        skip: Vec::new(),
        unpack: false,
    }];
    let sources = Sources {
        roots: vec![root.as_fd()],
        copies: &copies,
        owner: None,
        archive_owner: None,
        mode: None,
        replaces: false,
        mapping: &fixture.mapping,
    };
    copy_sources(root.as_fd(), &sources).unwrap();
}

in_user_namespace! {
    fn deep_upper_directories_are_compared_exported_merged_and_committed(fixture: Range) {
        let store = fixture.root.join("store");
        dig(&store.join("upper"));
        fs::create_dir_all(store.join("merged")).unwrap();
        fs::create_dir_all(store.join("blobs")).unwrap();

        let lowers = Vec::new();
        let changes = WorkRequest::Changes { upper: "upper".to_owned(), lowers };
        fixture.perform(&changes, vec![output(&fixture)]).unwrap();
        let lines = written(&fixture).split(|byte| *byte == 0).count() - 1;
        assert_eq!(lines, 2 * LEVELS);

        let export = WorkRequest::ExportLayer { upper: "upper".to_owned() };
        fixture.perform(&export, vec![output(&fixture)]).unwrap();
        assert!(written(&fixture).len() > 2 * LEVELS * 512);

        let merge = WorkRequest::Merge {
            upper: "merged".to_owned(),
            layers: vec!["upper".to_owned()],
            lowers: Vec::new(),
        };
        fixture.perform(&merge, Vec::new()).unwrap();
        assert_eq!(fixture.measure("merged").unwrap().inodes as usize, 2 * LEVELS + 1);

        let commit = WorkRequest::CommitLayer { upper: "upper".to_owned(), latest: Some(1), merge: true };
        match fixture.perform(&commit, Vec::new()).unwrap() {
            FromWorker::Unpacked(unpacked) => assert_eq!(unpacked.entries as usize, 2 * LEVELS),
            other => panic!("{other:?}"),
        }
    }

    fn deep_trees_are_listed_archived_and_copied(fixture: Range) {
        dig(&fixture.root.join("source"));
        let root: OwnedFd = File::open(&fixture.root).unwrap().into();
        list(root.as_fd(), "/source", output(&fixture)).unwrap();
        let lines = written(&fixture).split(|byte| *byte == b'\n').count() - 1;
        assert_eq!(lines, 2 * LEVELS + 1);

        archive(root.as_fd(), "/source", output(&fixture)).unwrap();
        assert!(written(&fixture).len() > 2 * LEVELS * 512);

        copy(&fixture);
        list(root.as_fd(), "/target", output(&fixture)).unwrap();
        let lines = written(&fixture).split(|byte| *byte == b'\n').count() - 1;
        assert_eq!(lines, 2 * LEVELS + 1);
    }

    fn hard_links_in_many_directories_are_copied_as_links(fixture: Range) {
        let source = fixture.root.join("source");
        for number in 0..1200 {
            let directory = source.join(number.to_string());
            fs::create_dir_all(directory.join("sub")).unwrap();
            fs::write(directory.join("a"), "content").unwrap();
            fs::hard_link(directory.join("a"), directory.join("sub/b")).unwrap();
        }
        copy(&fixture);
        for number in [0, 600, 1199] {
            let directory = fixture.root.join(format!("target/{number}"));
            let (one, other) = (directory.join("a"), directory.join("sub/b"));
            assert_eq!(one.metadata().unwrap().ino(), other.metadata().unwrap().ino());
            assert_eq!(fs::read_to_string(other).unwrap(), "content");
        }
    }
}
