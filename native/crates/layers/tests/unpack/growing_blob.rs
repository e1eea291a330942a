//! Unpacking a blob during its download.

use std::fs::{self, File};
use std::io::{PipeWriter, Write};
use std::path::PathBuf;

use protocol::failure::Failure;
use protocol::work::{FromWorker, Unpacked, WorkRequest};

use crate::support::fixture::{Fixture, LIMITS, in_user_namespace};
use crate::support::tar::Tar;

/// Unpacks a file of `size` bytes while `write` writes it and reports its growth.
fn unpack_while(
    fixture: &Fixture,
    size: usize,
    write: impl FnOnce(File, PipeWriter) + Send,
) -> Result<Unpacked, Failure> {
    let path = fixture.root.join("arriving");
    let file = File::create(&path).unwrap();
    let (growth, reporter) = std::io::pipe().unwrap();
    let request = WorkRequest::Unpack {
        diff_id: None,
        limits: LIMITS,
        arriving: Some(size as u64),
    };
    let descriptors = vec![File::open(&path).unwrap().into(), growth.into()];
    let answer = std::thread::scope(|threads| {
        threads.spawn(move || write(file, reporter));
        fixture.perform(&request, descriptors)
    })?;
    match answer {
        FromWorker::Unpacked(unpacked) => Ok(unpacked),
        other => panic!("{other:?}"),
    }
}

/// Returns the number of staging directories.
fn staged(fixture: &Fixture) -> usize {
    let staging = fixture.root.join("store/layers/.staging");
    fs::read_dir(staging).unwrap().count()
}

/// Waits until a part of the file `a` is unpacked.
fn await_content(fixture: &Fixture) {
    let staging = fixture.root.join("store/layers/.staging");
    let length = |path: PathBuf| path.metadata().map_or(0, |file| file.len());
    let begun = || {
        fs::read_dir(&staging)
            .is_ok_and(|mut trees| trees.any(|tree| length(tree.unwrap().path().join("a")) > 0))
    };
    while !begun() {
        std::thread::yield_now();
    }
}

fn archive() -> Vec<u8> {
    let content: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    Tar::new().file("a", content).file("b", "end").finish()
}

in_user_namespace! {
    fn a_blob_is_unpacked_while_it_is_downloaded(fixture: Range) {
        let archive = archive();
        let expected = fixture.unpack(&archive).unwrap();
        fixture.remove("layers/sha256").unwrap();
        let found = unpack_while(&fixture, archive.len(), |mut file, mut reporter| {
            for (index, piece) in archive.chunks(1_500_000).enumerate() {
                file.write_all(piece).unwrap();
                reporter.write_all(&[0]).unwrap();
                if index == 0 {
                    await_content(&fixture);
                }
            }
        });
        assert_eq!(found.unwrap(), expected);
    }

    fn a_download_that_restarts_is_read_on_from_the_same_position(fixture: Range) {
        let archive = archive();
        let expected = fixture.unpack(&archive).unwrap();
        fixture.remove("layers/sha256").unwrap();
        let found = unpack_while(&fixture, archive.len(), |mut file, mut reporter| {
            file.write_all(&archive[..1_500_000]).unwrap();
            reporter.write_all(&[0]).unwrap();
            await_content(&fixture);
            file.set_len(0).unwrap();
            std::io::Seek::rewind(&mut file).unwrap();
            for piece in archive.chunks(300_000) {
                file.write_all(piece).unwrap();
                reporter.write_all(&[0]).unwrap();
            }
        });
        assert_eq!(found.unwrap(), expected);
    }

    fn a_download_that_stops_leaves_nothing_behind(fixture: Range) {
        let archive = archive();
        let failed = unpack_while(&fixture, archive.len(), |mut file, mut reporter| {
            file.write_all(&archive[..1_500_000]).unwrap();
            reporter.write_all(&[0]).unwrap();
            await_content(&fixture);
        });
        assert!(failed.unwrap_err().message.contains("cancelled"));
        assert_eq!(staged(&fixture), 0);
    }

    fn bytes_beyond_the_size_of_the_blob_are_not_read(fixture: Range) {
        let archive = archive();
        let expected = fixture.unpack(&archive).unwrap();
        fixture.remove("layers/sha256").unwrap();
        let found = unpack_while(&fixture, archive.len(), |mut file, mut reporter| {
            file.write_all(&archive).unwrap();
            file.write_all(b"and more").unwrap();
            reporter.write_all(&[0]).unwrap();
        });
        assert_eq!(found.unwrap(), expected);
    }
}
