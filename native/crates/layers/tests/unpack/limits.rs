//! Archives that exhaust the disk or the memory.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use protocol::failure::FailureKind;
use protocol::work::UnpackLimits;

use crate::support::fixture::{Fixture, LIMITS, in_user_namespace};
use crate::support::tar::{GNU, Header, Tar, seal};

const MIB: u64 = 1 << 20;

/// Resets the process's peak of resident memory.
fn reset_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// Returns the process's peak of resident memory, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        * 1024
}

/// Unpacks a blob that must fail at a limit, within a second and with little memory.
fn stop(fixture: &Fixture, blob: &[u8], limits: UnpackLimits) {
    reset_peak();
    let before = peak();
    let started = Instant::now();
    let failure = fixture.unpack_as(blob, None, limits).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Exhausted, "{failure:?}");
    assert!(failure.message.contains("limit"), "{failure:?}");
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
    let grown = peak() - before;
    assert!(grown < 64 * MIB, "{} MiB more", grown / MIB);
}

fn zeros_in_a_file(size: u64, mut writer: impl Write) {
    let header = Header::new(b'0', "zeros").size(size).block();
    writer.write_all(&header).unwrap();
    let piece = vec![0; MIB as usize];
    for _ in 0..size / MIB {
        writer.write_all(&piece).unwrap();
    }
}

in_user_namespace! {
    fn decompression_bombs_stop_at_the_limit(fixture: Range) {
        let limits = UnpackLimits { bytes: 64 * MIB, entries: 1000 };
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        zeros_in_a_file(256 * MIB, &mut gzip);
        stop(&fixture, &gzip.finish().unwrap(), limits);

        let mut zstd = zstd::Encoder::new(Vec::new(), 1).unwrap();
        zeros_in_a_file(1024 * MIB, &mut zstd);
        stop(&fixture, &zstd.finish().unwrap(), limits);

        // A stream of zeros is an empty archive, but its digest covers all of them.
        let zeros = zstd::encode_all(std::io::repeat(0).take(1024 * MIB), 1).unwrap();
        stop(&fixture, &zeros, limits);

        let mut sparse = Header::new(b'S', "sparse").magic(GNU).block();
        sparse[483] = 0x80;
        sparse[487..495].copy_from_slice(&i64::MAX.to_be_bytes());
        seal(&mut sparse);
        stop(&fixture, &Tar::new().raw(sparse).finish(), limits);
    }

    fn an_endless_stream_stops_at_the_limit(fixture: Range) {
        let (reader, mut writer) = std::io::pipe().unwrap();
        std::thread::scope(|threads| {
            threads.spawn(move || while writer.write_all(&[0; 65536]).is_ok() {});
            let limits = UnpackLimits { bytes: 64 * MIB, entries: 1000 };
            let failure = fixture.unpack_from(reader.into(), None, limits).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Exhausted);
        });
    }

    fn a_full_disk_is_reported_and_nothing_is_left_behind(fixture: Range) {
        let small = fixture.fresh("small");
        let flags = rustix::mount::MountFlags::empty();
        rustix::mount::mount("tmpfs", &small, "tmpfs", flags, Some(c"size=1m")).unwrap();
        let blob = fixture.root.join("large");
        std::fs::write(&blob, Tar::new().file("f", vec![1; 4 << 20]).finish()).unwrap();
        let blob = std::fs::File::open(blob).unwrap();
        let store = std::fs::File::open(&small).unwrap();
        let request = protocol::work::WorkRequest::Unpack { diff_id: None, limits: LIMITS, arriving: None };
        let store = std::os::fd::AsFd::as_fd(&store);
        let failure =
            layers::requests::handle(store, &request, vec![blob.into()], &fixture.mapping, &mut |_| {})
                .unwrap_err();
        assert_eq!(failure.kind, FailureKind::Exhausted);
        assert!(failure.message.contains("No space left"), "{failure:?}");
        let staging = std::fs::read_dir(small.join("layers/.staging")).unwrap();
        assert_eq!(staging.count(), 0);
    }

    fn too_many_entries_stop_at_the_limit(fixture: Range) {
        let many = (0..2000).fold(Tar::new(), |tar, number| tar.file(format!("f{number}"), ""));
        let limits = UnpackLimits { bytes: 64 * MIB, entries: 1000 };
        stop(&fixture, &many.finish(), limits);
    }

    fn many_entries_need_little_memory(fixture: Range) {
        many(&fixture, 100_000);
    }

    #[ignore = "takes a minute"]
    fn a_million_entries_need_little_memory(fixture: Range) {
        many(&fixture, 1_000_000);
    }

    fn long_names_and_large_headers_are_refused(fixture: Range) {
        let levels = "d/".repeat(10_000);
        fixture.refuse(&Tar::new().pax(&[("path", levels)]).directory("short").finish());
        let large = vec![b'x'; 1_100_000];
        fixture.refuse(&Tar::new().pax(&[(&b"comment"[..], &large)]).file("f", "").finish());
        fixture.refuse(&Tar::new().gnu_long(b'L', &large).file("f", "").finish());
        let attributes: Vec<_> = (0..20)
            .map(|number| (format!("SCHILY.xattr.user.{number}"), vec![b'x'; 50_000]))
            .collect();
        fixture.layer(&Tar::new().pax(&attributes).file("f", "").finish());
    }

    fn a_valid_layer_unpacks_after_an_invalid_one(fixture: Range) {
        let good = Tar::new().file("f", "x").finish();
        let mut bad = good.clone();
        bad[600] ^= 1;
        let diff_id = fixture.unpack(&good).unwrap().diff_id;
        for _ in 0..20 {
            let hex = diff_id.strip_prefix("sha256:").unwrap();
            fixture.remove(&format!("layers/sha256/{hex}")).unwrap();
            let failure = fixture.unpack_as(&bad, Some(&diff_id), LIMITS).unwrap_err();
            assert_eq!(failure.kind, FailureKind::DigestMismatch);
            fixture.unpack_as(&good, Some(&diff_id), LIMITS).unwrap();
        }
    }
}

/// Unpacks files and whiteouts in many directories.
fn many(fixture: &Fixture, count: u64) {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for number in 0..count {
        let (directory, kind) = (number / 100, number % 2);
        let mark = if kind == 0 { "" } else { ".wh." };
        let name = format!("directory-{directory}/{mark}{number}");
        gzip.write_all(&Header::new(b'0', name).block()).unwrap();
    }
    let blob = gzip.finish().unwrap();
    reset_peak();
    let before = peak();
    let limits = UnpackLimits {
        bytes: 1 << 40,
        entries: count,
    };
    let unpacked = fixture.unpack_as(&blob, None, limits).unwrap();
    assert_eq!(unpacked.entries, count);
    let hex = unpacked.diff_id.strip_prefix("sha256:").unwrap();
    let path = format!("layers/sha256/{hex}");
    let inodes = fixture.measure(&path).unwrap().inodes;
    assert_eq!(inodes, count + count / 100 + 1);
    fixture.remove(&path).unwrap();
    let grown = peak() - before;
    assert!(grown < 128 * MIB, "{} MiB more", grown / MIB);
}
