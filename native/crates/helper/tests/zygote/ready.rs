//! Sandboxes that are prepared before a container needs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use protocol::launch::{Framing, LaunchRequest, Network, Root};
use protocol::monitor::FromMonitor;

use crate::processes::{children_of, is_running, kill, name_of};
use crate::support::container::Container;
use crate::support::messages::{receive, until};
use crate::support::streams::{attachment, read_all};
use crate::support::zygote::Zygote;

/// Returns a request that a prepared sandbox suits: the root consists of layers.
pub fn request(zygote: &Zygote, args: &[&str]) -> LaunchRequest {
    let mut request = zygote.request(args);
    let layer = layer(zygote);
    if !layer.exists() {
        fs::create_dir_all(layer.parent().unwrap()).unwrap();
        fs::rename(&zygote.root, &layer).unwrap();
    }
    let directory = zygote.store.join("containers").join(&request.id);
    for name in ["upper", "work"] {
        fs::create_dir(directory.join(name)).unwrap();
    }
    request.root = Root::Layers {
        diff_ids: vec!["sha256/00".to_owned()],
        readonly: false,
        volatile: true,
        targets: false,
    };
    request.masked_paths = ["/proc/kcore", "/sys/firmware", "/proc/acpi"]
        .map(str::to_owned)
        .to_vec();
    request.readonly_paths = ["/proc/sys", "/proc/bus"].map(str::to_owned).to_vec();
    request.durable_exit = false;
    request
}

/// Returns the layer of [`request`].
pub fn layer(zygote: &Zygote) -> PathBuf {
    zygote.store.join("layers/sha256/00")
}

/// Returns the waiting first processes of the zygote's sandboxes.
fn waiting(zygote: u32) -> Vec<u32> {
    let monitors = children_of(zygote);
    let standby = monitors
        .into_iter()
        .filter(|pid| name_of(*pid) == "tbox-standby");
    standby
        .flat_map(children_of)
        .filter(|pid| name_of(*pid) == "tbox-ready" && is_running(*pid))
        .collect()
}

/// Runs a script as a container. Returns what it has printed, and the container.
pub fn output(zygote: &Zygote, request: LaunchRequest) -> (String, Container) {
    let wants = attachment(false, true, true, Framing::Raw);
    let (container, clients) = zygote.launch(request, &[wants]);
    container.started();
    let text = String::from_utf8(read_all(&clients[0])).unwrap();
    assert_eq!(container.exited().code, 0, "{text}");
    (text, container)
}

/// Starts a container, after which sandboxes for more of this kind are prepared. Returns the zygote's process id.
pub fn warm_up(zygote: &Zygote, request: LaunchRequest) -> u32 {
    output(zygote, request);
    let pid = zygote.pid();
    until("the prepared sandboxes", || waiting(pid).len() == 4);
    pid
}

