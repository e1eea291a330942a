//! Containers whose monitor was killed or prepared.

use std::time::Duration;

use protocol::launch::Framing;

use crate::processes::{children_of, kill, name_of, parent_of};
use crate::support::messages::until;
use crate::support::streams::{attachment, read_all};
use crate::support::zygote::Zygote;

#[test]
fn the_zygote_records_the_exit_status_after_a_monitor_was_killed() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let mut request = zygote.request(&["sh", "-c", "read line; exit 9"]);
    request.process.open_stdin = true;
    let (container, _) = zygote.launch(request, &[]);
    let pid = container.started().pid;
    let monitor = parent_of(pid);
    assert_ne!(monitor, zygote.pid());
    kill(monitor);
    // The container's standard input closes with the monitor.
    until("the exit record", || {
        container.directory.join("exit.json").exists()
    });
    let exited = container.record();
    assert_eq!((exited.pid, exited.code, exited.signal), (pid, 9, None));
    until("the removal of the socket", || !container.has_socket());

    let (container, _) = zygote.launch(zygote.request(&["sleep", "1000"]), &[]);
    let pid = container.started().pid;
    kill(parent_of(pid));
    until("the zygote to become the container's parent", || {
        parent_of(pid) == zygote.pid()
    });
    kill(pid);
    until("the exit record", || {
        container.directory.join("exit.json").exists()
    });
    assert_eq!(container.record().signal, Some(9));
}

/// Returns the children of a process that have this name.
fn children_named(pid: u32, name: &str) -> Vec<u32> {
    let children = children_of(pid).into_iter();
    children.filter(|child| name_of(*child) == name).collect()
}

#[test]
fn a_container_gets_the_standby_monitor_or_a_new_one() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let pid = zygote.pid();
    let ready = || children_named(pid, "tbox-standby");
    until("a standby monitor", || ready().len() == 1);
    let standby = ready()[0];
    let (container, _) = zygote.launch(zygote.request(&["sleep", "1000"]), &[]);
    assert_eq!(parent_of(container.started().pid), standby);
    until("another standby monitor", || {
        ready().len() == 1 && ready()[0] != standby
    });
    let number = ready()[0];
    kill(number);
    until("its end", || ready() != [number]);
    let (second, _) = zygote.launch(zygote.request(&["sleep", "1000"]), &[]);
    second.started();
    for container in [container, second] {
        container.kill();
        assert_eq!(container.exited().code, 137);
    }
    until("a last standby monitor", || ready().len() == 1);
    let last = ready()[0];
    drop(zygote);
    until("its end with the zygote", || {
        !std::path::Path::new(&format!("/proc/{last}")).exists()
    });
}

#[test]
fn a_prepared_dev_equals_one_created_at_the_start() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    // Prints the mount points with their options, and the files in /dev.
    let script = "while read -r _ _ _ root point options _; do echo $root $point $options; done \
                  </proc/self/mountinfo | grep ' /dev'; for file in /dev/*; do echo $file; done; echo >/dev/null; \
                  [ -c /dev/tty ] && [ -d /dev/pts ]";
    // More containers at once than resources are prepared, after a time in which some were prepared.
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
