//! Formats of names, archives and compressed streams.

use std::io::Write;

use crate::support::fixture::in_user_namespace;
use crate::support::tar::{GNU, Header, Tar};
use crate::support::tree::{self, name, names, text};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

in_user_namespace! {
    fn names_may_contain_any_bytes(fixture: Range) {
        let bytes = b"b\xff\xfe";
        for archive in [
            Tar::new().file(bytes, "x"),
            Tar::new().pax(&[(&b"path"[..], &bytes[..])]).file("short", "x"),
            Tar::new().gnu_long(b'L', bytes).add(Header::new(b'0', "s").magic(GNU), "x"),
        ] {
            let layer = fixture.layer(&archive.finish());
            assert_eq!(text(layer.join(name(bytes))), "x");
            assert_eq!(tree::describe(&layer).len(), 2);
        }
    }

    fn unusual_names_are_kept_byte_for_byte_or_refused(fixture: Range) {
        let decomposed = "e\u{301}".as_bytes();
        let composed = "\u{e9}".as_bytes();
        let long = [b'n'; 255];
        let odd: [&[u8]; 6] = [b"new\nline", b"\x01\x1b[31m", b" ", decomposed, composed, &long];
        let archive = odd.iter().fold(Tar::new(), |tar, name| {
            tar.pax(&[(&b"path"[..], *name)]).file("short", name)
        });
        let layer = fixture.layer(&archive.finish());
        for bytes in odd {
            assert_eq!(std::fs::read(layer.join(name(bytes))).unwrap(), bytes);
        }
        let deep = "d/".repeat(2047);
        let archive = Tar::new().pax(&[("path", &deep)]).directory("short");
        fixture.layer(&archive.finish());
        for refused in ["n".repeat(256), "n/".repeat(2500), format!("a\0{}", "b")] {
            let archive = Tar::new().pax(&[("path", &refused)]).file("short", "");
            fixture.refuse(&archive.finish());
        }
        fixture.refuse(&Tar::new().symlink("l", "").finish());
        let target = "t".repeat(4096);
        fixture.refuse(&Tar::new().gnu_long(b'K', target).symlink("l", "").finish());
    }

    fn zeros_behind_a_gzip_stream_are_accepted_and_other_bytes_refused(fixture: Range) {
        let archive = Tar::new().file("f", "x").finish();
        let plain = fixture.unpack(&archive).unwrap();
        let padded = [gzip(&archive), vec![0; 512]].concat();
        assert_eq!(fixture.unpack(&padded).unwrap().diff_id, plain.diff_id);
        let junk = [gzip(&archive), b"junk".to_vec()].concat();
        fixture.refuse(&junk);
        let zeros_then_junk = [gzip(&archive), vec![0; 512], b"junk".to_vec()].concat();
        fixture.refuse(&zeros_then_junk);
    }

    fn gzip_members_are_one_stream(fixture: Range) {
        let archive = Tar::new().file("one", "1").file("two", "2").finish();
        let plain = fixture.unpack(&archive).unwrap();
        for split in [1, 512, 700, 1024] {
            let (first, second) = archive.split_at(split);
            let members = [gzip(first), gzip(b""), gzip(second)].concat();
            let unpacked = fixture.unpack(&members).unwrap();
            assert_eq!(unpacked.diff_id, plain.diff_id);
        }
        assert_eq!(names(&fixture.path(&plain)), ["one", "two"]);
    }

    fn the_digest_covers_bytes_behind_the_archive(fixture: Range) {
        let archive = Tar::new().file("f", "x").finish();
        let plain = fixture.unpack(&archive).unwrap();
        let longer = [&archive[..], b"junk in the stream, odd in length"].concat();
        let unpacked = fixture.unpack(&gzip(&longer)).unwrap();
        assert_ne!(unpacked.diff_id, plain.diff_id);
        assert_eq!(names(&fixture.path(&unpacked)), ["f"]);
        assert_eq!(fixture.unpack(&longer).unwrap().diff_id, unpacked.diff_id);
    }

    fn every_compression_unpacks_to_the_same_layer(fixture: Range) {
        let archive = Tar::new().file("a/f", vec![7; 3_000_000]).symlink("l", "a/f").finish();
        let plain = fixture.unpack(&archive).unwrap();
        let zstd = zstd::encode_all(&archive[..], 3).unwrap();
        let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4], &zstd[..]].concat();
        let (first, second) = archive.split_at(1_000_000);
        let frames = [first, second].map(|part| zstd::encode_all(part, 3).unwrap()).concat();
        for blob in [gzip(&archive), zstd, skippable, frames] {
            let unpacked = fixture.unpack_as(&blob, Some(&plain.diff_id), crate::support::fixture::LIMITS);
            assert_eq!(unpacked.unwrap(), plain);
            let hex = plain.diff_id.strip_prefix("sha256:").unwrap();
            fixture.remove(&format!("layers/sha256/{hex}")).unwrap();
        }
        let xz = fixture.refuse(b"\xfd7zXZ\0\0\0");
        assert!(xz.contains("the xz stream is damaged"), "{xz}");
    }

    fn a_layer_unpacks_from_a_pipe(fixture: Range) {
        let archive = Tar::new().file("f", vec![7; 3_000_000]).finish();
        let (reader, mut writer) = std::io::pipe().unwrap();
        std::thread::scope(|threads| {
            threads.spawn(move || writer.write_all(&gzip(&archive)).unwrap());
            let limits = crate::support::fixture::LIMITS;
            let unpacked = fixture.unpack_from(reader.into(), None, limits).unwrap();
            assert_eq!(unpacked.size, 3_000_000);
        });
    }

    fn a_failure_does_not_wait_for_an_idle_pipe(fixture: Range) {
        let archive = Tar::new().file("../out", "").pax(&[("comment", "x".repeat(900_000))]);
        let (reader, mut writer) = std::io::pipe().unwrap();
        std::thread::scope(|threads| {
            let silent = threads.spawn(move || {
                // More bytes than are read ahead before the first entry is extracted.
                let _ = writer.write_all(&archive.unfinished());
                writer
            });
            let limits = crate::support::fixture::LIMITS;
            fixture.unpack_from(reader.into(), None, limits).unwrap_err();
            drop(silent.join().unwrap());
        });
    }

    fn damaged_and_truncated_layers_are_refused(fixture: Range) {
        let archive = Tar::new().file("f", vec![7; 5000]).finish();
        let zipped = gzip(&archive);
        let zstd = zstd::encode_all(&archive[..], 3).unwrap();
        for cut in [1, 100, 511, 513, 3000] {
            fixture.refuse(&archive[..cut]);
        }
        for blob in [&zipped, &zstd] {
            for cut in [3, blob.len() / 2, blob.len() - 1] {
                fixture.refuse(&blob[..cut]);
            }
        }
        let mut flipped = zipped.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0x10;
        fixture.refuse(&flipped);
        let message = fixture.refuse(b"<html>not found</html>");
        assert_eq!(message, "the layer is not a tar archive");
        let mut lone = Tar::new().file("f", "").raw([0; 512]).file("g", "").finish();
        fixture.refuse(&lone);
        lone[148] ^= 1;
        fixture.refuse(&lone);
    }

    fn a_layer_that_readers_understand_differently_is_refused(fixture: Range) {
        let gnu_and_pax = Tar::new()
            .gnu_long(b'L', "one")
            .pax(&[("path", "other")])
            .file("short", "");
        let twice = Tar::new().pax(&[("path", "a")]).pax(&[("path", "b")]).file("s", "");
        let global = Tar::new().global(&[("path", "a")]).file("s", "");
        let slash = Tar::new().file("file/", "x");
        let negative = Tar::new().bare(&Header::new(b'0', "f").size(u64::MAX));
        let unknown = Tar::new().bare(&Header::new(b'V', "volume"));
        let dangling = Tar::new().pax(&[("path", "a")]);
        for archive in [gnu_and_pax, twice, global, slash, negative, unknown, dangling] {
            fixture.refuse(&archive.finish());
        }
    }

    fn the_size_in_the_pax_header_wins(fixture: Range) {
        // With the size in the header, the hidden entry would be an entry of the archive.
        let hidden = Tar::new().file("hidden", "").unfinished();
        let archive = Tar::new()
            .pax(&[("size", &hidden.len().to_string())])
            .bare(&Header::new(b'0', "f").size(0))
            .raw(&hidden)
            .file("next", "");
        assert_eq!(names(&fixture.layer(&archive.finish())), ["f", "next"]);
    }

    fn only_files_have_data(fixture: Range) {
        let archive = Tar::new()
            .file("t", "")
            .bare(&Header::new(b'5', "d").size(512))
            .bare(&Header::new(b'2', "s").link("t").size(512))
            .bare(&Header::new(b'1', "h").link("t").size(512))
            .file("next", "");
        assert_eq!(names(&fixture.layer(&archive.finish())), ["d/", "h", "next", "s", "t"]);
    }
}
