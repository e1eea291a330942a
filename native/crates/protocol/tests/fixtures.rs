//! Reads and writes every fixture. The daemon's tests read `<kind>.json` too, so that both languages agree on
//! every message; `<kind>.more.json` has rarer ones.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use protocol::monitor::{Exited, FromMonitor, ToMonitor};
use protocol::net::{FromNet, ToNet};
use protocol::work::FromWorker;
use protocol::zygote::{FromZygote, ToZygote};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Types of the messages of each kind. Each has a fixture.
const MESSAGES: [(&str, &[&str]); 7] = [
    (
        "to-zygote",
        &[
            "cgroups", "exec", "hello", "launch", "listen", "net", "shutdown", "work",
        ],
    ),
    (
        "from-zygote",
        &["listening", "refused", "traced", "unused", "welcome"],
    ),
    (
        "to-net",
        &[
            "connect",
            "disconnect",
            "names",
            "network",
            "publish",
            "release",
            "remove-network",
            "retarget",
            "route",
            "sandbox",
            "survey",
        ],
    ),
    ("from-net", &["done", "failed", "published", "state"]),
    ("to-monitor", &["attach", "await-log", "resize", "signal"]),
    (
        "from-monitor",
        &[
            "exited",
            "failed",
            "logged",
            "out-of-memory",
            "refused",
            "started",
        ],
    ),
    (
        "from-worker",
        &[
            "copied",
            "failed",
            "measured",
            "packed",
            "progress",
            "recycled",
            "removed",
            "status",
            "synced",
            "unchanged",
            "unpacked",
            "verified",
        ],
    ),
];

fn fixtures() -> Vec<(String, Value)> {
    files()
        .into_iter()
        .flat_map(|(name, value)| {
            let Value::Array(messages) = value else {
                panic!("{name}: not a list");
            };
            messages
                .into_iter()
                .map(move |message| (name.clone(), message))
        })
        .collect()
}

fn files() -> Vec<(String, Value)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut fixtures: Vec<(String, Value)> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let value = serde_json::from_str(&fs::read_to_string(&path).unwrap())
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, value)
        })
        .collect();
    fixtures.sort_by(|left, right| left.0.cmp(&right.0));
    fixtures
}

fn rewritten<T: DeserializeOwned + Serialize>(name: &str, value: &Value) -> Value {
    let text = serde_json::to_vec(value).unwrap();
    let message: T =
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::to_value(message).unwrap()
}

#[test]
fn every_fixture_is_written_as_it_was_read() {
    for (name, value) in fixtures() {
        let found = match name.split('.').next().unwrap() {
            "to-zygote" => rewritten::<ToZygote>(&name, &value),
            "from-zygote" => rewritten::<FromZygote>(&name, &value),
            "to-monitor" => rewritten::<ToMonitor>(&name, &value),
            "from-monitor" => rewritten::<FromMonitor>(&name, &value),
            "from-worker" => rewritten::<FromWorker>(&name, &value),
            "to-net" => rewritten::<ToNet>(&name, &value),
            "from-net" => rewritten::<FromNet>(&name, &value),
            "exit-record" => rewritten::<Exited>(&name, &value),
            _ => panic!("{name}: no such kind of message"),
        };
        assert_eq!(found, value, "{name}");
    }
}

#[test]
fn every_message_has_a_fixture() {
    let fixtures = fixtures();
    for (kind, expected) in MESSAGES {
        let found: BTreeSet<&str> = fixtures
            .iter()
            .filter(|(name, _)| name.split('.').next() == Some(kind))
            .map(|(_, value)| value["type"].as_str().unwrap())
            .collect();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected, "{kind}");
    }
}
