//! Archives that try to reach what lies outside their layer.

use protocol::failure::FailureKind;

use crate::support::sandbox::{Sandbox, sandboxed};
use crate::support::tar::{Header, Tar};
use crate::support::tree::names;

/// `L name target`, `F name`, `D name`, `H name target`, `W name` (a whiteout), `O name` (a marker of
/// an opaque directory), `P name` (a fifo); `ABS` and `REL` lead to the outside.
fn archive(steps: &str) -> Vec<u8> {
    let mut tar = Tar::new();
    for step in steps.split('|') {
        let step = step
            .replace("ABS", "/mnt/outside")
            .replace("REL", "../../../../outside");
        let words: Vec<&str> = step.split_whitespace().collect();
        let odd = |flag, name: &str| {
            let header = Header::new(flag, name).mode(0o6777).owner(7, 8);
            header.modified(99)
        };
        tar = match words[..] {
            ["L", name, target] => tar.bare(&odd(b'2', name).link(target)),
            ["H", name, target] => tar.bare(&odd(b'1', name).link(target)),
            ["F", name] => tar
                .pax(&[("SCHILY.xattr.user.pwned", "yes")])
                .add(odd(b'0', name), "pwned"),
            ["D", name] => tar
                .pax(&[("SCHILY.xattr.user.pwned", "yes")])
                .bare(&odd(b'5', name)),
            ["P", name] => tar.bare(&odd(b'6', name)),
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

/// Inside or refused, but never outside; then the layer is used and removed.
fn contain(sandbox: &Sandbox, steps: &str) {
    sandbox.guarding(steps, || match sandbox.unpack(&archive(steps)) {
        Ok(unpacked) => {
            let path = sandbox.path(&unpacked);
            assert!(path.symlink_metadata().unwrap().is_dir(), "{steps}");
            let seen = format!("{:?}", crate::support::tree::describe(&path));
            assert!(!seen.contains("of the host"), "{steps}");
            sandbox.view(&[path]);
            let hex = unpacked.diff_id.strip_prefix("sha256:").unwrap();
            sandbox.remove(&format!("layers/sha256/{hex}")).unwrap();
        }
        Err(failure) => assert_eq!(
            failure.kind,
            FailureKind::InvalidImage,
            "{steps}: {failure:?}"
        ),
    });
}

sandboxed! {
    fn a1_nothing_is_written_through_a_link(sandbox: Range) {
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
                contain(&sandbox, &steps.replace('T', target));
            }
        }
    }

    fn a2_no_attribute_is_changed_through_a_link(sandbox: Range) {
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
                contain(&sandbox, &steps.replace('T', target));
            }
        }
    }

    fn a3_hard_links_never_leave_the_layer(sandbox: Range) {
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
            contain(&sandbox, steps);
        }
        let message = sandbox.refuse(&archive("H h ../../etc/hostname"));
        assert!(message.contains("entry h"), "{message}");
    }

    fn a3_a_hard_link_to_a_link_is_the_link(sandbox: Range) {
        let layer = sandbox.layer(&Tar::new().symlink("e", "/mnt/outside/secret").hard_link("h", "e").finish());
        assert!(layer.join("h").symlink_metadata().unwrap().is_symlink());
    }

    fn a4_the_root_stays_a_directory(sandbox: Range) {
        for name in ["/", ".", "./", "/.", "", "a/.."] {
            let directory = Tar::new().add(Header::new(b'5', name).mode(0o711), "").file("f", "");
            let layer = sandbox.layer(&directory.finish());
            assert_eq!(names(&layer), ["f"]);
            for flag in [b'0', b'1', b'2', b'6'] {
                let other = Tar::new().bare(&Header::new(flag, name).link("ABS"));
                sandbox.refuse(&other.finish());
            }
        }
        for name in ["..", "../", "/..", "a/../.."] {
            sandbox.refuse(&Tar::new().directory(name).finish());
        }
        let upper = sandbox.layer(&Tar::new().file("g", "").finish());
        assert_eq!(names(&sandbox.view(&[upper])), ["g"]);
    }

    fn a5_whiteouts_of_nothing_sensible_are_refused(sandbox: Range) {
        for name in [".wh.", ".wh..", ".wh...", "d/.wh..", "d/.wh...", ".wh.d/file", ".wh.a/.wh.b"] {
            let archive = Tar::new().file("d/kept", "").file(name, "");
            let message = sandbox.refuse(&archive.finish());
            assert!(message.contains(name), "{message}");
        }
        let aufs = Tar::new()
            .directory(".wh..wh.plnk")
            .file(".wh..wh.plnk/1.2", "")
            .file(".wh..wh.aufs", "")
            .file("d/.wh..wh.x", "")
            .file("f", "");
        let unpacked = sandbox.unpack(&aufs.finish()).unwrap();
        assert_eq!(names(&sandbox.path(&unpacked)), ["f"]);
        assert!(unpacked.warnings[0].starts_with("entries left out: 4"));
    }

    fn l19_escapes_are_contained_or_refused(sandbox: Range) {
        let outside = sandbox.refuse(&Tar::new().file("../../tmp/pwn", "").finish());
        assert!(outside.contains("entry ../../tmp/pwn"), "{outside}");
        for steps in [
            "F ../../../../outside/pwn",
            "L e ABS|F e/pwn",
            "H h ../../etc/hostname",
            "L e REL|D e/",
        ] {
            contain(&sandbox, steps);
        }
        let replaced = sandbox.layer(&Tar::new().symlink("e", "../../../outside").directory("e/").finish());
        assert!(replaced.join("e").symlink_metadata().unwrap().is_dir());
        let inside = Tar::new().directory("mnt/outside").symlink("e", "/mnt/outside").file("e/f", "");
        assert!(sandbox.layer(&inside.finish()).join("mnt/outside/f").exists());
    }
}
