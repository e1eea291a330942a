//! Unpacking a blob that is still being written.

use std::fs::{self, File};
use std::io::{PipeWriter, Write};
use std::path::PathBuf;

use protocol::failure::Failure;
use protocol::work::{FromWorker, Unpacked, WorkRequest};

use crate::support::sandbox::{LIMITS, Sandbox, sandboxed};
use crate::support::tar::Tar;

/// Unpacks `blob` as a file of `size` bytes that `write` makes, which tells of it.
fn unpack_while(
    sandbox: &Sandbox,
    size: usize,
    write: impl FnOnce(File, PipeWriter) + Send,
) -> Result<Unpacked, Failure> {
    let path = sandbox.root.join("arriving");
    let file = File::create(&path).unwrap();
    let (news, teller) = std::io::pipe().unwrap();
    let request = WorkRequest::Unpack {
        diff_id: None,
        limits: LIMITS,
        arriving: Some(size as u64),
    };
    let descriptors = vec![File::open(&path).unwrap().into(), news.into()];
    let answer = std::thread::scope(|threads| {
        threads.spawn(move || write(file, teller));
        sandbox.perform(&request, descriptors)
    })?;
    match answer {
        FromWorker::Unpacked(unpacked) => Ok(unpacked),
        other => panic!("{other:?}"),
    }
}

fn staged(sandbox: &Sandbox) -> usize {
    let staging = sandbox.root.join("store/layers/.staging");
    fs::read_dir(staging).unwrap().count()
}

/// Waits until some of the file `a` lies there unpacked: only what has come can have made it.
fn await_content(sandbox: &Sandbox) {
    let staging = sandbox.root.join("store/layers/.staging");
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

sandboxed! {
    fn a_blob_is_unpacked_while_it_arrives(sandbox: Range) {
        let archive = archive();
        let expected = sandbox.unpack(&archive).unwrap();
        sandbox.remove("layers/sha256").unwrap();
        let found = unpack_while(&sandbox, archive.len(), |mut file, mut teller| {
            for (index, piece) in archive.chunks(1_500_000).enumerate() {
                file.write_all(piece).unwrap();
                teller.write_all(&[0]).unwrap();
                if index == 0 {
                    await_content(&sandbox);
                }
            }
        });
        assert_eq!(found.unwrap(), expected);
    }

    fn what_is_written_again_from_its_beginning_is_read_on_where_it_was(sandbox: Range) {
        let archive = archive();
        let expected = sandbox.unpack(&archive).unwrap();
        sandbox.remove("layers/sha256").unwrap();
        let found = unpack_while(&sandbox, archive.len(), |mut file, mut teller| {
            file.write_all(&archive[..1_500_000]).unwrap();
            teller.write_all(&[0]).unwrap();
            await_content(&sandbox);
            file.set_len(0).unwrap();
            std::io::Seek::rewind(&mut file).unwrap();
            for piece in archive.chunks(300_000) {
                file.write_all(piece).unwrap();
                teller.write_all(&[0]).unwrap();
            }
        });
        assert_eq!(found.unwrap(), expected);
    }

    fn a_blob_that_stops_coming_leaves_nothing(sandbox: Range) {
        let archive = archive();
        let failed = unpack_while(&sandbox, archive.len(), |mut file, mut teller| {
            file.write_all(&archive[..1_500_000]).unwrap();
            teller.write_all(&[0]).unwrap();
            await_content(&sandbox);
        });
        assert!(failed.unwrap_err().message.contains("given up"));
        assert_eq!(staged(&sandbox), 0);
    }

    fn more_than_its_size_is_not_read(sandbox: Range) {
        let archive = archive();
        let expected = sandbox.unpack(&archive).unwrap();
        sandbox.remove("layers/sha256").unwrap();
        let found = unpack_while(&sandbox, archive.len(), |mut file, mut teller| {
            file.write_all(&archive).unwrap();
            file.write_all(b"and more").unwrap();
            teller.write_all(&[0]).unwrap();
        });
        assert_eq!(found.unwrap(), expected);
    }
}
