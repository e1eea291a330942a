//! Archives that try to leave their layer.

use protocol::failure::FailureKind;

use crate::support::fixture::{Fixture, in_user_namespace};
use crate::support::tar::{Header, Tar};
use crate::support::tree::names;

/// Writes an archive with one entry for each step: `L name target` (a symbolic link), `F name` (a file), `D name` (a
/// directory), `H name target` (a hard link), `W name` (a whiteout), `O name` (the mark of an opaque directory), `P name`
/// (a FIFO). `ABS` and `REL` are paths out of the layer.
fn archive(steps: &str) -> Vec<u8> {
    let mut tar = Tar::new();
    for step in steps.split('|') {
        let step = step
            .replace("ABS", "/mnt/outside")
            .replace("REL", "../../../../outside");
        let words: Vec<&str> = step.split_whitespace().collect();
        let unusual = |flag, name: &str| {
            let header = Header::new(flag, name).mode(0o6777).owner(7, 8);
            header.modified(99)
        };
        tar = match words[..] {
            ["L", name, target] => tar.bare(&unusual(b'2', name).link(target)),
            ["H", name, target] => tar.bare(&unusual(b'1', name).link(target)),
            ["F", name] => tar
                .pax(&[("SCHILY.xattr.user.pwned", "yes")])
                .add(unusual(b'0', name), "pwned"),
            ["D", name] => tar
                .pax(&[("SCHILY.xattr.user.pwned", "yes")])
                .bare(&unusual(b'5', name)),
            ["P", name] => tar.bare(&unusual(b'6', name)),
            ["W", name] => tar.file(whiteout(name), ""),
            ["O", name] => tar.file(format!("{name}/.wh..wh..opq"), ""),
            _ => panic!("{step}"),
        };
    }
    tar.finish()
}

fn whiteout(name: &str) -> String {
    match name.rsplit_once('/') {
        Some((parent, name)) => format!("{parent}/.wh.{name}"),
        None => format!(".wh.{name}"),
    }
}

/// Checks that an archive is refused or stays in its layer, which is then mounted and removed.
fn contain(fixture: &Fixture, steps: &str) {
    fixture.guarding(steps, || match fixture.unpack(&archive(steps)) {
        Ok(unpacked) => {
            let path = fixture.path(&unpacked);
            assert!(path.symlink_metadata().unwrap().is_dir(), "{steps}");
            let seen = format!("{:?}", crate::support::tree::describe(&path));
            assert!(!seen.contains("of the host"), "{steps}");
            fixture.view(&[path]);
            let hex = unpacked.diff_id.strip_prefix("sha256:").unwrap();
            fixture.remove(&format!("layers/sha256/{hex}")).unwrap();
        }
        Err(failure) => assert_eq!(
            failure.kind,
            FailureKind::InvalidImage,
            "{steps}: {failure:?}"
        ),
    });
}

