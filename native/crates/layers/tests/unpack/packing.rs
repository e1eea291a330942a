//! Archives that are made from the files of a layer.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use protocol::work::{Compression, CompressionFormat, FromWorker, Packed, Unpacked, WorkRequest};

use crate::support::fixture::{Fixture, in_user_namespace};
use crate::support::tar::{Header, Tar};

/// Fills a directory with files of several blocks, links, holes and names that are not text.
fn fill(directory: &Path) {
    fs::create_dir_all(directory.join("sub")).unwrap();
    let words: Vec<u8> = (0..900_000u32)
        .flat_map(|number| format!("{} ", number.wrapping_mul(2_654_435_761)).into_bytes())
        .collect();
    fs::write(directory.join("large"), words).unwrap();
    fs::write(directory.join("sub/empty"), "").unwrap();
    fs::write(
        directory.join(std::ffi::OsStr::from_bytes(b"\xff\xfe")),
        "x",
    )
    .unwrap();
    fs::hard_link(directory.join("large"), directory.join("sub/link")).unwrap();
    std::os::unix::fs::symlink("large", directory.join("symlink")).unwrap();
    fs::set_permissions(directory.join("sub"), fs::Permissions::from_mode(0o2770)).unwrap();
    let sparse = File::create(directory.join("sparse")).unwrap();
    sparse.write_all_at(b"data", 1 << 20).unwrap();
    sparse.set_len(9 << 20).unwrap();
}

fn commit(fixture: &Fixture) -> Unpacked {
    fill(&fixture.root.join("store/upper"));
    fs::create_dir_all(fixture.root.join("store/blobs/sha256")).unwrap();
    let commit = WorkRequest::CommitLayer {
        upper: "upper".to_owned(),
        latest: Some(1_000_000_000),
        merge: false,
    };
    match fixture.perform(&commit, Vec::new()).unwrap() {
        FromWorker::Unpacked(unpacked) => unpacked,
        other => panic!("{other:?}"),
    }
}

fn pack(fixture: &Fixture, diff_id: &str, compression: Option<Compression>) -> (Packed, Vec<u8>) {
    let path = fixture.root.join("packed");
    let request = WorkRequest::Pack {
        diff_id: diff_id.to_owned(),
        compression,
    };
    let output = File::create(&path).unwrap().into();
    match fixture.perform(&request, vec![output]).unwrap() {
        FromWorker::Packed(packed) => (packed, fs::read(path).unwrap()),
        other => panic!("{other:?}"),
    }
}

fn blobs(fixture: &Fixture) -> usize {
    fs::read_dir(fixture.root.join("store/blobs/sha256"))
        .unwrap()
        .count()
}

const GZIP: Compression = Compression {
    format: CompressionFormat::Gzip,
    level: 6,
};

in_user_namespace! {
    fn a_committed_layer_makes_its_archive_again(fixture: Range) {
        let layer = commit(&fixture);
        assert_eq!(blobs(&fixture), 0);
        let (packed, archive) = pack(&fixture, &layer.diff_id, None);
        assert_eq!(packed.diff_id, layer.diff_id);
        assert_eq!(Some(packed.archive_size), layer.archive_size);
        assert_eq!((packed.digest, packed.size), (layer.diff_id.clone(), archive.len() as u64));

        // Another store unpacks the archive, and its files make the archive again.
        fs::remove_dir_all(fixture.root.join("store/layers")).unwrap();
        let unpacked = fixture.unpack(&archive).unwrap();
        assert_eq!(unpacked.diff_id, layer.diff_id);
        assert_eq!(pack(&fixture, &layer.diff_id, None).0.diff_id, layer.diff_id);
        let sparse = fixture.path(&unpacked).join("sparse").metadata().unwrap();
        assert!(sparse.blocks() * 512 < 1 << 20, "{} blocks", sparse.blocks());
    }

    fn compressed_archives_are_the_same_each_time(fixture: Range) {
        let layer = commit(&fixture);
        let (_, plain) = pack(&fixture, &layer.diff_id, None);
        for (format, level) in [
            (CompressionFormat::Gzip, 1),
            (CompressionFormat::Gzip, 6),
            (CompressionFormat::Zstd, 3),
        ] {
            let compression = Some(Compression { format, level });
            let (packed, bytes) = pack(&fixture, &layer.diff_id, compression);
            assert_eq!(packed.diff_id, layer.diff_id);
            assert_eq!(packed.size, bytes.len() as u64);
            assert!(bytes.len() < plain.len() / 2, "{} of {}", bytes.len(), plain.len());
            let mut content = Vec::new();
            match format {
                // A reader of a single member reads everything.
                CompressionFormat::Gzip => {
                    let mut decoder = flate2::read::GzDecoder::new(&bytes[..]);
                    decoder.read_to_end(&mut content).unwrap();
                }
                CompressionFormat::Zstd => {
                    content = zstd::stream::decode_all(&bytes[..]).unwrap();
                }
            }
            assert!(content == plain, "{format:?} {level}");
            assert!(pack(&fixture, &layer.diff_id, compression).1 == bytes);
        }
    }

    fn gzip_of_gnu_accepts_a_compressed_archive(fixture: Range) {
        let layer = commit(&fixture);
        pack(&fixture, &layer.diff_id, Some(GZIP));
        let status = Command::new("gzip")
            .arg("-t")
            .stdin(File::open(fixture.root.join("packed")).unwrap())
            .status()
            .unwrap();
        assert!(status.success());
    }

    fn a_layer_that_lost_owners_keeps_its_blob(fixture: Single) {
        // In this archive the file has an owner outside of the mapping.
        let archive = Tar::new()
            .add(Header::new(b'0', "large").owner(7, 7).size(1), "x")
            .finish();
        let unpacked = fixture.unpack(&archive).unwrap();
        assert!(!unpacked.owners_kept);
        assert_ne!(pack(&fixture, &unpacked.diff_id, None).0.diff_id, unpacked.diff_id);
    }

    fn a_blob_is_compressed(fixture: Range) {
        let archive = Tar::new().file("a", vec![7; 5_000_000]).finish();
        let [blob, output] = ["blob", "packed"].map(|name| fixture.root.join(name));
        fs::write(&blob, &archive).unwrap();
        let request = WorkRequest::Compress { compression: GZIP };
        let descriptors = vec![File::open(blob).unwrap().into(), File::create(&output).unwrap().into()];
        match fixture.perform(&request, descriptors).unwrap() {
            FromWorker::Packed(packed) => assert_eq!(packed.archive_size, archive.len() as u64),
            other => panic!("{other:?}"),
        }
        let mut content = Vec::new();
        let compressed = fs::read(output).unwrap();
        flate2::read::GzDecoder::new(&compressed[..]).read_to_end(&mut content).unwrap();
        assert!(content == archive);
    }
}