#[test]
fn a_prepared_sandbox_equals_one_created_at_the_start() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    // Prints the mounts in their order, the ids of the namespaces' owners, the names, the limits and the descriptors.
    let script = "while read -r _ _ _ root point options _; do echo $root $point $options; done </proc/self/mountinfo; \
                  for file in /dev/* /sys/* /proc/self/fd/*; do echo $file; done; grep -E 'Cap|Sec|Uid|NoNew|SigBlk|SigIgn' \
                  /proc/self/status; cat /proc/sys/kernel/hostname /proc/1/comm; echo x >/dev/null; echo y >/file; cat /file; \
                  cat /proc/kcore; echo 1 2>&1 >/proc/sys/kernel/panic; echo $$; echo /sys/class/net/*; umask; grep -v ^overlay /proc/mounts";
    let first = output(&zygote, request(&zygote, &["sh", "-c", script]));
    let pid = zygote.pid();
    until("the prepared sandboxes", || waiting(pid).len() == 4);
    let sandboxes = waiting(pid);
    let (second, container) = output(&zygote, request(&zygote, &["sh", "-c", script]));
    let paths = |text: &str, id: &str| text.replace(id, "ID");
    assert_eq!(
        sorted(&paths(&first.0, &first.1.id)),
        sorted(&paths(&second, &container.id))
    );
    assert!(second.contains("/ /proc "), "{second}");
    assert!(second.contains("Read-only file system"), "{second}");
    assert!(waiting(pid).iter().any(|pid| !sandboxes.contains(pid)) || waiting(pid).len() < 4);
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// Changes the root to a directory while the working directory is outside, goes up as far as possible, and lists what is
/// there.
const ESCAPE: &str = r#"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void) {
  int root = open("/", O_RDONLY);
  if (mkdir("/below", 0755) || chroot("/below") || fchdir(root)) return 1;
  for (int i = 0; i < 64; i++) if (chdir("..")) return 2;
  if (chroot(".")) return 3;
  DIR *directory = opendir("/");
  for (struct dirent *entry; (entry = readdir(directory));) puts(entry->d_name);
  return 0;
}
"#;

#[test]
fn a_container_in_a_prepared_sandbox_does_not_leave_its_root_by_a_second_chroot() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    warm_up(&zygote, request(&zygote, &["true"]));
    let program = layer(&zygote).join("bin/escape");
    if !compile(ESCAPE, &program) {
        println!("skipped: there is no C compiler with a static library");
        return;
    }
    let mut attempt = request(&zygote, &["escape"]);
    attempt.process.capabilities = vec!["SYS_CHROOT".to_owned()];
    let (text, _) = output(&zygote, attempt);
    let expected = ".\n..\n.dockerenv\nbelow\nbin\ndev\netc\nproc\nsys\ntmp";
    assert_eq!(sorted(&text), expected.split('\n').collect::<Vec<_>>());
}

/// Compiles a static program. Returns false where that is impossible.
fn compile(source: &str, program: &Path) -> bool {
    let file = program.with_extension("c");
    fs::write(&file, source).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-static", "-o"]).args([program, &file]);
    let compiled = compiler.status().is_ok_and(|status| status.success());
    fs::remove_file(file).unwrap();
    compiled
}

#[test]
fn a_sandbox_that_has_died_is_not_used() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let pid = warm_up(&zygote, request(&zygote, &["true"]));
    for sandbox in waiting(pid) {
        kill(sandbox);
    }
    until("their end", || waiting(pid).is_empty());
    for _ in 0..6 {
        assert_eq!(
            output(&zygote, request(&zygote, &["echo", "here"])).0,
            "here\n"
        );
    }
    until("the prepared sandboxes", || waiting(pid).len() == 4);
    let standby = || -> Vec<u32> {
        let children = children_of(pid).into_iter();
        children
            .filter(|child| name_of(*child) == "tbox-standby")
            .collect()
    };
    let monitors = standby();
    monitors.iter().copied().for_each(kill);
    until("their end", || {
        !standby().iter().any(|child| monitors.contains(child))
    });
    for _ in 0..6 {
        assert_eq!(
            output(&zygote, request(&zygote, &["echo", "here"])).0,
            "here\n"
        );
    }
}

#[test]
fn many_starts_at_once_exhaust_the_prepared_sandboxes() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let pid = warm_up(&zygote, request(&zygote, &["true"]));
    let wants = attachment(false, true, true, Framing::Raw);
    let launched: Vec<_> = (0..200)
        .map(|number| zygote.launch(request(&zygote, &["echo", &number.to_string()]), &[wants]))
        .collect();
    for (number, (container, clients)) in launched.iter().enumerate() {
        container.started();
        let text = String::from_utf8(read_all(&clients[0])).unwrap();
        assert_eq!(text, format!("{number}\n"));
        assert_eq!(container.exited().code, 0);
    }
    until("the prepared sandboxes", || waiting(pid).len() == 4);
}

