//! What the zygote promises, with a real one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use protocol::failure::Failure;
use protocol::launch::Framing;
use protocol::monitor::FromMonitor;
use protocol::work::{FromWorker, WorkRequest};
use protocol::zygote::{FromZygote, MappingMode, ToZygote};
use support::{Place, Zygote, attachment, patient, read_all, receive, send, until, zygote_socket};
use sys::seqpacket;

fn failure(output: &std::process::Output) -> Failure {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{output:?}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn root_is_refused_in_one_line() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: this test needs root");
        return;
    }
    let output = std::process::Command::new(support::helper())
        .args(["zygote", "--store", "/nonexistent", "--run", "/nonexistent"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(failure(&output).message.contains("ordinary user"));
}

#[test]
fn a_greeting_tells_the_mapping() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    send(&zygote.connection, &ToZygote::Hello, &[]);
    let Some(FromZygote::Welcome {
        version,
        pid,
        mapping,
        ..
    }) = receive(&zygote.connection)
    else {
        panic!("no welcome");
    };
    assert_eq!(version, protocol::VERSION);
    let map = fs::read_to_string(format!("/proc/{pid}/uid_map")).unwrap();
    let lines: Vec<Vec<u32>> = map
        .lines()
        .map(|line| {
            line.split_whitespace()
                .map(|n| n.parse().unwrap())
                .collect()
        })
        .collect();
    let expected: Vec<Vec<u32>> = mapping
        .uids
        .iter()
        .map(|range| vec![range.inside, range.outside, range.count])
        .collect();
    assert_eq!(lines, expected);
    let subuid = fs::read_to_string("/etc/subuid").unwrap_or_default();
    let id = rustix::process::getuid().as_raw().to_string();
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let name = passwd
        .lines()
        .find(|line| line.split(':').nth(2) == Some(&id))
        .and_then(|line| line.split(':').next())
        .unwrap_or_default();
    let listed = subuid
        .lines()
        .any(|line| line.starts_with(&format!("{name}:")));
    assert_eq!(mapping.mode == MappingMode::Range, listed, "{mapping:?}");
    assert_eq!(
        mapping.reason.is_some(),
        mapping.mode == MappingMode::Single
    );
}

#[test]
fn it_runs_from_a_sealed_copy_with_nothing_inherited() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let pid = zygote.pid();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    assert!(status.contains("Name:\ttbox-zygote"), "{status}");
    assert!(status.contains("Threads:\t1"), "{status}");
    // Not even its owner can look at it from outside.
    assert!(fs::read_link(format!("/proc/{pid}/exe")).is_err());
    assert!(fs::read_dir(format!("/proc/{pid}/fd")).is_err());
    let directory = fs::metadata(&zygote.run).unwrap();
    let socket = fs::metadata(zygote.run.join(zygote_socket())).unwrap();
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    assert_eq!(socket.uid(), directory.uid());
}

#[test]
fn the_second_of_two_zygotes_ends_and_says_why() {
    let Some(place) = Place::create() else { return };
    assert!(place.run_helper().status.success());
    let output = place.run_helper();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(failure(&output).step, "lock");
    let run = std::os::fd::OwnedFd::from(fs::File::open(place.run()).unwrap());
    let connection = patient(seqpacket::connect(run.as_fd(), &zygote_socket()).unwrap());
    send(&connection, &ToZygote::Shutdown, &[]);
    assert_eq!(receive::<FromZygote>(&connection), None);
    // Once it is told to end another one can take its place.
    assert!(place.run_helper().status.success());
    let connection = patient(seqpacket::connect(run.as_fd(), &zygote_socket()).unwrap());
    send(&connection, &ToZygote::Shutdown, &[]);
    assert_eq!(receive::<FromZygote>(&connection), None);
    fs::remove_dir_all(&place.directory).unwrap();
}

#[test]
fn a_run_directory_open_to_others_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let Some(place) = Place::create() else { return };
    fs::set_permissions(place.run(), fs::Permissions::from_mode(0o777)).unwrap();
    let output = place.run_helper();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(failure(&output).step, "run-directory");
    fs::remove_dir_all(&place.directory).unwrap();
}

#[test]
fn a_zygote_told_to_end_waits_for_its_containers() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let pid = zygote.pid();
    let (container, _) = zygote.launch(zygote.request(&["sleep", "1000"]), &[]);
    container.started();
    send(&zygote.connection, &ToZygote::Shutdown, &[]);
    assert_eq!(receive::<FromZygote>(&zygote.connection), None);
    assert!(!zygote.run.join(zygote_socket()).exists());
    assert!(fs::exists(format!("/proc/{pid}")).unwrap());
    container.kill();
    assert_eq!(container.exited().code, 137);
    until("the zygote to end", || {
        !fs::exists(format!("/proc/{pid}")).unwrap()
    });
}

