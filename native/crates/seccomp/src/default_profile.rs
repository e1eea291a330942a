//! The default profile: an allow-list equal to Docker's, and stricter where a comment says so.

use crate::architecture::Architecture;
use crate::rules::{ALLOW, Comparison, Condition, Rule, errno};
use crate::table::Table;

/// Calls that every container may make.
#[rustfmt::skip]
const ALWAYS: &[&str] = &[
    "accept", "accept4", "access", "adjtimex", "alarm", "bind", "brk", "cachestat", "capget", "capset", "chdir",
    "chmod", "chown", "clock_adjtime", "clock_getres", "clock_gettime",
    "clock_nanosleep", "close", "close_range", "connect",
    "copy_file_range", "creat", "dup", "dup2", "dup3", "epoll_create", "epoll_create1", "epoll_ctl",
    "epoll_ctl_old", "epoll_pwait", "epoll_pwait2", "epoll_wait", "epoll_wait_old", "eventfd", "eventfd2",
    "execve", "execveat", "exit", "exit_group", "faccessat", "faccessat2", "fadvise64", "fallocate",
    "fanotify_mark", "fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchownat", "fcntl", "fdatasync",
    "fgetxattr", "flistxattr", "flock", "fork", "fremovexattr", "fsetxattr", "fstat", "fstatfs", "fsync",
    "ftruncate", "futex", "futex_requeue", "futex_wait", "futex_waitv", "futex_wake", "futimesat",
    "get_robust_list", "get_thread_area", "getcpu", "getcwd", "getdents", "getdents64", "getegid", "geteuid",
    "getgid", "getgroups", "getitimer", "getpeername", "getpgid", "getpgrp", "getpid", "getppid", "getpriority",
    "getrandom", "getresgid", "getresuid", "getrlimit", "getrusage", "getsid", "getsockname", "getsockopt",
    "gettid", "gettimeofday", "getuid", "getxattr", "getxattrat", "inotify_add_watch", "inotify_init",
    "inotify_init1", "inotify_rm_watch", "io_cancel", "io_destroy", "io_getevents", "io_pgetevents",
    "io_setup", "io_submit", "ioprio_get", "ioprio_set", "kill",
    "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "lchown", "lgetxattr", "link",
    "linkat", "listen", "listmount", "listxattr", "listxattrat", "llistxattr", "lremovexattr", "lseek",
    "lsetxattr", "lstat", "madvise", "map_shadow_stack", "membarrier", "memfd_create", "memfd_secret", "mincore",
    "mkdir", "mkdirat", "mknod", "mknodat", "mlock", "mlock2", "mlockall", "mmap", "mprotect", "mq_getsetattr",
    "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend", 
    "mq_unlink", "mremap", "mseal", "msgctl", "msgget", "msgrcv", "msgsnd", "msync", "munlock", "munlockall",
    "munmap", "name_to_handle_at", "nanosleep", "newfstatat", "open", "openat", "openat2", "pause", "pidfd_open",
    "pidfd_send_signal", "pipe", "pipe2", "pkey_alloc", "pkey_free", "pkey_mprotect", "poll", "ppoll",
    "prctl", "pread64", "preadv", "preadv2", "prlimit64", "process_mrelease", "process_vm_readv",
    "process_vm_writev", "pselect6", "ptrace", "pwrite64", "pwritev", "pwritev2", "read",
    "readahead", "readlink", "readlinkat", "readv", "recvfrom", "recvmmsg", "recvmsg",
    "remap_file_pages", "removexattr", "removexattrat", "rename", "renameat", "renameat2", "restart_syscall",
    "rmdir", "rseq", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn",
    "rt_sigsuspend", "rt_sigtimedwait", "rt_tgsigqueueinfo", "sched_get_priority_max",
    "sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler",
    "sched_rr_get_interval", "sched_setaffinity", "sched_setattr",
    "sched_setparam", "sched_setscheduler", "sched_yield", "seccomp", "select", "semctl", "semget", "semop",
    "semtimedop", "sendfile", "sendmmsg", "sendmsg", "sendto", "set_robust_list",
    "set_thread_area", "set_tid_address", "setfsgid", "setfsuid", "setgid", "setgroups", "setitimer", "setpgid",
    "setpriority", "setregid", "setresgid", "setresuid", "setreuid", "setrlimit", "setsid", "setuid",
    "setxattr", "setxattrat", "shmat", "shmctl", "shmdt", "shmget", "shutdown", "sigaltstack", "signalfd",
    "signalfd4", "socketpair", "splice", "stat", "statfs", "statmount", "statx", "symlink", "symlinkat", "sync",
    "sync_file_range", "syncfs", "sysinfo", "tee", "tgkill", "time", "timer_create", "timer_delete",
    "timer_getoverrun", "timer_gettime", "timer_settime", "timerfd_create",
    "timerfd_gettime", "timerfd_settime", "times", "tkill", "truncate",
    "umask", "uname", "unlink", "unlinkat", "uretprobe", "utime", "utimensat", "utimes",
    "vfork", "vmsplice", "wait4", "waitid", "write", "writev",
];

/// Calls that one architecture has for its own processors.
const OF_ARCHITECTURE: &[(Architecture, &[&str])] =
    &[(Architecture::X86_64, &["arch_prctl", "modify_ldt"])];

