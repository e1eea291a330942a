//! Layers as other tools write them, and the files that a container sees.

use std::os::unix::fs::MetadataExt;

use protocol::failure::FailureKind;

use crate::support::fixture::{LIMITS, in_user_namespace};
use crate::support::tar::{GNU, Header, Tar};
use crate::support::tree::{self, names, text};

in_user_namespace! {
    fn a_whiteout_never_hides_an_entry_of_its_own_layer(fixture: Range) {
        let lower = fixture.layer(&Tar::new().file("a/x", "old").file("a/y", "old").finish());
        for upper in [
            Tar::new().file("a/x", "new").file("a/.wh.x", "").file("a/.wh.y", ""),
            Tar::new().file("a/.wh.y", "").file("a/.wh.x", "").file("a/x", "new"),
        ] {
            let upper = fixture.layer(&upper.finish());
            let view = fixture.view(&[lower.clone(), upper]);
            assert_eq!(names(&view), ["a/", "a/x"]);
            assert_eq!(text(view.join("a/x")), "new");
        }
    }

    fn a_directory_that_replaces_a_deleted_one_starts_empty(fixture: Range) {
        let lower = fixture.layer(&Tar::new().file("d/old", "").file("keep", "").finish());
        for upper in [
            Tar::new().file(".wh.d", "").directory("d/").file("d/new", ""),
            Tar::new().directory("d/").file("d/new", "").file(".wh.d", ""),
            Tar::new().file(".wh.d", "").file("d/new", ""),
            Tar::new().file("d/new", "").file(".wh.d", ""),
            Tar::new().file("d", "").directory("d/").file("d/new", ""),
        ] {
            let upper = fixture.layer(&upper.finish());
            let view = fixture.view(&[lower.clone(), upper]);
            assert_eq!(names(&view), ["d/", "d/new", "keep"]);
        }
    }

    fn an_opaque_directory_shows_only_its_own_layer(fixture: Range) {
        let lower = fixture.layer(&Tar::new().file("d/old", "").file("d/sub/o", "").finish());
        let last = Tar::new()
            .directory("d/")
            .file("d/new", "")
            .directory("d/sub/")
            .file("d/sub/n", "")
            .file("d/.wh..wh..opq", "");
        let first = Tar::new()
            .file("d/.wh..wh..opq", "")
            .directory("d/")
            .file("d/new", "")
            .file("d/sub/n", "");
        for upper in [last, first] {
            let upper = fixture.layer(&upper.finish());
            let view = fixture.view(&[lower.clone(), upper]);
            assert_eq!(names(&view), ["d/", "d/new", "d/sub/", "d/sub/n"]);
        }
        let bare = Tar::new().directory("d/").file("d/.wh..wh..opq", "");
        let bare = fixture.layer(&bare.finish());
        assert_eq!(names(&fixture.view(&[lower, bare])), ["d/"]);
    }

    fn an_opaque_root_is_refused(fixture: Range) {
        let message = fixture.refuse(&Tar::new().file(".wh..wh..opq", "").finish());
        assert!(message.contains("root"), "{message}");
    }

    fn layers_unpack_to_the_same_trees_in_sequence_and_in_parallel(fixture: Range) {
        let archives = [
            Tar::new().file("f", "1").finish(),
            Tar::new().file(".wh.f", "").finish(),
            Tar::new().file("g", "3").finish(),
        ];
        let expected: Vec<_> = archives
            .iter()
            .map(|archive| tree::describe(&fixture.layer(archive)))
            .collect();
        let paths = archives.each_ref().map(|archive| fixture.layer(archive));
        for round in 0..50 {
            fixture.remove("layers/sha256").unwrap();
            std::thread::scope(|threads| {
                for (index, archive) in archives.iter().enumerate() {
                    let blob = fixture.root.join(format!("blob-{round}-{index}"));
                    std::fs::write(&blob, archive).unwrap();
                    let (store, mapping) = (&fixture.store, &fixture.mapping);
                    // Each layer is unpacked twice at once: one commits it, and the other finds it.
                    for _ in 0..2 {
                        let blob = std::fs::File::open(&blob).unwrap();
                        let request = protocol::work::WorkRequest::Unpack {
                            diff_id: None,
                            limits: LIMITS,
                            arriving: None,
                        };
                        threads.spawn(move || {
                            let store = std::os::fd::AsFd::as_fd(store);
                            let blobs = vec![blob.into()];
                            layers::requests::handle(store, &request, blobs, mapping, &mut |_| {})
                                .unwrap();
                        });
                    }
                }
            });
            for (path, expected) in paths.iter().zip(&expected) {
                assert_eq!(&tree::describe(path), expected);
            }
        }
        assert_eq!(names(&fixture.view(&paths)), ["g"]);
    }

    fn a_whiteout_below_a_replaced_directory_has_no_effect(fixture: Range) {
        let lower = fixture.layer(&Tar::new().file("a/a", "").directory("b/").finish());
        for upper in [
            Tar::new().file("a/.wh.a", "").symlink("a", "b").file("b/n", "n"),
            Tar::new().symlink("a", "b").file("a/.wh.a", "").file("b/n", "n"),
        ] {
            let upper = fixture.layer(&upper.finish());
            let view = fixture.view(&[lower.clone(), upper]);
            assert_eq!(names(&view), ["a", "b/", "b/n"]);
            assert_eq!(std::fs::read_link(view.join("a")).unwrap().to_str(), Some("b"));
            assert_eq!(text(view.join("a/n")), "n");
        }
        let file = Tar::new().file("a", "").file("a/.wh.b", "").file("a/.wh..wh..opq", "");
        assert_eq!(names(&fixture.layer(&file.finish())), ["a"]);
    }

    fn hard_links_share_an_inode_with_an_earlier_entry(fixture: Range) {
        let archive = Tar::new().file("d/t", "content").hard_link("l", "d/t");
        let layer = fixture.layer(&archive.finish());
        let (one, other) = (layer.join("d/t"), layer.join("l"));
        assert_eq!(one.metadata().unwrap().ino(), other.metadata().unwrap().ino());
        assert_eq!(other.metadata().unwrap().nlink(), 2);
        assert_eq!(text(other), "content");
    }

    fn hard_links_to_later_entries_or_lower_layers_are_refused_by_name(fixture: Range) {
        fixture.layer(&Tar::new().file("lower", "x").finish());
        for archive in [
            Tar::new().hard_link("link", "later").file("later", "x"),
            Tar::new().hard_link("link", "lower"),
        ] {
            let message = fixture.refuse(&archive.finish());
            assert!(message.starts_with("entry link: "), "{message}");
        }
    }

    fn missing_parents_are_created(fixture: Range) {
        let archive = Tar::new()
            .file("bin/app", "app")
            .hard_link("x/y/app", "bin/app")
            .file("p/q/f", "f");
        let layer = fixture.layer(&archive.finish());
        assert_eq!(text(layer.join("x/y/app")), "app");
        assert_eq!(text(layer.join("p/q/f")), "f");
        for parent in ["bin", "x", "x/y", "p", "p/q"] {
            let stat = layer.join(parent).metadata().unwrap();
            assert_eq!((stat.mode(), stat.uid(), stat.gid()), (0o40755, 0, 0));
            assert_eq!(stat.mtime(), 0, "{parent} has the time of the epoch, always");
        }
    }

    fn long_names_are_equal_in_all_formats(fixture: Range) {
        let name = "n".repeat(150);
        let path = format!("{}/{}/file", "p".repeat(120), "q".repeat(104));
        let target = "t".repeat(120);
        let link = |path: &str| Header::new(b'2', path).mode(0o777);
        // A prefix cannot hold a part of a name of 150 bytes without a slash.
        let split = path.rfind('/').unwrap();
        let ustar = Tar::new()
            .global(&[("comment", "ignored")])
            .pax(&[("path", &name)])
            .file("short", "1")
            .pax(&[("path", &path)])
            .add(Header::new(b'0', &path[split + 1..]), "2")
            .pax(&[("linkpath", &target)])
            .bare(&link("link"));
        let gnu = Tar::new()
            .gnu_long(b'L', &name)
            .add(Header::new(b'0', "short").magic(GNU), "1")
            .gnu_long(b'L', &path)
            .add(Header::new(b'0', "short").magic(GNU), "2")
            .gnu_long(b'K', &target)
            .bare(&link("link").magic(GNU));
        let ustar = tree::describe(&fixture.layer(&ustar.finish()));
        let gnu = tree::describe(&fixture.layer(&gnu.finish()));
        assert_eq!(ustar, gnu);
        assert!(ustar.contains_key(std::path::Path::new(&name)));
        assert!(ustar.contains_key(std::path::Path::new(&path)));

        let prefixed = Tar::new().add(Header::new(b'0', "f").prefix("d".repeat(155)), "1");
        let long = format!("{}/f", "d".repeat(155));
        let gnu = Tar::new().gnu_long(b'L', &long).file("short", "1");
        assert_eq!(
            tree::describe(&fixture.layer(&prefixed.finish())),
            tree::describe(&fixture.layer(&gnu.finish())),
        );
    }

    fn names_are_cleaned_and_stay_in_the_root(fixture: Range) {
        let archive = Tar::new()
            .file("/etc/x", "x")
            .file("./etc/y", "y")
            .file("a/../etc/z", "z")
            .file("dir//f", "f")
            .file("dir/./g", "g");
        let layer = fixture.layer(&archive.finish());
        let wanted = ["dir/", "dir/f", "dir/g", "etc/", "etc/x", "etc/y", "etc/z"];
        assert_eq!(names(&layer), wanted);
    }

    fn the_last_entry_of_a_name_wins(fixture: Range) {
        let archive = Tar::new()
            .add(Header::new(b'0', "ff").mode(0o600), "the first, longer one")
            .file("ff", "last")
            .file("fd", "x")
            .directory("fd")
            .directory("ds")
            .file("ds/child", "x")
            .symlink("ds", "ff")
            .file("./dot", "first")
            .file("dot", "last")
            .symlink("sf", "ff")
            .file("sf", "last")
            .directory("dd")
            .file("dd/kept", "")
            .bare(&Header::new(b'5', "dd").mode(0o700));
        let layer = fixture.layer(&archive.finish());
        assert_eq!(names(&layer), ["dd/", "dd/kept", "dot", "ds", "fd/", "ff", "sf"]);
        assert_eq!(text(layer.join("ff")), "last");
        assert_eq!(layer.join("ff").metadata().unwrap().mode(), 0o100_644);
        assert_eq!(text(layer.join("ds")), "last");
        assert_eq!(text(layer.join("dot")), "last");
        assert_eq!(text(layer.join("sf")), "last");
        assert_eq!(layer.join("dd").metadata().unwrap().mode(), 0o40700);
    }

    fn a_path_through_a_replaced_directory_leads_to_the_new_one(fixture: Range) {
        let archive = Tar::new()
            .file("a/b/one", "1")
            .symlink("a", "c")
            .directory("c/b")
            .file("a/b/two", "2")
            .file("c/b/three", "3");
        let layer = fixture.layer(&archive.finish());
        assert_eq!(names(&layer), ["a", "c/", "c/b/", "c/b/three", "c/b/two"]);
    }

    fn empty_archives_are_valid_layers(fixture: Range) {
        let zeros = fixture.unpack(&[0; 1024]).unwrap();
        let digest = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
        assert_eq!(zeros.diff_id, digest);
        let nothing = fixture.unpack(&[]).unwrap();
        let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(nothing.diff_id, digest);
        for layer in [zeros, nothing] {
            assert_eq!((layer.size, layer.entries), (0, 0));
            assert_eq!(names(&fixture.path(&layer)), Vec::<String>::new());
        }
    }

    fn ids_outside_the_range_are_refused_with_path_id_and_range(fixture: Range) {
        for (uid, gid, id) in [
            (1_516_583_083, 1, "uid id 1516583083"),
            (3_000_000, 0, "uid id 3000000"),
            (0, 3_000_000, "gid id 3000000"),
        ] {
            let archive = Tar::new()
                .file("one", "")
                .add(Header::new(b'0', "home/two").owner(uid, gid), "")
                .file("three", "");
            let failure = fixture.unpack(&archive.finish()).unwrap_err();
            assert_eq!(failure.kind, FailureKind::UnmappedId);
            assert_eq!(failure.subject.as_deref(), Some("home/two"));
            assert!(failure.message.contains(id), "{}", failure.message);
            assert!(failure.message.contains("0-65535"), "{}", failure.message);
        }
        let pax = Tar::new().pax(&[("uid", "1516583083")]).file("f", "");
        assert_eq!(fixture.unpack(&pax.finish()).unwrap_err().kind, FailureKind::UnmappedId);
        let layers = std::fs::read_dir(fixture.root.join("store/layers/sha256")).unwrap();
        assert_eq!(layers.count(), 0);

        let nobody = Tar::new()
            .add(Header::new(b'0', "f").owner(65534, 65534), "")
            .bare(&Header::new(b'2', "l").link("f").owner(65534, 12));
        let layer = fixture.layer(&nobody.finish());
        let stat = layer.join("f").metadata().unwrap();
        assert_eq!((stat.uid(), stat.gid()), (65534, 65534));
        let stat = layer.join("l").symlink_metadata().unwrap();
        assert_eq!((stat.uid(), stat.gid()), (65534, 12));
    }
}
