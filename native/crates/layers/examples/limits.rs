//! Lower limits for the time of unpacking. `limits BLOB...` prints the seconds of decompressing gzip blobs, the seconds
//! of computing the digest of the result, and its size in bytes.

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Read};
use std::time::{Duration, Instant};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    let mut buffer = vec![0; 256 * 1024];
    let (mut inflating, mut hashing, mut bytes) = (Duration::ZERO, Duration::ZERO, 0);
    for blob in std::env::args().skip(1) {
        let mut decoder =
            MultiGzDecoder::new(BufReader::with_capacity(64 * 1024, File::open(blob)?));
        let mut digest = Sha256::new();
        loop {
            let start = Instant::now();
            let count = decoder.read(&mut buffer)?;
            inflating += start.elapsed();
            if count == 0 {
                break;
            }
            let start = Instant::now();
            digest.update(&buffer[..count]);
            hashing += start.elapsed();
            bytes += count;
        }
    }
    let (inflate, hash) = (inflating.as_secs_f64(), hashing.as_secs_f64());
    println!(r#"{{"inflate": {inflate:.3}, "hash": {hash:.3}, "bytes": {bytes}}}"#);
    Ok(())
}
