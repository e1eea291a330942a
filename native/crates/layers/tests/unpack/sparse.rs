//! Files with holes in all formats of GNU.

use std::os::unix::fs::MetadataExt;
use std::process::Command;

use crate::support::fixture::in_user_namespace;
use crate::support::tar::{GNU, Header, Tar, seal};

in_user_namespace! {
    fn files_keep_their_holes_in_every_format(fixture: Range) {
        let directory = fixture.fresh("sparse");
        let file = std::fs::File::create(directory.join("file")).unwrap();
        // More segments than one header holds, and a hole at the end.
        for part in 0..60u64 {
            std::os::unix::fs::FileExt::write_at(&file, &[part as u8 + 1; 4096], part * 65536).unwrap();
        }
        file.set_len(64 << 20).unwrap();
        let expected = std::fs::read(directory.join("file")).unwrap();
        for format in [
            &["--format=gnu"][..],
            &["--format=posix", "--sparse-version=0.0"],
            &["--format=posix", "--sparse-version=0.1"],
            &["--format=posix", "--sparse-version=1.0"],
        ] {
            let output = Command::new("tar")
                .args(format)
                .args(["-S", "-c", "-C"])
                .arg(&directory)
                .arg("file")
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
            assert!(output.stdout.len() < 1 << 20);
            let layer = fixture.layer(&output.stdout);
            let stat = layer.join("file").metadata().unwrap();
            assert!(stat.blocks() * 512 < 1 << 20, "{format:?}");
            assert!(std::fs::read(layer.join("file")).unwrap() == expected, "{format:?}");
        }
    }

    fn malformed_sparse_maps_are_refused(fixture: Range) {
        let v0 = |map: &str, size: &str, data: &str| {
            Tar::new()
                .pax(&[("GNU.sparse.size", size), ("GNU.sparse.map", map)])
                .file("f", data)
                .finish()
        };
        assert!(fixture.unpack(&v0("0,1,5,1", "6", "ab")).is_ok());
        for (map, size, data) in [
            ("5,1,0,1", "6", "ab"),
            ("0,2,1,1", "6", "abc"),
            ("0,1,5,2", "6", "abc"),
            ("0,1,5,1", "6", "abc"),
            ("0,1,5", "6", "ab"),
            ("0,18446744073709551615", "6", "ab"),
            ("0,1", "18446744073709551615", "a"),
        ] {
            fixture.refuse(&v0(map, size, data));
        }
        let v1 = |data: &str| {
            let records = [
                ("GNU.sparse.major", "1"),
                ("GNU.sparse.minor", "0"),
                ("GNU.sparse.realsize", "10"),
                ("GNU.sparse.name", "f"),
            ];
            let padded = [data.as_bytes(), &vec![0; 512 - data.len()]].concat();
            Tar::new().pax(&records).file("short", padded).finish()
        };
        assert!(fixture.unpack(&v1("0\n")).is_ok());
        for map in ["", "1\n", "x\n", "1\n0\n5\n", "99999999999999999999999\n"] {
            fixture.refuse(&v1(map));
        }
        let mut block = Header::new(b'S', "f").magic(GNU).size(0).block();
        block[482] = 1;
        block[483..495].copy_from_slice(b"00000000012\0");
        seal(&mut block);
        fixture.refuse(&Tar::new().raw(block).unfinished());
    }
}
