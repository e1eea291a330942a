//! Copies of trees into existing directories, and of names with any bytes.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use layers::copy::{Sources, copy_sources, list};
use protocol::failure::Failure;
use protocol::file_name;
use protocol::launch::FileTree;
use protocol::work::Copy;

use crate::support::fixture::{Fixture, in_user_namespace};

fn copy(fixture: &Fixture, source: &str, skip: &[&str], owner: Option<(u32, u32)>) {
    try_copy(fixture, source, skip, owner, false).unwrap();
}

fn try_copy(
    fixture: &Fixture,
    source: &str,
    skip: &[&str],
    owner: Option<(u32, u32)>,
    replaces: bool,
) -> Result<(), Failure> {
    let root: OwnedFd = File::open(&fixture.root).unwrap().into();
    let copies = [Copy {
        tree: FileTree::Layers {
            diff_ids: Vec::new(),
        },
        source: source.to_owned(),
        target: "/target/".to_owned(),
        skip: skip.iter().map(|path| (*path).to_owned()).collect(),
        unpack: false,
    }];
    let sources = Sources {
        roots: vec![root.as_fd()],
        copies: &copies,
        owner,
        archive_owner: None,
        mode: None,
        replaces,
        mapping: &fixture.mapping,
    };
    copy_sources(root.as_fd(), &sources)
}

fn attributes(path: &Path) -> (u32, u32, u32) {
    let found = fs::metadata(path).unwrap();
    (found.mode() & 0o7777, found.uid(), found.gid())
}

fn name(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}

in_user_namespace! {
    fn nested_directories_get_the_metadata_of_their_source(fixture: Range) {
        let [source, target] = ["source", "target"].map(|path| fixture.root.join(path));
        for (top, mode) in [(&source, 0o750), (&target, 0o711)] {
            fs::create_dir_all(top.join("nested")).unwrap();
            for path in [top.clone(), top.join("nested")] {
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            }
        }
        chown(target.join("nested"), Some(5), Some(6)).unwrap();

        copy(&fixture, "/source", &[], Some((0, 0)));
        assert_eq!(attributes(&target), (0o711, 0, 0));
        assert_eq!(attributes(&target.join("nested")), (0o750, 0, 0));

        copy(&fixture, "/source", &[], Some((7, 8)));
        assert_eq!(attributes(&target), (0o711, 0, 0));
        assert_eq!(attributes(&target.join("nested")), (0o750, 7, 8));
    }

    fn a_directory_and_another_file_replace_each_other_only_if_asked(fixture: Range) {
        let [source, target, outside] =
            ["source", "target", "outside"].map(|path| fixture.root.join(path));
        fs::create_dir_all(&outside).unwrap();
        fs::write(outside.join("kept"), "kept").unwrap();
        for directory in [source.join("link"), source.join("file")] {
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join("new"), "new").unwrap();
        }
        fs::write(source.join("directory"), "file").unwrap();
        symlink("file", source.join("tree")).unwrap();
        for directory in ["directory/old", "tree/old/older"] {
            fs::create_dir_all(target.join(directory)).unwrap();
        }
        fs::write(target.join("file"), "old").unwrap();
        symlink("../outside", target.join("link")).unwrap();

        let names = || -> BTreeSet<_> {
            let entries = fs::read_dir(&outside).unwrap();
            entries.map(|entry| entry.unwrap().file_name()).collect()
        };
        // Files of other directories may have been copied before the failure, also through the link.
        assert!(try_copy(&fixture, "/source", &[], None, false).is_err());
        let before = names();
        try_copy(&fixture, "/source", &[], None, true).unwrap();
        for directory in ["link", "file"] {
            let found = fs::symlink_metadata(target.join(directory)).unwrap();
            assert!(found.is_dir(), "{directory}");
            assert_eq!(fs::read(target.join(directory).join("new")).unwrap(), b"new");
        }
        assert_eq!(fs::read(target.join("directory")).unwrap(), b"file");
        assert_eq!(fs::read_link(target.join("tree")).unwrap(), Path::new("file"));
        assert_eq!(names(), before);
        assert_eq!(fs::read(outside.join("kept")).unwrap(), b"kept");
    }

    fn names_keep_bytes_that_are_not_text(fixture: Range) {
        let source = fixture.root.join("source").join(name(b"d\xff"));
        fs::create_dir_all(&source).unwrap();
        for file in [&b"caf\xe9"[..], b"skipped\xfe", b"plain"] {
            fs::write(source.join(name(file)), file).unwrap();
        }
        let output = File::create(fixture.root.join("output")).unwrap();
        let root: OwnedFd = File::open(&fixture.root).unwrap().into();
        list(root.as_fd(), "/source", output.into()).unwrap();
        let listed = fs::read_to_string(fixture.root.join("output")).unwrap();
        assert!(listed.contains(&file_name::to_text(b"d\xff/caf\xe9")), "{listed}");

        let skip = file_name::to_text(b"d\xff/skipped\xfe");
        copy(&fixture, "/source", &[&skip], None);
        let target = fixture.root.join("target");
        let copied = target.join(name(b"d\xff"));
        assert_eq!(fs::read(copied.join(name(b"caf\xe9"))).unwrap(), b"caf\xe9");
        assert_eq!(fs::read_dir(&copied).unwrap().count(), 2);

        copy(&fixture, &file_name::to_text(b"/source/d\xff/caf\xe9"), &[], None);
        assert_eq!(fs::read(target.join(name(b"caf\xe9"))).unwrap(), b"caf\xe9");
    }
}
