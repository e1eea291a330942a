//! What a monitor promises, with a real zygote and real containers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::io::Write;

use protocol::failure::FailureKind;
use protocol::launch::{Framing, Log, Mount, Propagation};
use protocol::monitor::{FromMonitor, ToMonitor};
use support::{
    Zygote, attachment, demultiplex, noise, read_all, read_exactly, read_until, receive, send,
    terminal, until, write_and_end,
};

const MIB: usize = 1 << 20;

#[test]
fn megabytes_on_both_streams_arrive_byte_by_byte_and_unmixed() {
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
    until("the socket to go", || !container.has_socket());
}

#[test]
fn the_log_holds_every_line_of_a_program_that_writes_fast() {
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
fn a_client_that_does_not_read_holds_up_the_output_but_no_signal_and_no_exit() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let request = zygote.request(&["sh", "-c", "exec yes 0123456789"]);
    let wants = attachment(false, true, false, Framing::Raw);
    let (container, clients) = zygote.launch(request, &[wants, wants]);
    let started = container.started();
    // The other client has had more than a queue holds: from then on the first one is full.
    read_exactly(&clients[1], 300_000);
    container.kill();
    let exited = container.exited();
    assert_eq!((exited.code, exited.signal), (137, Some(9)));
    assert_eq!(container.record(), exited);
    // A daemon that comes now hears everything, and the slow client still gets all of its bytes.
    let late = container.reconnect().unwrap();
    assert_eq!(receive(&late), Some(FromMonitor::Started(started)));
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
    until("the socket to go", || !container.has_socket());
}

#[test]
fn a_client_that_vanishes_holds_up_nobody() {
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
fn clients_that_attach_later_get_what_comes_later() {
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

#[test]
fn a_container_outlives_its_daemon_and_is_found_again() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let mut request = zygote.request(&["sh", "-c", "echo before; read line; echo $line; exit 7"]);
    request.process.open_stdin = true;
    request.durable_exit = true;
    request.log = Log::JsonFile {
        max_size: 0,
        max_file: 1,
    };
    let wants = attachment(true, true, true, Framing::Raw);
    let (mut container, clients) = zygote.launch(request, &[wants]);
    let started = container.started();
    read_until(&clients[0], "before\n");
    // The daemon dies.
    drop(clients);
    let socket = container.reconnect().unwrap();
    container.channel = socket;
    assert_eq!(container.started(), started);
    let client = container.attach(wants);
    (&client).write_all(b"after\n").unwrap();
    assert_eq!(read_all(&client), b"after\n");
    let exited = container.exited();
    assert_eq!(
        (exited.code, exited.signal, exited.pid),
        (7, None, started.pid)
    );
    assert_eq!(container.record(), exited);
    let line = |text: &str| ("stdout".to_owned(), text.to_owned());
    assert_eq!(
        container.log("container.log"),
        [line("before\n"), line("after\n")]
    );
    until("the socket to go", || !container.has_socket());
}

#[test]
fn every_code_and_signal_is_recorded_with_nobody_there() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    for (script, code, signal) in [
        ("exit 0", 0, None),
        ("exit 255", 255, None),
        ("exit 137", 137, None),
    ] {
        let request = zygote.request(&["sh", "-c", script]);
        let (container, _) = zygote.launch(request, &[]);
        drop(container.channel.try_clone().unwrap());
        let record = container.directory.join("exit.json");
        until("the exit record", || record.exists());
        let exited = container.record();
        assert_eq!((exited.code, exited.signal), (code, signal));
        assert!(exited.started_at < exited.finished_at);
    }
}

#[test]
fn the_end_of_a_clients_input_is_the_end_of_stdin() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let mut request = zygote.request(&["sh", "-c", "cat | wc -c; echo done"]);
    request.process.open_stdin = true;
    request.process.stdin_once = true;
    let wants = attachment(true, true, true, Framing::Multiplexed);
    let (container, clients) = zygote.launch(request, &[wants]);
    container.started();
    write_and_end(&clients[0], &noise(MIB, 3));
    let (stdout, _) = demultiplex(&read_all(&clients[0]));
    assert_eq!(
        String::from_utf8(stdout).unwrap().trim(),
        format!("{MIB}\ndone")
    );
    assert_eq!(container.exited().code, 0);
}

#[test]
fn a_client_that_leaves_at_once_has_its_input_read_to_the_end() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let mut request = zygote.request(&["sh", "-c", "cat > /tmp/in; wc -c < /tmp/in"]);
    request.process.open_stdin = true;
    request.process.stdin_once = true;
    let output = attachment(false, true, true, Framing::Raw);
    let input = attachment(true, false, false, Framing::Raw);
    let (container, mut clients) = zygote.launch(request, &[output, input]);
    let client = clients.pop().unwrap();
    write_and_end(&client, &noise(100_000, 4));
    drop(client);
    container.started();
    assert_eq!(
        String::from_utf8(read_all(&clients[0])).unwrap().trim(),
        "100000"
    );
    assert_eq!(container.exited().code, 0);
}

#[test]
fn an_input_not_meant_for_one_client_stays_open_for_the_next() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let mut request = zygote.request(&["cat"]);
    request.process.open_stdin = true;
    let wants = attachment(true, true, false, Framing::Raw);
    let (container, clients) = zygote.launch(request, &[wants]);
    container.started();
    write_and_end(&clients[0], b"one\n");
    assert_eq!(read_until(&clients[0], "\n"), "one\n");
    let next = container.attach(wants);
    (&next).write_all(b"two\n").unwrap();
    assert_eq!(read_until(&next, "\n"), "two\n");
    assert_eq!(read_until(&clients[0], "\n"), "two\n");
    container.kill();
    assert_eq!(container.exited().code, 137);
}

