//! Output to clients and to the log.

use std::fs;
use std::io::Write;

use protocol::launch::{Framing, Log};
use protocol::monitor::FromMonitor;

use crate::support::container::without_phases;
use crate::support::messages::{receive, until};
use crate::support::streams::{attachment, demultiplex, noise, read_all, read_exactly, read_until};
use crate::support::zygote::Zygote;

const MIB: usize = 1 << 20;

#[test]
fn megabytes_on_both_streams_arrive_complete_and_separate() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let (out, err) = (noise(50 * MIB, 1), noise(10 * MIB, 2));
    fs::write(zygote.root.join("out"), &out).unwrap();
    fs::write(zygote.root.join("err"), &err).unwrap();
    let request = zygote.request(&["sh", "-c", "cat /err >&2 | cat /out"]);
    let (container, clients) = zygote.launch(
        request,
        &[
            attachment(false, true, true, Framing::Multiplexed),
            attachment(false, true, false, Framing::Raw),
            attachment(false, false, true, Framing::Raw),
        ],
    );
    container.started();
    let readers: Vec<_> = clients
        .into_iter()
        .map(|client| std::thread::spawn(move || read_all(&client)))
        .collect();
    let received: Vec<Vec<u8>> = readers
        .into_iter()
        .map(|reader| reader.join().unwrap())
        .collect();
    let (stdout, stderr) = demultiplex(&received[0]);
    let lengths = (stdout.len(), stderr.len());
    assert!(
        stdout == out && stderr == err,
        "the multiplexed client: {lengths:?}"
    );
    assert!(received[1] == out, "the client of stdout");
    assert!(received[2] == err, "the client of stderr");
    assert_eq!(container.exited().code, 0);
    until("the removal of the socket", || !container.has_socket());
}

#[test]
fn the_log_contains_every_line_of_a_fast_program() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let script = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; printf end";
    let mut request = zygote.request(&["sh", "-c", script]);
    request.log = Log::JsonFile {
        max_size: 400_000,
        max_file: 10,
    };
    let (container, _) = zygote.launch(request, &[]);
    container.started();
    assert_eq!(container.exited().code, 0);
    let mut lines = Vec::new();
    for number in (1..10).rev() {
        lines.extend(container.log(&format!("container.log.{number}")));
    }
    lines.extend(container.log("container.log"));
    let expected = (0..20_000)
        .map(|n| format!("line {n}\n"))
        .chain(["end".to_owned()]);
    let expected: Vec<_> = expected.map(|line| ("stdout".to_owned(), line)).collect();
    assert!(
        lines == expected,
        "{} of {} lines",
        lines.len(),
        expected.len()
    );
    assert!(container.directory.join("log/container.log.3").exists());
}

#[test]
fn a_client_that_does_not_read_blocks_the_output_but_no_signal_and_no_exit() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let request = zygote.request(&["sh", "-c", "exec yes 0123456789"]);
    let wants = attachment(false, true, false, Framing::Raw);
    let (container, clients) = zygote.launch(request, &[wants, wants]);
    let started = container.started();
    // The second client has received more bytes than a queue takes, so the first client's queue is full.
    read_exactly(&clients[1], 300_000);
    container.kill();
    let exited = container.exited();
    assert_eq!((exited.code, exited.signal), (137, Some(9)));
    assert_eq!(container.record(), exited);
    // A daemon that connects now receives all messages, and the slow client all of its bytes.
    let late = container.reconnect().unwrap();
    let again = FromMonitor::Started(without_phases(&started));
    assert_eq!(receive(&late), Some(again));
    assert_eq!(receive(&late), Some(FromMonitor::Exited(exited)));
    let slow = read_all(&clients[0]);
    let other = read_all(&clients[1]);
    assert_eq!(slow.len(), 300_000 + other.len());
    let expected = b"0123456789\n".iter().cycle();
    assert!(
        slow.iter()
            .zip(expected)
            .all(|(byte, expected)| byte == expected)
    );
    until("the removal of the socket", || !container.has_socket());
}

#[test]
fn a_client_that_disconnects_blocks_no_other_client() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let request = zygote.request(&["sh", "-c", "yes | head -c 5000000"]);
    let wants = attachment(true, true, true, Framing::Raw);
    let (container, mut clients) = zygote.launch(request, &[wants, wants, wants]);
    container.started();
    drop(clients.pop());
    read_exactly(&clients[1], 1000);
    drop(clients.pop());
    assert_eq!(read_all(&clients[0]).len(), 5_000_000);
    assert_eq!(container.exited().code, 0);
}

#[test]
fn a_client_that_attaches_later_receives_later_output() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let mut request = zygote.request(&["sh", "-c", "echo early; read line; echo got $line >&2"]);
    request.process.open_stdin = true;
    let first = attachment(false, true, true, Framing::Raw);
    let (container, clients) = zygote.launch(request, &[first]);
    container.started();
    assert_eq!(read_until(&clients[0], "\n"), "early\n");
    let late = container.attach(attachment(true, true, true, Framing::Multiplexed));
    (&late).write_all(b"hello\n").unwrap();
    assert_eq!(demultiplex(&read_all(&late)).1, b"got hello\n");
    assert_eq!(read_all(&clients[0]), b"got hello\n");
    assert_eq!(container.exited().code, 0);
}
