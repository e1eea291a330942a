//! Exit records, and containers without a daemon.

use std::io::Write;

use protocol::failure::FailureKind;
use protocol::launch::{Framing, Log, Mount, Propagation};
use protocol::monitor::FromMonitor;

use crate::support::container::without_phases;
use crate::support::messages::{receive, until};
use crate::support::streams::{attachment, read_all, read_until};
use crate::support::zygote::Zygote;

#[test]
fn a_container_outlives_its_daemon_and_accepts_the_next_one() {
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
    // Closes all connections, as a daemon that dies does.
    drop(clients);
    let socket = container.reconnect().unwrap();
    container.channel = socket;
    assert_eq!(container.started(), without_phases(&started));
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
    until("the removal of the socket", || !container.has_socket());
}

#[test]
fn exit_statuses_are_recorded_without_a_daemon() {
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
fn a_missing_program_is_reported_and_leaves_no_files() {
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
fn a_program_is_not_executed_if_its_log_cannot_be_opened() {
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
        shallow_readonly: false,
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
