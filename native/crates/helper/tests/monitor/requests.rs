//! Requests to the monitor and to start a program.

use std::fs;
use std::io::Write;

use protocol::launch::{Framing, Log};
use protocol::monitor::{FromMonitor, ToMonitor};

use crate::support::messages::{receive, send};
use crate::support::streams::{attachment, read_all, read_until};
use crate::support::zygote::Zygote;

#[test]
fn a_signal_is_sent_by_its_number() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let script = "trap 'exit 9' 37; echo ready; while :; do sleep 0.05; done";
    let request = zygote.request(&["sh", "-c", script]);
    let (container, clients) =
        zygote.launch(request, &[attachment(false, true, false, Framing::Raw)]);
    container.started();
    read_until(&clients[0], "ready\n");
    container.send(&ToMonitor::Signal { number: 37 });
    assert_eq!(container.exited().code, 9);
}

#[test]
fn a_program_starts_with_no_signal_blocked_or_ignored() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    if fs::read_dir(zygote.root.join("proc")).is_err() {
        fs::create_dir(zygote.root.join("proc")).unwrap();
    }
    let request = zygote.request(&["sh", "-c", "exec grep Sig /proc/self/status"]);
    let (container, clients) =
        zygote.launch(request, &[attachment(false, true, true, Framing::Raw)]);
    container.started();
    let text = String::from_utf8(read_all(&clients[0])).unwrap();
    for name in ["SigBlk", "SigIgn"] {
        let line = text.lines().find(|line| line.starts_with(name));
        assert_eq!(
            line,
            Some(format!("{name}:\t0000000000000000").as_str()),
            "{text}"
        );
    }
}

#[test]
fn each_log_request_is_answered_once() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let mut request = zygote.request(&["cat"]);
    request.process.open_stdin = true;
    request.log = Log::JsonFile {
        max_size: 0,
        max_file: 1,
    };
    let (container, clients) =
        zygote.launch(request, &[attachment(true, false, false, Framing::Raw)]);
    container.started();
    let mut known = (0, 0);
    for text in ["one\n", "two\n", "three\n"] {
        let (generation, size) = known;
        container.send(&ToMonitor::AwaitLog { generation, size });
        (&clients[0]).write_all(text.as_bytes()).unwrap();
        match container.next() {
            FromMonitor::Logged { generation, size } => {
                assert!((generation, size) > known);
                known = (generation, size);
            }
            other => panic!("{other:?}"),
        }
        let records = container.log("container.log");
        assert_eq!(records.last().unwrap().1, text);
    }
    let length = fs::metadata(container.directory.join("log/container.log"))
        .unwrap()
        .len();
    assert_eq!(known, (0, length));
    container.kill();
    assert_eq!(container.exited().code, 137);
}

#[test]
fn a_request_longer_than_a_datagram_arrives_complete() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let mut request = zygote.request(&["sh", "-c", "echo $LAST ${#V1999}"]);
    let variable = |number| format!("V{number}={}", "x".repeat(100));
    request.process.env.extend((0..2000).map(variable));
    request.process.env.push("LAST=here".to_owned());
    let (container, clients) =
        zygote.launch(request, &[attachment(false, true, true, Framing::Raw)]);
    container.started();
    assert_eq!(read_all(&clients[0]), b"here 100\n");
    assert_eq!(container.exited().code, 0);
}

#[test]
fn a_malformed_message_closes_only_its_connection() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let request = zygote.request(&["sleep", "1000"]);
    let (container, _) = zygote.launch(request, &[]);
    container.started();
    let signal = |number| serde_json::to_vec(&ToMonitor::Signal { number }).unwrap();
    let texts = [
        b"".to_vec(),
        b"{}".to_vec(),
        b"\0\xff".to_vec(),
        b"[".repeat(60_000),
        b"{\"type\":\"launch\"}".to_vec(),
        b"{\"type\":\"attach\",\"stdin\":true,\"stdout\":true,\"stderr\":true,\"framing\":\"raw\"}"
            .to_vec(),
        signal(0),
        signal(-9),
        signal(65),
        vec![1],
    ];
    for text in texts {
        let connection = container.reconnect().unwrap();
        assert!(matches!(
            receive(&connection),
            Some(FromMonitor::Started(_))
        ));
        rustix::net::send(&connection, &text, rustix::net::SendFlags::empty()).unwrap();
        loop {
            match receive(&connection) {
                Some(FromMonitor::Refused(failure)) => assert!(!failure.message.is_empty()),
                Some(other) => panic!("{other:?}"),
                None => break,
            }
        }
    }
    send(&container.channel, &ToMonitor::Signal { number: 9 }, &[]);
    assert_eq!(container.exited().code, 137);
}
