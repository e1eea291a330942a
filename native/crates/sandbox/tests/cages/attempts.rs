//! Attempts of a process that has been taken over, and their outcomes.

use std::ffi::CString;
use std::fmt::Write;
use std::fs::{self, File};
use std::io::{Error, ErrorKind, Read, Seek};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::Command;

use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, Timespec, Timestamps, Uid, chmodat, chownat, mkdirat, openat,
    statat, symlinkat, unlinkat, utimensat,
};
use rustix::io::Errno;
use rustix::mount::{MountFlags, OpenTreeFlags};
use rustix::net::{AddressFamily, SocketType};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, Resource, Rlimit, Signal};

/// Lines of /proc/self/status about rights.
const RIGHTS: [&str; 7] = [
    "CapInh",
    "CapPrm",
    "CapEff",
    "CapAmb",
    "NoNewPrivs",
    "Seccomp",
    "Threads",
];

/// Opened and measured while everything was allowed.
pub struct Attempts {
    own: Option<File>,
    status: File,
    user_namespace: File,
    mount_namespace: File,
    parent: Pid,
    top: Vec<String>,
    program: OwnedFd,
    text: String,
}

impl Attempts {
    /// `own` is the directory in reach, if one is.
    pub fn prepare(own: Option<File>) -> Self {
        let top = fs::read_dir("/").unwrap().flatten();
        let top = top.map(|entry| entry.file_name().into_string().unwrap());
        Self {
            own,
            status: File::open("/proc/self/status").unwrap(),
            user_namespace: File::open("/proc/self/ns/user").unwrap(),
            mount_namespace: File::open("/proc/self/ns/mnt").unwrap(),
            parent: rustix::process::getppid().unwrap(),
            top: top.collect(),
            program: File::open("/proc/self/exe").unwrap().into(),
            text: String::new(),
        }
    }

    pub fn text(self) -> String {
        self.text
    }

    fn record<T>(&mut self, attempt: &str, outcome: Result<T, impl Into<Error>>) {
        let outcome = match outcome {
            Ok(_) => "allowed".to_owned(),
            Err(error) => {
                let error: Error = error.into();
                let errno = error.raw_os_error().unwrap_or_default();
                // Which layer refuses an attempt first depends on the kernel.
                match error.kind() {
                    ErrorKind::PermissionDenied
                    | ErrorKind::ReadOnlyFilesystem
                    | ErrorKind::NotFound => "refused".to_owned(),
                    _ => Errno::from_raw_os_error(errno).to_string(),
                }
            }
        };
        writeln!(self.text, "{attempt}: {outcome}").unwrap();
    }

    fn title(&mut self, title: &str) {
        writeln!(self.text, "\n{title}").unwrap();
    }

    /// Tries what no cage allows.
    pub fn of_every_cage(&mut self) {
        self.rights();
        self.files();
        self.sockets();
        self.processes();
        self.namespaces_and_mounts();
    }

    pub fn rights(&mut self) {
        self.text.push_str("rights\n");
        let mut status = String::new();
        self.status.rewind().unwrap();
        self.status.read_to_string(&mut status).unwrap();
        for line in status.lines() {
            if RIGHTS
                .iter()
                .any(|name| line.starts_with(&format!("{name}:")))
            {
                writeln!(self.text, "{line}").unwrap();
            }
        }
    }

    pub fn files(&mut self) {
        self.title("files");
        let read = |path: &str| openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        let top = std::mem::take(&mut self.top);
        let reached = top.iter().filter(|name| read(&format!("/{name}")).is_ok());
        let listed = match reached.count() {
            0 => Err(Errno::ACCESS),
            _ => Ok(()),
        };
        self.record("open a directory of the host's root", listed);
        for path in [
            "/etc/passwd",
            "/etc/resolv.conf",
            "/run",
            "../../../../../../../../../../../../etc/passwd",
            "/proc/self/environ",
            "/proc/self/mem",
            "/proc/1/root",
            "/proc/sys/kernel/hostname",
            "/dev/null",
            "/sys/kernel",
        ] {
            self.record(&format!("read {path}"), read(path));
        }
        self.changes("/tmp", None);
        if let Some(own) = self.own.take() {
            self.changes("its own directory", Some(&own));
            self.beside(&own);
        }
    }

    /// Attempts to change files in a directory.
    fn changes(&mut self, name: &str, directory: Option<&File>) {
        let (at, prefix) = match directory {
            Some(directory) => (directory.as_fd(), ""),
            None => (CWD, "/tmp/"),
        };
        let planted = format!("{prefix}planted-{}", std::process::id());
        let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
        let created = openat(at, &planted, flags, Mode::RUSR);
        self.record(&format!("create a file in {name}"), created);
        let made = mkdirat(at, format!("{planted}-d"), Mode::RWXU);
        self.record(&format!("create a directory in {name}"), made);
        let linked = symlinkat("/", at, format!("{planted}-l"));
        self.record(&format!("create a link in {name}"), linked);
        let changed = chmodat(at, prefix, Mode::RWXU, AtFlags::empty());
        let changed = match directory {
            Some(own) => rustix::fs::fchmod(own, Mode::RWXU),
            None => changed,
        };
        self.record(&format!("change the mode of {name}"), changed);
        if directory.is_some() {
            let removed = unlinkat(at, &planted, AtFlags::empty());
            self.record(&format!("remove a file of {name}"), removed);
        }
    }