#[test]
fn hostile_messages_close_their_connection_and_nothing_else() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let pid = zygote.pid();
    let launch =
        serde_json::to_vec(&ToZygote::Launch(Box::new(zygote.request(&["true"])))).unwrap();
    let mut bad_id = zygote.request(&["true"]);
    bad_id.id = "../".repeat(21) + "x";
    let bad_id = serde_json::to_vec(&ToZygote::Launch(Box::new(bad_id))).unwrap();
    let cases: Vec<(Vec<u8>, usize)> = vec![
        (b"".to_vec(), 0),
        (b"{}".to_vec(), 0),
        (b"\0\xff".to_vec(), 3),
        (b"[".repeat(60_000), 0),
        (vec![b' '; 70_000], 0),
        (vec![1], 0),
        (vec![1], 1),
        (b"{\"type\":\"dance\"}".to_vec(), 250),
        (b"{\"type\":\"hello\"}".to_vec(), 1),
        (
            b"{\"type\":\"work\",\"operation\":\"remove\",\"paths\":[]}".to_vec(),
            0,
        ),
        (launch.clone(), 0),
        (launch, 2),
        (bad_id, 1),
    ];
    for (text, count) in cases {
        let connection = zygote.connect();
        let (_ours, theirs) = seqpacket::pair().unwrap();
        let descriptors = vec![theirs.as_fd(); count];
        send_raw(&connection, &text, &descriptors);
        if let Some(answer) = receive::<FromZygote>(&connection) {
            let FromZygote::Refused(failure) = answer else {
                panic!("{answer:?}");
            };
            assert!(!failure.message.is_empty());
            assert_eq!(receive::<FromZygote>(&connection), None);
        }
    }
    assert_eq!(zygote.pid(), pid);
    let (container, _) = zygote.launch(zygote.request(&["true"]), &[]);
    container.started();
    assert_eq!(container.exited().code, 0);
}

fn send_raw(
    connection: &std::os::fd::OwnedFd,
    text: &[u8],
    descriptors: &[std::os::fd::BorrowedFd<'_>],
) {
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(253))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        assert!(control.push(SendAncillaryMessage::ScmRights(descriptors)));
    }
    let parts = [std::io::IoSlice::new(text)];
    sendmsg(connection, &parts, &mut control, SendFlags::empty()).unwrap();
}

#[test]
fn a_killed_monitor_loses_no_exit_code() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let mut request = zygote.request(&["sh", "-c", "read line; exit 9"]);
    request.process.open_stdin = true;
    let (container, _) = zygote.launch(request, &[]);
    let pid = container.started().pid;
    let monitor = parent_of(pid);
    assert_ne!(monitor, zygote.pid());
    let kill = |pid: u32| {
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    };
    kill(monitor);
    // Its standard input ends with the monitor.
    until("the exit record", || {
        container.directory.join("exit.json").exists()
    });
    let exited = container.record();
    assert_eq!((exited.pid, exited.code, exited.signal), (pid, 9, None));
    until("the socket to go", || !container.has_socket());

    let (container, _) = zygote.launch(zygote.request(&["sleep", "1000"]), &[]);
    let pid = container.started().pid;
    kill(parent_of(pid));
    until("the container to change hands", || {
        parent_of(pid) == zygote.pid()
    });
    kill(pid);
    until("the exit record", || {
        container.directory.join("exit.json").exists()
    });
    assert_eq!(container.record().signal, Some(9));
}

fn parent_of(pid: u32) -> u32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"));
    line.unwrap().trim().parse().unwrap()
}

#[test]
fn a_worker_answers_and_ends() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let (ours, theirs) = seqpacket::pair().unwrap();
    let ours = patient(ours);
    let request = WorkRequest::Remove {
        paths: vec!["containers/none".to_owned()],
    };
    send(
        &zygote.connection,
        &ToZygote::Work(request),
        &[theirs.as_fd()],
    );
    drop(theirs);
    loop {
        match receive(&ours) {
            Some(FromWorker::Progress { .. }) => {}
            Some(answer) => {
                assert_eq!(answer, FromWorker::Removed);
                break;
            }
            None => panic!("the worker left without a word"),
        }
    }
    assert_eq!(receive::<FromWorker>(&ours), None);
}

