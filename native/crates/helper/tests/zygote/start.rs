//! Start and end of the zygote.

use std::fs;
use std::os::fd::AsFd;
use std::time::Duration;

use protocol::failure::Failure;
use protocol::zygote::{FromZygote, MappingMode, ToZygote};
use sys::seqpacket;

use crate::processes::name_of;
use crate::support::directories;
use crate::support::directories::TestDirectories;
use crate::support::messages::{patient, receive, send, until, zygote_socket};
use crate::support::zygote::Zygote;

fn failure(output: &std::process::Output) -> Failure {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{output:?}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn root_is_refused_with_one_line() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: this test needs root");
        return;
    }
    let output = std::process::Command::new(directories::helper())
        .args(["zygote", "--store", "/nonexistent", "--run", "/nonexistent"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(failure(&output).message.contains("ordinary user"));
}

#[test]
fn the_welcome_message_contains_the_mapping() {
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
fn the_zygote_runs_from_a_sealed_copy_and_inherits_nothing() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let pid = zygote.pid();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    assert!(status.contains("Name:\ttbox-zygote"), "{status}");
    assert!(status.contains("Threads:\t1"), "{status}");
    // The user cannot inspect the zygote from outside the user namespace.
    assert!(fs::read_link(format!("/proc/{pid}/exe")).is_err());
    assert!(fs::read_dir(format!("/proc/{pid}/fd")).is_err());
    let directory = fs::metadata(&zygote.run).unwrap();
    let socket = fs::metadata(zygote.run.join(zygote_socket())).unwrap();
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    assert_eq!(socket.uid(), directory.uid());
}

#[test]
fn a_second_zygote_ends_with_a_failure() {
    let Some(directories) = TestDirectories::create() else {
        return;
    };
    assert!(directories.run_helper().status.success());
    let output = directories.run_helper();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(failure(&output).step, "lock");
    let run = std::os::fd::OwnedFd::from(fs::File::open(directories.run()).unwrap());
    let connection = patient(seqpacket::connect(run.as_fd(), &zygote_socket()).unwrap());
    send(&connection, &ToZygote::Shutdown, &[]);
    assert_eq!(receive::<FromZygote>(&connection), None);
    // Another zygote can start once this one has been shut down.
    assert!(directories.run_helper().status.success());
    let connection = patient(seqpacket::connect(run.as_fd(), &zygote_socket()).unwrap());
    send(&connection, &ToZygote::Shutdown, &[]);
    assert_eq!(receive::<FromZygote>(&connection), None);
    fs::remove_dir_all(&directories.directory).unwrap();
}

#[test]
fn a_run_directory_that_others_can_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let Some(directories) = TestDirectories::create() else {
        return;
    };
    fs::set_permissions(directories.run(), fs::Permissions::from_mode(0o777)).unwrap();
    let output = directories.run_helper();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(failure(&output).step, "run-directory");
    fs::remove_dir_all(&directories.directory).unwrap();
}

#[test]
fn a_zygote_that_shuts_down_waits_for_its_containers() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let pid = zygote.pid();
    let (container, _) = zygote.launch(zygote.request(&["sleep", "1000"]), &[]);
    container.started();
    send(&zygote.connection, &ToZygote::Shutdown, &[]);
    assert_eq!(receive::<FromZygote>(&zygote.connection), None);
    assert!(!zygote.run.join(zygote_socket()).exists());
    // Clients find the zygote by its name, and start another one at once.
    assert_eq!(name_of(pid), "tbox-ending");
    until("the zygote sleeps while it waits", || {
        let before = processor_time(pid);
        std::thread::sleep(Duration::from_millis(300));
        processor_time(pid) == before
    });
    container.kill();
    assert_eq!(container.exited().code, 137);
    until("the zygote's end", || {
        !fs::exists(format!("/proc/{pid}")).unwrap()
    });
}

/// Returns the processor time of a process in clock ticks.
fn processor_time(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = stat.rsplit_once(") ").unwrap().1;
    let ticks = fields.split(' ').skip(11).take(2);
    ticks.map(|field| field.parse::<u64>().unwrap()).sum()
}