#[test]
fn a_terminal_has_its_size_from_the_start_and_follows_it() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let script = "stty size; trap 'stty size; exit 3' WINCH; echo ready; \
                  while :; do sleep 0.05; done";
    let mut request = zygote.request(&["sh", "-c", script]);
    request.process.tty = terminal(131, 47);
    request.process.open_stdin = true;
    let framed = attachment(false, true, true, Framing::Multiplexed);
    let raw = attachment(true, true, true, Framing::Raw);
    let (container, clients) = zygote.launch(request, &[raw, framed]);
    container.started();
    assert_eq!(read_until(&clients[0], "ready\r\n"), "47 131\r\nready\r\n");
    container.say(&ToMonitor::Resize {
        columns: 50,
        rows: 20,
    });
    assert_eq!(read_until(&clients[0], "\n"), "20 50\r\n");
    assert_eq!(read_all(&clients[0]), b"");
    let (stdout, stderr) = demultiplex(&read_all(&clients[1]));
    assert_eq!(
        String::from_utf8(stdout).unwrap(),
        "47 131\r\nready\r\n20 50\r\n"
    );
    assert!(stderr.is_empty());
    assert_eq!(container.exited().code, 3);
}

#[test]
fn a_terminal_loses_nothing_at_its_end() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    for _ in 0..20 {
        let script = "i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done";
        let mut request = zygote.request(&["sh", "-c", script]);
        request.process.tty = terminal(80, 24);
        let wants = attachment(false, true, true, Framing::Raw);
        let (container, clients) = zygote.launch(request, &[wants]);
        container.started();
        let expected: String = (0..2000).map(|n| format!("{n}\r\n")).collect();
        assert!(read_all(&clients[0]) == expected.as_bytes());
        assert_eq!(container.exited().code, 0);
    }
}

#[test]
fn without_a_terminal_there_is_none() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let script = "test -t 0 || test -t 1 || test -t 2 || echo none; read line";
    let mut request = zygote.request(&["sh", "-c", script]);
    request.process.open_stdin = true;
    request.process.stdin_once = true;
    let wants = attachment(true, true, true, Framing::Raw);
    let (container, clients) = zygote.launch(request, &[wants]);
    container.started();
    assert_eq!(read_until(&clients[0], "\n"), "none\n");
    container.say(&ToMonitor::Resize {
        columns: 1,
        rows: 1,
    });
    write_and_end(&clients[0], b"");
    assert_eq!(read_all(&clients[0]), b"");
    assert_eq!(container.exited().code, 1);
}

#[test]
fn signals_reach_the_program_by_number() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let script = "trap 'exit 9' 37; echo ready; while :; do sleep 0.05; done";
    let request = zygote.request(&["sh", "-c", script]);
    let (container, clients) =
        zygote.launch(request, &[attachment(false, true, false, Framing::Raw)]);
    container.started();
    read_until(&clients[0], "ready\n");
    container.say(&ToMonitor::Signal { number: 37 });
    assert_eq!(container.exited().code, 9);
}

#[test]
fn a_program_is_born_with_no_signal_blocked_or_ignored() {
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
fn followers_of_the_log_are_told_once_for_every_question() {
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
        container.say(&ToMonitor::AwaitLog { generation, size });
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
fn a_program_that_cannot_be_found_is_a_failure_and_leaves_nothing() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let request = zygote.request(&["no-such-program"]);
    let (container, clients) =
        zygote.launch(request, &[attachment(false, true, true, Framing::Raw)]);
    match container.next() {
        FromMonitor::Failed(failure) => assert_eq!(failure.kind, FailureKind::CommandNotFound),
        other => panic!("{other:?}"),
    }
    assert_eq!(receive::<FromMonitor>(&container.channel), None);
    assert_eq!(read_all(&clients[0]), b"");
    assert!(!container.has_socket());
    assert!(!container.directory.join("exit.json").exists());
}

#[test]
fn a_program_whose_log_cannot_be_opened_is_not_executed() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let mut request = zygote.request(&["sh", "-c", ">/tmp/executed"]);
    request.log = Log::JsonFile {
        max_size: 0,
        max_file: 1,
    };
    let directory = zygote.store.join("containers").join(&request.id);
    std::fs::write(directory.join("log"), b"").unwrap();
    request.mounts.push(Mount::Bind {
        source: directory.to_str().unwrap().to_owned(),
        target: "/tmp".to_owned(),
        readonly: false,
        recursive: false,
        propagation: Propagation::Private,
    });
    let (container, clients) =
        zygote.launch(request, &[attachment(false, true, true, Framing::Raw)]);
    match container.next() {
        FromMonitor::Failed(failure) => assert_eq!(failure.step, "log"),
        other => panic!("{other:?}"),
    }
    assert_eq!(receive::<FromMonitor>(&container.channel), None);
    assert_eq!(read_all(&clients[0]), b"");
    assert!(!directory.join("executed").exists());
    assert!(!container.has_socket());
}

#[test]
fn a_request_too_long_for_a_datagram_arrives_whole() {
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
fn hostile_messages_close_their_connection_and_nothing_else() {
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
