//! What layers in the wild contain, and what a container must see of them.

use std::os::unix::fs::MetadataExt;

use protocol::failure::FailureKind;

use crate::support::sandbox::{LIMITS, sandboxed};
use crate::support::tar::{GNU, Header, Tar};
use crate::support::tree::{self, names, text};

sandboxed! {
    fn l01_a_whiteout_never_hides_its_own_layer(sandbox: Range) {
        let lower = sandbox.layer(&Tar::new().file("a/x", "old").file("a/y", "old").finish());
        for upper in [
            Tar::new().file("a/x", "new").file("a/.wh.x", "").file("a/.wh.y", ""),
            Tar::new().file("a/.wh.y", "").file("a/.wh.x", "").file("a/x", "new"),
        ] {
            let upper = sandbox.layer(&upper.finish());
            let view = sandbox.view(&[lower.clone(), upper]);
            assert_eq!(names(&view), ["a/", "a/x"]);
            assert_eq!(text(view.join("a/x")), "new");
        }
    }

    fn l01_a_directory_in_place_of_a_deleted_one_starts_empty(sandbox: Range) {
        let lower = sandbox.layer(&Tar::new().file("d/old", "").file("keep", "").finish());
        for upper in [
            Tar::new().file(".wh.d", "").directory("d/").file("d/new", ""),
            Tar::new().directory("d/").file("d/new", "").file(".wh.d", ""),
            Tar::new().file(".wh.d", "").file("d/new", ""),
            Tar::new().file("d/new", "").file(".wh.d", ""),
            Tar::new().file("d", "").directory("d/").file("d/new", ""),
        ] {
            let upper = sandbox.layer(&upper.finish());
            let view = sandbox.view(&[lower.clone(), upper]);
            assert_eq!(names(&view), ["d/", "d/new", "keep"]);
        }
    }

    fn l02_an_opaque_directory_shows_only_its_own_layer(sandbox: Range) {
        let lower = sandbox.layer(&Tar::new().file("d/old", "").file("d/sub/o", "").finish());
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
            let upper = sandbox.layer(&upper.finish());
            let view = sandbox.view(&[lower.clone(), upper]);
            assert_eq!(names(&view), ["d/", "d/new", "d/sub/", "d/sub/n"]);
        }
        let bare = Tar::new().directory("d/").file("d/.wh..wh..opq", "");
        let bare = sandbox.layer(&bare.finish());
        assert_eq!(names(&sandbox.view(&[lower, bare])), ["d/"]);
    }

    fn l02_an_opaque_root_is_refused(sandbox: Range) {
        let message = sandbox.refuse(&Tar::new().file(".wh..wh..opq", "").finish());
        assert!(message.contains("root"), "{message}");
    }

    fn l04_layers_give_the_same_tree_in_turn_and_in_parallel(sandbox: Range) {
        let archives = [
            Tar::new().file("f", "1").finish(),
            Tar::new().file(".wh.f", "").finish(),
            Tar::new().file("g", "3").finish(),
        ];
        let expected: Vec<_> = archives
            .iter()
            .map(|archive| tree::describe(&sandbox.layer(archive)))
            .collect();
        let paths = archives.each_ref().map(|archive| sandbox.layer(archive));
        for round in 0..50 {
            sandbox.remove("layers/sha256").unwrap();
            std::thread::scope(|threads| {
                for (index, archive) in archives.iter().enumerate() {
                    let blob = sandbox.root.join(format!("blob-{round}-{index}"));
                    std::fs::write(&blob, archive).unwrap();
                    let (store, mapping) = (&sandbox.store, &sandbox.mapping);
                    // Each layer twice at once: one commits, and the other finds it there.
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
        assert_eq!(names(&sandbox.view(&paths)), ["g"]);
    }

    fn l06_a_whiteout_below_what_is_no_directory_any_more_is_harmless(sandbox: Range) {
        let lower = sandbox.layer(&Tar::new().file("a/a", "").directory("b/").finish());
        for upper in [
            Tar::new().file("a/.wh.a", "").symlink("a", "b").file("b/n", "n"),
            Tar::new().symlink("a", "b").file("a/.wh.a", "").file("b/n", "n"),
        ] {
            let upper = sandbox.layer(&upper.finish());
            let view = sandbox.view(&[lower.clone(), upper]);
            assert_eq!(names(&view), ["a", "b/", "b/n"]);
            assert_eq!(std::fs::read_link(view.join("a")).unwrap().to_str(), Some("b"));
            assert_eq!(text(view.join("a/n")), "n");
        }
        let file = Tar::new().file("a", "").file("a/.wh.b", "").file("a/.wh..wh..opq", "");
        assert_eq!(names(&sandbox.layer(&file.finish())), ["a"]);
    }

    fn l08_hard_links_share_an_inode_with_an_earlier_entry(sandbox: Range) {
        let archive = Tar::new().file("d/t", "content").hard_link("l", "d/t");
        let layer = sandbox.layer(&archive.finish());
        let (one, other) = (layer.join("d/t"), layer.join("l"));
        assert_eq!(one.metadata().unwrap().ino(), other.metadata().unwrap().ino());
        assert_eq!(other.metadata().unwrap().nlink(), 2);
        assert_eq!(text(other), "content");
    }

    fn l08_hard_links_to_later_or_lower_entries_are_refused_by_name(sandbox: Range) {
        sandbox.layer(&Tar::new().file("lower", "x").finish());
        for archive in [
            Tar::new().hard_link("link", "later").file("later", "x"),
            Tar::new().hard_link("link", "lower"),
        ] {
            let message = sandbox.refuse(&archive.finish());
            assert!(message.starts_with("entry link: "), "{message}");
        }
    }

    fn l09_missing_parents_are_made(sandbox: Range) {
        let archive = Tar::new()
            .file("bin/app", "app")
            .hard_link("x/y/app", "bin/app")
            .file("p/q/f", "f");
        let layer = sandbox.layer(&archive.finish());
        assert_eq!(text(layer.join("x/y/app")), "app");
        assert_eq!(text(layer.join("p/q/f")), "f");
        for parent in ["bin", "x", "x/y", "p", "p/q"] {
            let stat = layer.join(parent).metadata().unwrap();
            assert_eq!((stat.mode(), stat.uid(), stat.gid()), (0o40755, 0, 0));
            assert_eq!(stat.mtime(), 0, "{parent} has the time of the epoch, always");
        }
    }

    fn l11_long_names_are_alike_in_all_formats(sandbox: Range) {
        let name = "n".repeat(150);
        let path = format!("{}/{}/file", "p".repeat(120), "q".repeat(104));
        let target = "t".repeat(120);
        let link = |path: &str| Header::new(b'2', path).mode(0o777);
        // A name of 150 bytes without a slash does not fit a prefix.
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
        let ustar = tree::describe(&sandbox.layer(&ustar.finish()));
        let gnu = tree::describe(&sandbox.layer(&gnu.finish()));
        assert_eq!(ustar, gnu);
        assert!(ustar.contains_key(std::path::Path::new(&name)));
        assert!(ustar.contains_key(std::path::Path::new(&path)));

        let prefixed = Tar::new().add(Header::new(b'0', "f").prefix("d".repeat(155)), "1");
        let long = format!("{}/f", "d".repeat(155));
        let gnu = Tar::new().gnu_long(b'L', &long).file("short", "1");
        assert_eq!(
            tree::describe(&sandbox.layer(&prefixed.finish())),
            tree::describe(&sandbox.layer(&gnu.finish())),
        );
    }

    fn l18_names_are_cleaned_into_the_root(sandbox: Range) {
        let archive = Tar::new()
            .file("/etc/x", "x")
            .file("./etc/y", "y")
            .file("a/../etc/z", "z")
            .file("dir//f", "f")
            .file("dir/./g", "g");
        let layer = sandbox.layer(&archive.finish());
        let wanted = ["dir/", "dir/f", "dir/g", "etc/", "etc/x", "etc/y", "etc/z"];
        assert_eq!(names(&layer), wanted);
    }

    fn l21_the_last_entry_of_a_name_wins(sandbox: Range) {
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
        let layer = sandbox.layer(&archive.finish());
        assert_eq!(names(&layer), ["dd/", "dd/kept", "dot", "ds", "fd/", "ff", "sf"]);
        assert_eq!(text(layer.join("ff")), "last");
        assert_eq!(layer.join("ff").metadata().unwrap().mode(), 0o100_644);
        assert_eq!(text(layer.join("ds")), "last");
        assert_eq!(text(layer.join("dot")), "last");
        assert_eq!(text(layer.join("sf")), "last");
        assert_eq!(layer.join("dd").metadata().unwrap().mode(), 0o40700);
    }

    fn l21_a_later_entry_through_a_replaced_directory_finds_the_new_one(sandbox: Range) {
        let archive = Tar::new()
            .file("a/b/one", "1")
            .symlink("a", "c")
            .directory("c/b")
            .file("a/b/two", "2")
            .file("c/b/three", "3");
        let layer = sandbox.layer(&archive.finish());
        assert_eq!(names(&layer), ["a", "c/", "c/b/", "c/b/three", "c/b/two"]);
    }

    fn l22_empty_layers_are_layers(sandbox: Range) {
        let zeros = sandbox.unpack(&[0; 1024]).unwrap();
        let digest = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
        assert_eq!(zeros.diff_id, digest);
        let nothing = sandbox.unpack(&[]).unwrap();
        let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(nothing.diff_id, digest);
        for layer in [zeros, nothing] {
            assert_eq!((layer.size, layer.entries), (0, 0));
            assert_eq!(names(&sandbox.path(&layer)), Vec::<String>::new());
        }
    }

    fn l26_ids_outside_the_range_are_refused_with_path_id_and_range(sandbox: Range) {
        for (uid, gid, id) in [
            (1_516_583_083, 1, "uid id 1516583083"),
            (3_000_000, 0, "uid id 3000000"),
            (0, 3_000_000, "gid id 3000000"),
        ] {
            let archive = Tar::new()
                .file("one", "")
                .add(Header::new(b'0', "home/two").owner(uid, gid), "")
                .file("three", "");
            let failure = sandbox.unpack(&archive.finish()).unwrap_err();
            assert_eq!(failure.kind, FailureKind::UnmappedId);
            assert_eq!(failure.subject.as_deref(), Some("home/two"));
            assert!(failure.message.contains(id), "{}", failure.message);
            assert!(failure.message.contains("0-65535"), "{}", failure.message);
        }
        let pax = Tar::new().pax(&[("uid", "1516583083")]).file("f", "");
        assert_eq!(sandbox.unpack(&pax.finish()).unwrap_err().kind, FailureKind::UnmappedId);
        let layers = std::fs::read_dir(sandbox.root.join("store/layers/sha256")).unwrap();
        assert_eq!(layers.count(), 0);

        let nobody = Tar::new()
            .add(Header::new(b'0', "f").owner(65534, 65534), "")
            .bare(&Header::new(b'2', "l").link("f").owner(65534, 12));
        let layer = sandbox.layer(&nobody.finish());
        let stat = layer.join("f").metadata().unwrap();
        assert_eq!((stat.uid(), stat.gid()), (65534, 65534));
        let stat = layer.join("l").symlink_metadata().unwrap();
        assert_eq!((stat.uid(), stat.gid()), (65534, 12));
    }
}