/// Children of a process that have this name.
fn children_named(pid: u32, name: &str) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let is_named = |child: &u32| {
        fs::read_to_string(format!("/proc/{child}/comm")).is_ok_and(|comm| comm.trim() == name)
    };
    let numbers = children.split_whitespace();
    numbers
        .map(|number| number.parse().unwrap())
        .filter(is_named)
        .collect()
}

#[test]
fn a_container_gets_the_monitor_that_is_ready_or_another_one() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let pid = zygote.pid();
    let ready = || children_named(pid, "tbox-spare");
    until("a monitor to be ready", || ready().len() == 1);
    let spare = ready()[0];
    let (container, _) = zygote.launch(zygote.request(&["sleep", "1000"]), &[]);
    assert_eq!(parent_of(container.started().pid), spare);
    until("another one to be ready", || {
        ready().len() == 1 && ready()[0] != spare
    });
    let number = ready()[0];
    let other = rustix::process::Pid::from_raw(number.cast_signed()).unwrap();
    rustix::process::kill_process(other, rustix::process::Signal::KILL).unwrap();
    until("it to be gone", || ready() != [number]);
    let (second, _) = zygote.launch(zygote.request(&["sleep", "1000"]), &[]);
    second.started();
    for container in [container, second] {
        container.kill();
        assert_eq!(container.exited().code, 137);
    }
    until("a last one to be ready", || ready().len() == 1);
    let last = ready()[0];
    drop(zygote);
    until("it to end with the zygote", || {
        !std::path::Path::new(&format!("/proc/{last}")).exists()
    });
}

#[test]
fn a_dev_that_was_ready_is_like_one_made_at_the_start() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    // Mount points with their options, and what is there.
    let script = "while read -r _ _ _ root point options _; do echo $root $point $options; done \
                  </proc/self/mountinfo | grep ' /dev'; for file in /dev/*; do echo $file; done; echo >/dev/null; \
                  [ -c /dev/tty ] && [ -d /dev/pts ]";
    // More at once than can be ready, after a while in which some got ready.
    std::thread::sleep(Duration::from_millis(200));
    let wants = attachment(false, true, true, Framing::Raw);
    let launched: Vec<_> = (0..12)
        .map(|_| zygote.launch(zygote.request(&["sh", "-c", script]), &[wants]))
        .collect();
    let mut seen = Vec::new();
    for (container, clients) in &launched {
        container.started();
        seen.push(String::from_utf8(read_all(&clients[0])).unwrap());
        assert_eq!(container.exited().code, 0);
    }
    assert!(seen[0].contains("/null /dev/null "), "{}", seen[0]);
    assert!(seen[0].contains("/ /dev/pts "), "{}", seen[0]);
    for other in &seen {
        assert_eq!(*other, seen[0]);
    }
}

/// Prints figures: `cargo test --release -p helper --test zygote -- --ignored --nocapture`.
#[test]
#[ignore = "measures"]
fn how_long_a_launch_takes_and_how_much_memory_it_needs() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let (mut started, mut exited, mut phases) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..200 {
        let request = zygote.request(&["/bin/true"]);
        let before = sys::clock::monotonic().in_nanoseconds();
        let start = Instant::now();
        let (container, _) = zygote.launch(request, &[]);
        let message = container.started();
        started.push(start.elapsed().as_micros() as u64);
        assert!(matches!(container.next(), FromMonitor::Exited(_)));
        exited.push(start.elapsed().as_micros() as u64);
        phases.push(
            message
                .phases
                .iter()
                .map(|p| (p.name.clone(), (p.at - before) / 1000))
                .collect::<Vec<_>>(),
        );
        until("the monitor to end", || !container.has_socket());
    }
    for (name, mut times) in [("started", started), ("exited", exited)] {
        times.sort_unstable();
        println!(
            "{name}: min {} p50 {} p90 {} µs",
            times[0], times[100], times[180]
        );
    }
    for index in 0..phases[0].len() {
        let mut times: Vec<u64> = phases.iter().map(|phases| phases[index].1).collect();
        times.sort_unstable();
        println!(
            "  {} at min {} p50 {} µs",
            phases[0][index].0, times[0], times[100]
        );
    }
    let (container, _) = zygote.launch(zygote.request(&["sleep", "1000"]), &[]);
    let monitor = parent_of(container.started().pid);
    for (name, pid) in [("zygote", zygote.pid()), ("monitor", monitor)] {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        for line in status
            .lines()
            .filter(|line| line.starts_with("Rss") || line.starts_with("VmRSS"))
        {
            println!("{name} {line}");
        }
    }
    container.kill();
    container.exited();
}