#[test]
fn the_prepared_sandboxes_end_with_the_zygote() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let pid = warm_up(&zygote, request(&zygote, &["true"]));
    let sandboxes = waiting(pid);
    let (container, _) = zygote.launch(request(&zygote, &["sleep", "1000"]), &[]);
    kill(pid);
    // The container has started if the zygote had read the request.
    let started = matches!(receive(&container.channel), Some(FromMonitor::Started(_)));
    until("the sandboxes' end", || {
        let running = sandboxes.iter().filter(|pid| is_running(**pid));
        running.count() == usize::from(started)
    });
    if started {
        container.kill();
        assert_eq!(container.exited().code, 137);
    }
}

#[test]
fn other_requests_are_started_step_by_step() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let pid = warm_up(&zygote, request(&zygote, &["true"]));
    let mut other = request(
        &zygote,
        &["sh", "-c", "grep /dev/shm /proc/mounts; echo none"],
    );
    other.shm_size = 0;
    assert_eq!(output(&zygote, other).0, "none\n");
    // One other request does not replace the sandboxes, two in a row do.
    assert_eq!(waiting(pid).len(), 4);
    let sandboxes = waiting(pid);
    let mut other = request(&zygote, &["true"]);
    other.shm_size = 0;
    output(&zygote, other);
    until("other sandboxes", || {
        let now = waiting(pid);
        now.len() == 4 && now.iter().all(|pid| !sandboxes.contains(pid))
    });
}

#[test]
fn a_prepared_sandbox_enters_the_network_of_another_container() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let (owner, _) = zygote.launch(request(&zygote, &["sleep", "1000"]), &[]);
    let pid = owner.started().pid;
    let script = "echo /sys/class/net/*; grep ' /sys' /proc/self/mountinfo | wc -l";
    let guest = || {
        let mut guest = request(&zygote, &["sh", "-c", script]);
        guest.network = Network::Process { pid };
        guest
    };
    let first = output(&zygote, guest()).0;
    output(&zygote, guest());
    let of_zygote = zygote.pid();
    until("the prepared sandboxes", || waiting(of_zygote).len() == 4);
    assert_eq!(output(&zygote, guest()).0, first);
    owner.kill();
    owner.exited();
}

/// Runs a script in a container, then more containers. Returns whether one of these has the first one's network namespace.
fn serves_again(zygote: &Zygote, script: &str, isolated: bool) -> bool {
    let program = format!("{script}; exec sleep 1000");
    let mut first = request(zygote, &["sh", "-c", &program]);
    first.isolated = isolated;
    let (container, _) = zygote.launch(first, &[]);
    let pid = container.started().pid;
    until("the end of the script", || name_of(pid) == "sleep");
    let link = format!("/proc/{pid}/ns/net");
    // While it is open, no other namespace has its number.
    let held = fs::File::open(&link).unwrap();
    let name = fs::read_link(&link).unwrap();
    container.kill();
    container.exited();
    let found = (0..24).any(|_| {
        let next = request(zygote, &["busybox", "readlink", "/proc/self/ns/net"]);
        Path::new(output(zygote, next).0.trim()) == name
    });
    drop(held);
    found
}

#[test]
fn a_network_namespace_serves_the_next_container_if_nothing_of_the_first_can_be_in_it() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    warm_up(&zygote, request(&zygote, &["true"]));
    // A sandbox that was prepared without a prepared namespace has its own, which nobody keeps.
    assert!((0..20).any(|_| serves_again(&zygote, "true", true)));
    assert!(!(0..2).any(|_| serves_again(&zygote, "true", false)));
    assert!(!(0..2).any(|_| serves_again(&zygote, "busybox nc 127.0.0.1 9", true)));
    // No route: the attempt is only counted.
    assert!(!(0..12).any(|_| serves_again(&zygote, "busybox nc 192.0.2.1 9", true)));
}