/// Calls that require a capability.
const WITH_CAPABILITY: &[(&str, &[&str])] = &[
    ("BPF", &["bpf"]),
    ("DAC_READ_SEARCH", &["open_by_handle_at"]),
    // Without it, `limited` tells which options may be set.
    ("NET_ADMIN", &["setsockopt"]),
    ("PERFMON", &["perf_event_open"]),
    ("SYSLOG", &["syslog"]),
    (
        "SYS_ADMIN",
        &[
            "bpf",
            "fanotify_init",
            "fsconfig",
            "fsmount",
            "fsopen",
            "fspick",
            "lookup_dcookie",
            "lsm_get_self_attr",
            "lsm_list_modules",
            "lsm_set_self_attr",
            "mount",
            "mount_setattr",
            "move_mount",
            "open_tree",
            "perf_event_open",
            "quotactl",
            "quotactl_fd",
            "setdomainname",
            "sethostname",
            "setns",
            "syslog",
            "umount2",
            "unshare",
        ],
    ),
    ("SYS_BOOT", &["reboot"]),
    ("SYS_CHROOT", &["chroot"]),
    (
        "SYS_MODULE",
        &["delete_module", "finit_module", "init_module"],
    ),
    (
        "SYS_NICE",
        &[
            "get_mempolicy",
            "mbind",
            "set_mempolicy",
            "set_mempolicy_home_node",
        ],
    ),
    ("SYS_PACCT", &["acct"]),
    ("SYS_PTRACE", &["kcmp", "pidfd_getfd", "process_madvise"]),
    ("SYS_RAWIO", &["ioperm", "iopl"]),
    ("SYS_TIME", &["clock_settime", "settimeofday"]),
    ("SYS_TTY_CONFIG", &["vhangup"]),
];

/// All CLONE_NEW* flags, including CLONE_NEWTIME.
const NEW_NAMESPACES: u64 = 0x7e02_0080;

/// PER_LINUX, PER_LINUX32, both with UNAME26, and the value that queries the personality.
const PERSONALITIES: [u32; 5] = [0, 8, 0x2_0000, 0x2_0008, u32::MAX];

/// MRT_INIT (linux/mroute.h) and MRT6_INIT (linux/mroute6.h).
const START_OF_MULTICAST_ROUTER: u32 = 200;

/// Returns the profile for a container whose capabilities `has` knows.
pub fn table(architecture: Architecture, has: &dyn Fn(&str) -> bool) -> Table {
    let mut table = Table::new(architecture, errno(libc::EPERM));
    let mut add = |name: &str, rule: Rule| {
        if let Some(number) = architecture.number(name) {
            table.add(number, rule);
        }
    };
    for (name, rules) in limited() {
        for rule in rules {
            add(name, rule);
        }
    }
    if has("SYS_ADMIN") {
        add("clone", Rule::always(ALLOW));
        add("clone3", Rule::always(ALLOW));
    } else {
        add("clone", Rule::when(vec![without(NEW_NAMESPACES)], ALLOW));
        // A filter cannot read its flags, which are in memory. C libraries fall back to clone.
        add("clone3", Rule::always(errno(libc::ENOSYS)));
    }
    let own = OF_ARCHITECTURE
        .iter()
        .filter(|(one, _)| *one == architecture);
    let held = WITH_CAPABILITY.iter().filter(|(name, _)| has(name));
    let lists = own
        .map(|(_, names)| *names)
        .chain(held.map(|(_, names)| *names));
    for name in [ALWAYS].into_iter().chain(lists).flatten() {
        add(name, Rule::always(ALLOW));
    }
    table.hide_unknown();
    table
}

/// Returns the calls that are allowed with certain arguments. The kernel ignores the high half of these arguments, and
/// so does this filter. Docker's filter compares it, and allows a forbidden family or request with high bits.
fn limited() -> Vec<(&'static str, Vec<Rule>)> {
    let is = |argument, value| Condition::low(argument, Comparison::Equal, value);
    let sockets = [libc::AF_ALG, libc::AF_VSOCK];
    let other_family = sockets.map(|family| is(0, family as u32).negated());
    // This rule is stricter than Docker's profile: it forbids inserting input into a terminal.
    let inserts = [libc::TIOCSTI, libc::TIOCLINUX];
    let other_request = inserts.map(|request| is(1, request as u32).negated());
    let personalities = PERSONALITIES.map(|value| Rule::when(vec![is(0, value)], ALLOW));
    // This rule is stricter than Docker's profile: it forbids starting to route multicast packets. The kernel keeps settings of
    // such a router in the network namespace, which may serve another container.
    let other_option = is(2, START_OF_MULTICAST_ROUTER).negated();
    let other_level =
        [libc::IPPROTO_IP, libc::IPPROTO_IPV6].map(|level| is(1, level as u32).negated());
    let options = vec![
        Rule::when(vec![other_option], ALLOW),
        Rule::when(other_level.to_vec(), ALLOW),
    ];
    vec![
        ("setsockopt", options),
        ("socket", vec![Rule::when(other_family.to_vec(), ALLOW)]),
        ("ioctl", vec![Rule::when(other_request.to_vec(), ALLOW)]),
        ("personality", personalities.to_vec()),
    ]
}

fn without(flags: u64) -> Condition {
    Condition {
        mask: flags,
        value: 0,
        ..Condition::low(0, Comparison::Equal, 0)
    }
}

/// Returns all names in the profile.
#[cfg(test)]
pub fn names() -> Vec<&'static str> {
    let lists = OF_ARCHITECTURE.iter().map(|(_, names)| *names);
    let capabilities = WITH_CAPABILITY.iter().map(|(_, names)| *names);
    [ALWAYS]
        .into_iter()
        .chain(lists)
        .chain(capabilities)
        .flatten()
        .copied()
        .collect()
}
