//! Removing and measuring trees of any depth, owner and mode.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use protocol::failure::FailureKind;
use rustix::fs::{CWD, Mode, OFlags, chownat, mkdirat, openat, renameat};
use rustix::process::{Gid, Uid};

use crate::support::fixture::{Fixture, in_user_namespace};

/// Creates nested directories, deeper than the longest path.
fn dig(top: &Path, levels: usize) {
    std::fs::create_dir_all(top).unwrap();
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let mut current = openat(CWD, top, flags, Mode::empty()).unwrap();
    for _ in 0..levels {
        mkdirat(&current, "d", Mode::RWXU).unwrap();
        rustix::fs::symlinkat("/mnt/outside", &current, "link").unwrap();
        current = openat(&current, "d", flags, Mode::empty()).unwrap();
    }
}

fn store(fixture: &Fixture) -> std::path::PathBuf {
    fixture.root.join("store")
}

in_user_namespace! {
    fn trees_of_five_thousand_levels_are_removed_and_measured(fixture: Range) {
        fixture.guarding("deep", || {
            dig(&store(&fixture).join("containers/x"), 5000);
            assert_eq!(fixture.measure("containers/x").unwrap().inodes, 10_001);
            fixture.remove("containers/x").unwrap();
            assert!(!store(&fixture).join("containers/x").exists());
        });
    }

    fn files_of_any_mode_and_owner_are_removed(fixture: Range) {
        fixture.guarding("owners", || {
            let top = store(&fixture).join("containers/x");
            std::fs::create_dir_all(top.join("a/b")).unwrap();
            std::fs::write(top.join("a/b/f"), "x").unwrap();
            symlink("/mnt/outside", top.join("a/link")).unwrap();
            symlink("../../../outside/directory", top.join("a/b/link")).unwrap();
            std::fs::hard_link(top.join("a/b/f"), top.join("hard")).unwrap();
            for path in ["a/b/f", "a/b", "a"] {
                let path = top.join(path);
                std::fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
                let (uid, gid) = (Uid::from_raw(1234), Gid::from_raw(65535));
                chownat(CWD, &path, Some(uid), Some(gid), rustix::fs::AtFlags::empty()).unwrap();
            }
            assert_eq!(fixture.measure("containers/x").unwrap().inodes, 6);
            fixture.remove("containers/x").unwrap();
            assert!(!top.exists());
        });
    }

    fn directories_replaced_during_the_removal_lead_nowhere_else(fixture: Range) {
        fixture.guarding("swapped", || {
            for _ in 0..20 {
                let top = store(&fixture).join("containers/x");
                for number in 0..50 {
                    std::fs::create_dir_all(top.join(format!("d/{number}/directory"))).unwrap();
                    std::fs::write(top.join(format!("d/{number}/directory/file")), "").unwrap();
                }
                symlink("/mnt/outside", top.join("link")).unwrap();
                let done = AtomicBool::new(false);
                std::thread::scope(|threads| {
                    threads.spawn(|| {
                        while !done.load(Ordering::Relaxed) {
                            let swapped = [("d", "t"), ("link", "d"), ("d", "link"), ("t", "d")];
                            for (from, to) in swapped {
                                let _ = renameat(CWD, top.join(from), CWD, top.join(to));
                            }
                        }
                    });
                    fixture.remove("containers/x").unwrap();
                    done.store(true, Ordering::Relaxed);
                });
                assert!(!top.exists());
            }
        });
    }

    fn missing_trees_are_ignored(fixture: Range) {
        fixture.remove("containers/none").unwrap();
        fixture.remove("none/at/all").unwrap();
        assert_eq!(fixture.measure("none/at/all").unwrap().inodes, 0);
    }

    fn paths_that_leave_the_store_are_refused(fixture: Range) {
        symlink("/mnt/outside", store(&fixture).join("link")).unwrap();
        fixture.guarding("paths", || {
            for path in ["", ".", "..", "/", "/mnt/outside", "../outside", "a/../../outside", "a//b", "a/"] {
                let failure = fixture.remove(path).unwrap_err();
                assert_eq!(failure.kind, FailureKind::InvalidArgument, "{path}");
                assert_eq!(fixture.measure(path).unwrap_err().kind, FailureKind::InvalidArgument);
            }
            let failure = fixture.remove("link/directory").unwrap_err();
            assert_eq!(failure.kind, FailureKind::System);
            fixture.measure("link/directory").unwrap_err();
            fixture.remove("link").unwrap();
        });
        assert!(!store(&fixture).join("link").is_symlink());
    }

    fn sizes_count_allocated_blocks_and_hard_links_once(fixture: Range) {
        let top = store(&fixture).join("volumes/v");
        std::fs::create_dir_all(top.join("d")).unwrap();
        std::fs::write(top.join("f"), vec![1; 100_000]).unwrap();
        std::fs::hard_link(top.join("f"), top.join("d/g")).unwrap();
        let hole = std::fs::File::create(top.join("hole")).unwrap();
        hole.set_len(1 << 30).unwrap();
        let size = fixture.measure("volumes/v").unwrap();
        assert_eq!(size.inodes, 4);
        let blocks: u64 = ["", "d", "f", "hole"]
            .iter()
            .map(|name| top.join(name).metadata().unwrap().blocks())
            .sum();
        assert_eq!(size.bytes, blocks * 512);
        assert!(size.bytes >= 100_000 && size.bytes < 1 << 20);
        assert_eq!(fixture.measure("volumes/v/f").unwrap().inodes, 1);
    }
}
