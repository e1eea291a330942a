//! Speed of unpacking a root file system, compared with tar(1).

use std::process::Command;
use std::time::Instant;

use crate::support::fixture::{LIMITS, in_user_namespace};

fn seconds(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64()
}

in_user_namespace! {
    #[ignore = "a measurement; TBOX_BENCH_TAR names a plain tar, with its .gz and .zst in the same directory"]
    fn layers_unpack_as_fast_as_with_tar(fixture: Range) {
        let Ok(tar) = std::env::var("TBOX_BENCH_TAR") else {
            println!("skipped: TBOX_BENCH_TAR is not set");
            return;
        };
        let megabytes = std::fs::metadata(&tar).unwrap().len() as f64 / 1e6;
        for (suffix, decompress) in [("", "cat"), (".gz", "gzip -dc"), (".zst", "zstd -dcq")] {
            let blob = format!("{tar}{suffix}");
            let directory = fixture.fresh("tools");
            for _ in 0..3 {
                let ours = seconds(|| {
                    let blob = std::fs::File::open(&blob).unwrap();
                    let limits = protocol::work::UnpackLimits { bytes: 1 << 40, ..LIMITS };
                    fixture.unpack_from(blob.into(), None, limits).unwrap();
                });
                fixture.remove("layers/sha256").unwrap();
                let tools = seconds(|| {
                    let line = format!(
                        "{decompress} {blob} | tar x --numeric-owner -C {}", directory.display()
                    );
                    let status = Command::new("sh").args(["-c", &line]).status().unwrap();
                    assert!(status.success());
                });
                Command::new("find").arg(&directory).args(["-mindepth", "1", "-delete"]).status().unwrap();
                println!(
                    "{blob}: {:.0} MB/s, {decompress} | tar x: {:.0} MB/s",
                    megabytes / ours, megabytes / tools,
                );
            }
        }
    }
}
