//! Fuzzes the messages between daemon and helper: fixtures, changed in a few bytes. `TBOX_TEST_FUZZ_MS` is the time in
//! milliseconds.
#![allow(clippy::unwrap_used)]

use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use protocol::monitor::{Exited, FromMonitor, ToMonitor};
use protocol::net::{FromNet, ToNet};
use protocol::work::FromWorker;
use protocol::zygote::{FromZygote, ToZygote};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Returns the messages of all fixtures.
fn corpus() -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let text = fs::read(entry.unwrap().path()).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let messages = match &value {
            serde_json::Value::Array(messages) => messages.iter().collect(),
            serde_json::Value::Object(messages) => messages.values().collect(),
            _ => vec![&value],
        };
        found.extend(messages.iter().map(|one| serde_json::to_vec(one).unwrap()));
    }
    assert!(found.len() > 30, "{}", found.len());
    found
}

/// Tests that a message that is read says the same when it is written and read again.
fn read<T: DeserializeOwned + Serialize + Debug>(text: &[u8]) -> bool {
    let Ok(message) = serde_json::from_slice::<T>(text) else {
        return false;
    };
    let written = serde_json::to_vec(&message).unwrap();
    let again: T = serde_json::from_slice(&written).unwrap();
    assert_eq!(format!("{message:?}"), format!("{again:?}"));
    true
}

#[test]
fn changed_messages_of_the_helper_are_read_or_refused() {
    let time = std::env::var("TBOX_TEST_FUZZ_MS").ok();
    let time = time.and_then(|text| text.parse().ok()).unwrap_or(300);
    let end = Instant::now() + Duration::from_millis(time);
    let corpus = corpus();
    let (mut seed, mut inputs, mut accepted) = (1_u64, 0_u64, 0_u64);
    let mut below = |limit: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % limit.max(1)
    };
    while Instant::now() < end {
        let mut bytes = corpus[below(corpus.len())].clone();
        for _ in 0..below(4) {
            let at = below(bytes.len());
            match below(5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, br#"[{"\:,-9e]}"#[below(11)]),
                _ if bytes.is_empty() => {}
                2 => bytes[at] = below(256) as u8,
                3 => {
                    let part = bytes[at..(at + below(40)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, part);
                }
                _ => bytes[at] = br#"0"{}[],:9-"#[below(10)],
            }
        }
        let readers = [
            read::<ToZygote>,
            read::<FromZygote>,
            read::<ToNet>,
            read::<FromNet>,
            read::<ToMonitor>,
            read::<FromMonitor>,
            read::<FromWorker>,
            read::<Exited>,
        ];
        accepted += readers.iter().filter(|read| read(&bytes)).count() as u64;
        inputs += 1;
    }
    println!("{inputs} inputs, {accepted} messages");
}
