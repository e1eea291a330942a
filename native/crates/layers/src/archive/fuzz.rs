//! Fuzzes the reader with changed archives. `TBOX_TEST_FUZZ_MS` is the time in milliseconds.

use std::time::{Duration, Instant};

use super::Reader;

/// A random number generator (xorshift) with a seed, which reproduces a failure.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// Returns archives with every kind of header that the reader knows.
fn corpus() -> Vec<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(5);
    header.set_mode(0o644);
    header.set_cksum();
    builder
        .append_data(&mut header, "file", &b"hello"[..])
        .unwrap();
    let long = "long/".repeat(40);
    builder
        .append_data(&mut header, format!("{long}name"), &b"hello"[..])
        .unwrap();
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    builder.append_link(&mut link, "link", &long).unwrap();
    let records = [
        ("path", &b"pax-name"[..]),
        ("SCHILY.xattr.user.a", b"value"),
        ("mtime", b"1.5"),
        ("GNU.sparse.major", b"1"),
        ("GNU.sparse.realsize", b"4096"),
    ];
    builder.append_pax_extensions(records).unwrap();
    builder
        .append_data(&mut header, "extended", &b"hello"[..])
        .unwrap();
    let whole = builder.into_inner().unwrap();
    vec![whole[..2048.min(whole.len())].to_vec(), whole]
}

/// Returns an input with a few changes. Half of them get valid checksums, so that they pass the first check.
fn mutated(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len());
        match random.below(5) {
            0 => bytes.truncate(at.max(1)),
            1 => bytes[at] = random.below(256) as u8,
            2 => bytes[at] = [0, 0x80, 0xff, b'7', b'\n', b'='][random.below(6)],
            3 => {
                let block = at / 512 * 512;
                let copied = bytes[block..(block + 512).min(bytes.len())].to_vec();
                bytes.splice(block..block, copied);
            }
            _ => bytes[at] ^= 1 << random.below(8),
        }
    }
    if random.below(2) == 0 {
        for block in bytes
            .chunks_exact_mut(512)
            .filter(|block| &block[257..262] == b"ustar")
        {
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
    bytes
}

#[test]
fn changed_archives_are_read_or_refused() {
    let time = std::env::var("TBOX_TEST_FUZZ_MS").ok();
    let time = time.and_then(|text| text.parse().ok()).unwrap_or(300);
    let end = Instant::now() + Duration::from_millis(time);
    let corpus = corpus();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut read = 0_u64;
    while Instant::now() < end {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let bytes = mutated(&mut Random(seed), &corpus);
        let mut reader = Reader::new(bytes.as_slice());
        // An archive has no more entries than blocks.
        let mut entries = 0;
        while let Ok(Some(_)) = reader.next() {
            entries += 1;
            assert!(entries <= bytes.len() / 512 + 1, "seed {seed}");
        }
        read += 1;
    }
    println!("{read} archives");
}
