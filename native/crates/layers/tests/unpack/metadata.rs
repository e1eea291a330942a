//! Modes, owners, attributes, times and special files.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use protocol::failure::FailureKind;

use crate::support::fixture::in_user_namespace;
use crate::support::tar::{Header, Tar};
use crate::support::tree::{attribute, names, text};

/// The attribute for `cap_net_raw`, permitted and effective, in version 2 of the kernel's format.
const CAPABILITY: [u8; 20] = [
    1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

in_user_namespace! {
    fn devices_are_skipped_and_fifos_created(fixture: Range) {
        let archive = Tar::new()
            .bare(&Header::new(b'3', "dev/null").device(1, 3))
            .bare(&Header::new(b'4', "dev/sda").device(8, 0))
            .bare(&Header::new(b'3', "dev/whiteout").device(0, 0))
            .bare(&Header::new(b'6', "dev/fifo").mode(0o620).owner(5, 6))
            .hard_link("dev/zero", "dev/null")
            .hard_link("dev/link-of-link", "dev/zero")
            .file("dev/file", "");
        let unpacked = fixture.unpack(&archive.finish()).unwrap();
        assert_eq!(unpacked.warnings.len(), 1, "{:?}", unpacked.warnings);
        assert!(unpacked.warnings[0].contains("devices left out: 5 (dev/null, …)"));
        let layer = fixture.path(&unpacked);
        assert_eq!(names(&layer), ["dev/", "dev/fifo", "dev/file"]);
        let fifo = layer.join("dev/fifo").metadata().unwrap();
        assert!(fifo.file_type().is_fifo());
        assert_eq!((fifo.mode() & 0o7777, fifo.uid(), fifo.gid()), (0o620, 5, 6));
        assert_eq!(fifo.mtime(), 1_700_000_000);
    }

    fn set_id_bits_and_capabilities_survive_the_change_of_owner(fixture: Range) {
        let archive = Tar::new()
            .add(Header::new(b'0', "setuid").mode(0o4755).owner(1, 1), "x")
            .pax(&[("SCHILY.xattr.security.capability", &CAPABILITY[..])])
            .add(Header::new(b'0', "capable").mode(0o755).owner(0, 7), "x")
            .bare(&Header::new(b'5', "setgid").mode(0o2755).owner(0, 42))
            .bare(&Header::new(b'5', "sticky").mode(0o1777))
            .file("setgid/file", "")
            .directory("setgid/sub");
        let layer = fixture.layer(&archive.finish());
        let mode = |name: &str| layer.join(name).metadata().unwrap().mode() & 0o7777;
        assert_eq!(mode("setuid"), 0o4755);
        assert_eq!(mode("setgid"), 0o2755);
        assert_eq!(mode("sticky"), 0o1777);
        assert_eq!(mode("setgid/sub"), 0o755);
        assert_eq!(layer.join("setuid").metadata().unwrap().uid(), 1);
        assert_eq!(layer.join("setgid").metadata().unwrap().gid(), 42);
        assert_eq!(layer.join("setgid/file").metadata().unwrap().gid(), 0);
        assert_eq!(layer.join("setgid/sub").metadata().unwrap().gid(), 0);
        let view = fixture.view(&[layer]);
        let value = attribute(&view.join("capable"), "security.capability").unwrap();
        assert_eq!(value, CAPABILITY);
    }

    fn an_archive_cannot_set_attributes_of_overlayfs(fixture: Range) {
        let records = [
            ("SCHILY.xattr.user.overlay.opaque", "y"),
            ("SCHILY.xattr.user.overlay.redirect", "/outside"),
            ("SCHILY.xattr.trusted.overlay.opaque", "y"),
            ("SCHILY.xattr.user.tbox.owner", "0:0"),
            ("SCHILY.xattr.user.kept", "value"),
        ];
        let archive = Tar::new()
            .pax(&records)
            .directory("d")
            .pax(&records)
            .file("f", "")
            .pax(&records)
            .symlink("l", "f")
            .pax(&records)
            .directory("./");
        let unpacked = fixture.unpack(&archive.finish()).unwrap();
        let layer = fixture.path(&unpacked);
        for name in ["d", "f", "."] {
            let path = layer.join(name);
            assert_eq!(attribute(&path, "user.kept").as_deref(), Some(&b"value"[..]));
            for reserved in ["user.overlay.opaque", "user.overlay.redirect", "user.tbox.owner"] {
                assert_eq!(attribute(&path, reserved), None, "{name}");
            }
        }
        assert_eq!(unpacked.warnings.len(), 2, "{:?}", unpacked.warnings);
        assert!(unpacked.warnings[0].starts_with("attributes left out: 16 (d, …)"));
        let lower = fixture.layer(&Tar::new().file("d/lower", "").finish());
        assert!(fixture.view(&[lower, layer]).join("d/lower").exists());
    }

    fn capabilities_of_another_namespaces_root_are_skipped(fixture: Range) {
        let mut foreign = CAPABILITY.to_vec();
        foreign[3] = 3;
        foreign.extend_from_slice(&4_000_000u32.to_le_bytes());
        let archive = Tar::new()
            .pax(&[("SCHILY.xattr.security.capability", &foreign[..])])
            .file("f", "x");
        let unpacked = fixture.unpack(&archive.finish()).unwrap();
        assert!(unpacked.warnings[0].starts_with("attributes not set: 1 (f)"));
    }

    fn attributes_too_large_for_the_kernel_are_refused_by_name(fixture: Range) {
        let large = vec![b'x'; 100_000];
        let archive = Tar::new().pax(&[("SCHILY.xattr.user.large", &large)]).file("f", "");
        let message = fixture.refuse(&archive.finish());
        assert!(message.contains("entry f: ") && message.contains("user.large"), "{message}");
    }

    fn entries_do_not_inherit_default_access_control_lists(fixture: Range) {
        // The kernel's format, version 2: owner rwx, group r-x, others ---.
        let mut list = vec![2, 0, 0, 0];
        for (tag, permissions) in [(1u16, 7u16), (4, 5), (0x20, 0)] {
            list.extend_from_slice(&tag.to_le_bytes());
            list.extend_from_slice(&permissions.to_le_bytes());
            list.extend_from_slice(&[0xff; 4]);
        }
        let archive = Tar::new()
            .pax(&[("SCHILY.xattr.system.posix_acl_default", &list)])
            .directory("d")
            .directory("d/sub")
            .file("d/f", "");
        let layer = fixture.layer(&archive.finish());
        assert!(attribute(&layer.join("d"), "system.posix_acl_default").is_some());
        assert_eq!(attribute(&layer.join("d/sub"), "system.posix_acl_default"), None);
        assert_eq!(layer.join("d/f").metadata().unwrap().mode(), 0o100_644);
        assert_eq!(layer.join("d").metadata().unwrap().mtime(), 1_700_000_000);
    }

    fn times_are_kept_also_those_of_filled_directories(fixture: Range) {
        let archive = Tar::new()
            .bare(&Header::new(b'5', "d").modified(1_000_000_000))
            .add(Header::new(b'0', "d/past").modified(-1_000_000_000), "")
            .add(Header::new(b'0', "d/epoch").modified(0), "")
            .bare(&Header::new(b'5', "d/e").modified(1_100_000_000))
            .add(Header::new(b'0', "d/future").modified(16_725_225_600), "")
            .pax(&[("mtime", "1700000000.123456789")])
            .file("d/e/exact", "")
            .pax(&[("mtime", "1600000000.5")])
            .symlink("d/link", "exact")
            .file("d/.wh.gone", "")
            .pax(&[("mtime", "99999999999999999999")])
            .file("absurd", "")
            .pax(&[("mtime", "-99999999999999999999.5")])
            .file("absurd2", "")
            .bare(&Header::new(b'5', ".").modified(1_200_000_000));
        let layer = fixture.layer(&archive.finish());
        let time = |name: &str| {
            let stat = layer.join(name).symlink_metadata().unwrap();
            (stat.mtime(), stat.mtime_nsec())
        };
        assert_eq!(time("d"), (1_000_000_000, 0));
        assert_eq!(time("d/e"), (1_100_000_000, 0));
        assert_eq!(time("d/past"), (-1_000_000_000, 0));
        assert_eq!(time("d/epoch"), (0, 0));
        assert_eq!(time("d/future"), (16_725_225_600, 0));
        assert_eq!(time("d/e/exact"), (1_700_000_000, 123_456_789));
        assert_eq!(time("d/link"), (1_600_000_000, 500_000_000));
        assert_eq!(time("."), (1_200_000_000, 0));
    }

    fn unpacking_twice_creates_the_same_tree(fixture: Range) {
        let archive = Tar::new()
            .file("a/b/c", "")
            .directory("a/")
            .symlink("l", "a")
            .file("l/through", "")
            .file(".wh.gone", "")
            .finish();
        let unpacked = fixture.unpack(&archive).unwrap();
        let layer = fixture.path(&unpacked);
        let first = crate::support::tree::describe(&layer);
        let hex = unpacked.diff_id.strip_prefix("sha256:").unwrap();
        fixture.remove(&format!("layers/sha256/{hex}")).unwrap();
        fixture.unpack(&archive).unwrap();
        assert_eq!(crate::support::tree::describe(&layer), first);
    }

    fn other_users_cannot_reach_set_id_files_of_layers(fixture: Range) {
        let archive = Tar::new().add(Header::new(b'0', "su").mode(0o6755), "x");
        fixture.layer(&archive.finish());
        for directory in ["layers", "layers/sha256", "layers/.staging"] {
            let stat = fixture.root.join("store").join(directory).metadata().unwrap();
            assert_eq!(stat.mode() & 0o7777, 0o700, "{directory}");
        }
    }

    fn a_layer_in_the_store_is_described_and_not_unpacked_again(fixture: Range) {
        let archive = Tar::new().file("f", "12345").directory("d").finish();
        let first = fixture.unpack(&archive).unwrap();
        assert_eq!((first.size, first.entries), (5, 2));
        let again = fixture
            .unpack_as(&archive, Some(&first.diff_id), crate::support::fixture::LIMITS)
            .unwrap();
        assert_eq!(again, first);
        assert_eq!(text(fixture.path(&first).join("f")), "12345");
        assert_eq!(fs::read_dir(fixture.root.join("store/layers/.staging")).unwrap().count(), 0);
    }

    fn a_wrong_diff_id_is_refused_with_both_digests(fixture: Range) {
        let wanted = format!("sha256:{}", "0".repeat(64));
        let archive = Tar::new().file("f", "").finish();
        let limits = crate::support::fixture::LIMITS;
        let failure = fixture.unpack_as(&archive, Some(&wanted), limits).unwrap_err();
        assert_eq!(failure.kind, FailureKind::DigestMismatch);
        let actual = fixture.unpack(&archive).unwrap().diff_id;
        assert!(failure.message.contains(&wanted) && failure.message.contains(&actual));
        for malformed in ["sha256:xyz", "sha512:00", "../../outside"] {
            let failure = fixture.unpack_as(&archive, Some(malformed), limits).unwrap_err();
            assert_eq!(failure.kind, FailureKind::InvalidArgument);
        }
    }
}