in_user_namespace! {
    fn nothing_is_written_through_a_link(fixture: Range) {
        for target in ["ABS", "REL", "/", "..", "/..", "../../../..", "/proc/self/root/mnt/outside"] {
            for steps in [
                "L e T|F e/pwn",
                "L e T|D e/pwn",
                "L e T|P e/pwn",
                "L e T|L e/pwn x",
                "L e T|F e/secret",
                "L e T|F e/directory/file",
                "L e T|W e/secret",
                "L e T|W e/directory",
                "L e T|O e",
                "L e T|O e/directory",
                "L e T|F e",
                "L e T|D e|F e/pwn",
                "L e T|D e/|F e/secret",
                "L e T|W e|F e/pwn",
                "L a T|L b a|L c b|F c/pwn",
                "L a T|L b a|D b/pwn|F c",
                "L a T|H b a|F b/pwn",
                "L a T|H b a|F b",
                "L a T|H b a|D b",
                "D d|F d/x|L d T|F d/secret",
                "L d T|D d|L d/e T|F d/e/pwn",
                "F d/x|L d T|W d/secret",
                "D d|L d/e ../T|F d/e/secret",
                "L d/e/f T|F d/e/f/secret",
                "L e T|F e/../secret",
                "L e T|H h e/secret",
                "L e T|H e/h e/secret",
                "L e T|F x|H e/h x",
                "L e T|L e/directory T|F e/directory/file",
                "L e T/directory|F e/file",
                "L e T/nothing/here|F e/pwn",
                "L e e|F e/pwn",
                "L a b|L b a|F a/pwn",
                "L .wh.e T|F e/pwn",
            ] {
                contain(&fixture, &steps.replace('T', target));
            }
        }
    }

    fn no_metadata_is_changed_through_a_link(fixture: Range) {
        for target in ["ABS", "REL", "ABS/directory", "REL/secret", "ABS/directory/file"] {
            for steps in [
                "L e T|D e",
                "L e T|D e/",
                "L e T|D e/.",
                "L e T|F e",
                "L e T|P e",
                "L e T|H f e",
                "L e T|H f e|F f",
                "L e T|L e T",
                "L . T",
                "L . T|D .",
                "D d|L d/e T|D d/e",
            ] {
                contain(&fixture, &steps.replace('T', target));
            }
        }
    }

    fn hard_links_never_leave_the_layer(fixture: Range) {
        for steps in [
            "H h ABS/secret",
            "H h REL/secret",
            "H h ../../../../outside/secret",
            "H h /mnt/outside/secret|F h",
            "L e ABS|H h e/secret",
            "L e REL|H h e/secret",
            "L e ABS/secret|H h e|F h",
            "H h h",
            "F h|H h h",
            "H h missing",
            "H h .",
            "H h /",
            "D d|H h d",
            "F d/f|H d d/f",
            "W x|H h x",
            "H h .wh.x",
        ] {
            contain(&fixture, steps);
        }
        let message = fixture.refuse(&archive("H h ../../etc/hostname"));
        assert!(message.contains("entry h"), "{message}");
    }

    fn a_hard_link_to_a_symbolic_link_is_that_link(fixture: Range) {
        let layer = fixture.layer(&Tar::new().symlink("e", "/mnt/outside/secret").hard_link("h", "e").finish());
        assert!(layer.join("h").symlink_metadata().unwrap().is_symlink());
    }

    fn the_root_stays_a_directory(fixture: Range) {
        for name in ["/", ".", "./", "/.", "", "a/.."] {
            let directory = Tar::new().add(Header::new(b'5', name).mode(0o711), "").file("f", "");
            let layer = fixture.layer(&directory.finish());
            assert_eq!(names(&layer), ["f"]);
            for flag in [b'0', b'1', b'2', b'6'] {
                let other = Tar::new().bare(&Header::new(flag, name).link("ABS"));
                fixture.refuse(&other.finish());
            }
        }
        for name in ["..", "../", "/..", "a/../.."] {
            fixture.refuse(&Tar::new().directory(name).finish());
        }
        let upper = fixture.layer(&Tar::new().file("g", "").finish());
        assert_eq!(names(&fixture.view(&[upper])), ["g"]);
    }

    fn whiteouts_without_a_valid_name_are_refused(fixture: Range) {
        for name in [".wh.", ".wh..", ".wh...", "d/.wh..", "d/.wh...", ".wh.d/file", ".wh.a/.wh.b"] {
            let archive = Tar::new().file("d/kept", "").file(name, "");
            let message = fixture.refuse(&archive.finish());
            assert!(message.contains(name), "{message}");
        }
        let aufs = Tar::new()
            .directory(".wh..wh.plnk")
            .file(".wh..wh.plnk/1.2", "")
            .file(".wh..wh.aufs", "")
            .file("d/.wh..wh.x", "")
            .file("f", "");
        let unpacked = fixture.unpack(&aufs.finish()).unwrap();
        assert_eq!(names(&fixture.path(&unpacked)), ["f"]);
        assert!(unpacked.warnings[0].starts_with("entries left out: 4"));
    }

    fn paths_that_leave_the_root_are_contained_or_refused(fixture: Range) {
        let outside = fixture.refuse(&Tar::new().file("../../tmp/pwn", "").finish());
        assert!(outside.contains("entry ../../tmp/pwn"), "{outside}");
        for steps in [
            "F ../../../../outside/pwn",
            "L e ABS|F e/pwn",
            "H h ../../etc/hostname",
            "L e REL|D e/",
        ] {
            contain(&fixture, steps);
        }
        let replaced = fixture.layer(&Tar::new().symlink("e", "../../../outside").directory("e/").finish());
        assert!(replaced.join("e").symlink_metadata().unwrap().is_dir());
        let inside = Tar::new().directory("mnt/outside").symlink("e", "/mnt/outside").file("e/f", "");
        assert!(fixture.layer(&inside.finish()).join("mnt/outside/f").exists());
    }
}