    /// Attempts to reach a file of the user beside the directory.
    fn beside(&mut self, own: &File) {
        let read = openat(own, "../secret", OFlags::RDONLY, Mode::empty());
        self.record("read a file beside its own directory", read);
        let mode = chmodat(own, "../secret", Mode::RWXU, AtFlags::empty());
        self.record("change the mode of a file beside its own directory", mode);
        let times = Timestamps {
            last_access: Timespec::default(),
            last_modification: Timespec::default(),
        };
        let times = utimensat(own, "../secret", &times, AtFlags::empty());
        self.record("change the time of a file beside its own directory", times);
        let owner = chownat(own, "../secret", Some(Uid::ROOT), None, AtFlags::empty());
        self.record("change the owner of a file beside its own directory", owner);
        let status = statat(own, "../secret", AtFlags::empty());
        self.record("read the status of a file beside its own directory", status);
    }

    pub fn kernel_parameters(&mut self) {
        self.title("kernel parameters");
        self.record(
            "enter a new network namespace",
            sys::network_namespace::enter_new(),
        );
        for path in [
            "/proc/sys/net/ipv4/ip_forward",
            "/proc/sys/vm/overcommit_memory",
            "/proc/sysrq-trigger",
        ] {
            self.record(&format!("write {path}"), fs::write(path, "1"));
        }
    }

    pub fn sockets(&mut self) {
        self.title("sockets");
        for (name, family, kind) in [
            ("an IPv4", AddressFamily::INET, SocketType::DGRAM),
            ("an IPv6", AddressFamily::INET6, SocketType::STREAM),
            ("a netlink", AddressFamily::NETLINK, SocketType::RAW),
            ("a packet", AddressFamily::PACKET, SocketType::RAW),
            ("a Unix", AddressFamily::UNIX, SocketType::STREAM),
            ("a vsock", AddressFamily::VSOCK, SocketType::STREAM),
            ("a Bluetooth", AddressFamily::BLUETOOTH, SocketType::RAW),
        ] {
            let created = rustix::net::socket(family, kind, None);
            self.record(&format!("create {name} socket"), created);
        }
        let raw = rustix::net::socket(
            AddressFamily::INET,
            SocketType::RAW,
            Some(rustix::net::ipproto::ICMP),
        );
        self.record("create a raw IPv4 socket", raw);
        self.record("create a pair of Unix sockets", UnixStream::pair());
        self.record(
            "connect to /run/dbus/system_bus_socket",
            UnixStream::connect("/run/dbus/system_bus_socket"),
        );
    }

    pub fn processes(&mut self) {
        self.title("processes");
        let parent = self.parent;
        self.record(
            "signal its parent",
            rustix::process::kill_process(parent, Signal::CONT),
        );
        self.record(
            "open its parent",
            rustix::process::pidfd_open(parent, PidfdFlags::empty()),
        );
        self.record(
            "read the limits of its parent",
            rustix::process::prlimit(
                Some(parent),
                Resource::Core,
                Rlimit {
                    current: Some(0),
                    maximum: Some(0),
                },
            ),
        );
        let taken = rustix::process::pidfd_getfd(&self.status, 0, PidfdGetfdFlags::empty());
        self.record("take a descriptor of another process", taken);
        self.record("fork", fork());
        self.record("execute a program", Command::new("/bin/true").status());
        let arguments = [c"true"];
        let executed = sys::fork::execute(self.program.as_fd(), &arguments, &[] as &[CString]);
        self.record("execute its own program", executed);
        self.record(
            "join a new session keyring",
            sys::keyring::join_new_session(),
        );
        self.record(
            "change its process group",
            rustix::process::setpgid(None, None),
        );
    }

    pub fn namespaces_and_mounts(&mut self) {
        self.title("namespaces and mounts");
        self.record(
            "enter a new user namespace",
            sys::user_namespace::enter_child(),
        );
        self.record(
            "enter a new mount namespace",
            sys::namespaces::enter_new_mounts(),
        );
        self.record(
            "enter a new cgroup namespace",
            sys::namespaces::enter_new_cgroup(),
        );
        let user = sys::user_namespace::enter(self.user_namespace.as_fd());
        self.record("enter a user namespace that is open", user);
        let mounts = sys::namespaces::enter_mounts(self.mount_namespace.as_fd());
        self.record("return to the first mount namespace", mounts);
        self.record(
            "mount a file system",
            rustix::mount::mount("x", "/proc", "tmpfs", MountFlags::empty(), None),
        );
        self.record(
            "clone a mount",
            rustix::mount::open_tree(CWD, "/", OpenTreeFlags::OPEN_TREE_CLONE),
        );
        self.record("change its root", rustix::process::chroot("/"));
        self.record("exchange its root", rustix::process::pivot_root("/", "/"));
    }
}

fn fork() -> Result<(), Error> {
    match sys::fork::fork() {
        Ok(sys::fork::Side::Child) => std::process::exit(0),
        Ok(sys::fork::Side::Parent(_)) => Ok(()),
        Err(sys::fork::Error::Fork(errno)) => Err(errno.into()),
        Err(error) => Err(Error::other(error)),
    }
}
