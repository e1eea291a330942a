//! Archives that would fill disk or memory.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use protocol::failure::FailureKind;
use protocol::work::UnpackLimits;

use crate::support::sandbox::{LIMITS, Sandbox, sandboxed};
use crate::support::tar::{GNU, Header, Tar, seal};

const MIB: u64 = 1 << 20;

/// Forgets the process's peak so far.
fn reset_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// Of resident memory, in bytes.
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

/// Unpacks a blob that must be stopped soon, with little memory and nothing left.
fn stop(sandbox: &Sandbox, blob: &[u8], limits: UnpackLimits) {
    reset_peak();
    let before = peak();
    let started = Instant::now();
    let failure = sandbox.unpack_as(blob, None, limits).unwrap_err();
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

sandboxed! {
    fn d1_bombs_are_stopped_at_the_limit(sandbox: Range) {
        let limits = UnpackLimits { bytes: 64 * MIB, entries: 1000 };
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        zeros_in_a_file(256 * MIB, &mut gzip);
        stop(&sandbox, &gzip.finish().unwrap(), limits);

        let mut zstd = zstd::Encoder::new(Vec::new(), 1).unwrap();
        zeros_in_a_file(1024 * MIB, &mut zstd);
        stop(&sandbox, &zstd.finish().unwrap(), limits);

        // Nothing but zeros is an empty archive, but still has a digest to be computed.
        let zeros = zstd::encode_all(std::io::repeat(0).take(1024 * MIB), 1).unwrap();
        stop(&sandbox, &zeros, limits);

        let mut sparse = Header::new(b'S', "sparse").magic(GNU).block();
        sparse[483] = 0x80;
        sparse[487..495].copy_from_slice(&i64::MAX.to_be_bytes());
        seal(&mut sparse);
        stop(&sandbox, &Tar::new().raw(sparse).finish(), limits);
    }

    fn d1_an_endless_stream_is_stopped_at_the_limit(sandbox: Range) {
        let (reader, mut writer) = std::io::pipe().unwrap();
        std::thread::scope(|threads| {
            threads.spawn(move || while writer.write_all(&[0; 65536]).is_ok() {});
            let limits = UnpackLimits { bytes: 64 * MIB, entries: 1000 };
            let failure = sandbox.unpack_from(reader.into(), None, limits).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Exhausted);
        });
    }

    fn d1_a_full_disk_fails_naming_the_store_and_leaves_nothing(sandbox: Range) {
        let small = sandbox.fresh("small");
        let flags = rustix::mount::MountFlags::empty();
        rustix::mount::mount("tmpfs", &small, "tmpfs", flags, Some(c"size=1m")).unwrap();
        let blob = sandbox.root.join("large");
        std::fs::write(&blob, Tar::new().file("f", vec![1; 4 << 20]).finish()).unwrap();
        let blob = std::fs::File::open(blob).unwrap();
        let store = std::fs::File::open(&small).unwrap();
        let request = protocol::work::WorkRequest::Unpack { diff_id: None, limits: LIMITS, arriving: None };
        let store = std::os::fd::AsFd::as_fd(&store);
        let failure =
            layers::requests::handle(store, &request, vec![blob.into()], &sandbox.mapping, &mut |_| {})
                .unwrap_err();
        assert_eq!(failure.kind, FailureKind::Exhausted);
        assert!(failure.message.contains("store"), "{failure:?}");
        let staging = std::fs::read_dir(small.join("layers/.staging")).unwrap();
        assert_eq!(staging.count(), 0);
    }

    fn d2_entries_are_counted(sandbox: Range) {
        let many = (0..2000).fold(Tar::new(), |tar, number| tar.file(format!("f{number}"), ""));
        let limits = UnpackLimits { bytes: 64 * MIB, entries: 1000 };
        stop(&sandbox, &many.finish(), limits);
    }

    fn d2_many_entries_take_little_memory(sandbox: Range) {
        many(&sandbox, 100_000);
    }

    #[ignore = "takes a minute"]
    fn d2_a_million_entries_take_little_memory(sandbox: Range) {
        many(&sandbox, 1_000_000);
    }

    fn d2_deep_and_large_headers_are_bounded(sandbox: Range) {
        let levels = "d/".repeat(10_000);
        sandbox.refuse(&Tar::new().pax(&[("path", levels)]).directory("short").finish());
        let large = vec![b'x'; 1_100_000];
        sandbox.refuse(&Tar::new().pax(&[(&b"comment"[..], &large)]).file("f", "").finish());
        sandbox.refuse(&Tar::new().gnu_long(b'L', &large).file("f", "").finish());
        let attributes: Vec<_> = (0..20)
            .map(|number| (format!("SCHILY.xattr.user.{number}"), vec![b'x'; 50_000]))
            .collect();
        sandbox.layer(&Tar::new().pax(&attributes).file("f", "").finish());
    }

    fn d10_a_good_layer_unpacks_after_a_bad_one(sandbox: Range) {
        let good = Tar::new().file("f", "x").finish();
        let mut bad = good.clone();
        bad[600] ^= 1;
        let diff_id = sandbox.unpack(&good).unwrap().diff_id;
        for _ in 0..20 {
            let hex = diff_id.strip_prefix("sha256:").unwrap();
            sandbox.remove(&format!("layers/sha256/{hex}")).unwrap();
            let failure = sandbox.unpack_as(&bad, Some(&diff_id), LIMITS).unwrap_err();
            assert_eq!(failure.kind, FailureKind::DigestMismatch);
            sandbox.unpack_as(&good, Some(&diff_id), LIMITS).unwrap();
        }
    }
}

/// Files and whiteouts in many directories.
fn many(sandbox: &Sandbox, count: u64) {
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
    let unpacked = sandbox.unpack_as(&blob, None, limits).unwrap();
    assert_eq!(unpacked.entries, count);
    let hex = unpacked.diff_id.strip_prefix("sha256:").unwrap();
    let path = format!("layers/sha256/{hex}");
    let inodes = sandbox.measure(&path).unwrap().inodes;
    assert_eq!(inodes, count + count / 100 + 1);
    sandbox.remove(&path).unwrap();
    let grown = peak() - before;
    assert!(grown < 128 * MIB, "{} MiB more", grown / MIB);
}
