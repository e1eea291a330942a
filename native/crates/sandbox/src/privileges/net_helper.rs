//! Confinement of the net helper, which parses data from containers: few system calls, fewer files and almost
//! no rights.

use std::os::fd::BorrowedFd;
use std::path::Path;

use crate::failure::{explained, system};
use crate::privileges::capabilities;
use landlock::{
    ABI, Access, AccessFs, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus,
};
use protocol::failure::{Failure, FailureKind};

/// Capabilities to create interfaces, bind ports and enter namespaces.
const CAPABILITIES: [&str; 3] = ["NET_ADMIN", "NET_BIND_SERVICE", "SYS_ADMIN"];

/// Directories below `/run` where programs that manage names put their resolv.conf.
const RESOLVER_DIRECTORIES: [&str; 6] = [
    "/run/systemd/resolve",
    "/run/NetworkManager",
    "/run/resolvconf",
    "/run/netconfig",
    "/run/connman",
    "/run/dhcpcd",
];

/// System calls for input and output, sockets, waiting and memory. None starts a program or a thread, changes a
/// file's name or owner, or mounts anything.
const CALLS: &[libc::c_long] = &[
    libc::SYS_accept4,
    libc::SYS_bind,
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_connect,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fcntl,
    libc::SYS_fstat,
    libc::SYS_futex,
    libc::SYS_getdents64,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getpeername,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_ioctl,
    libc::SYS_listen,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_memfd_create,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_ppoll,
    libc::SYS_pread64,
    libc::SYS_prlimit64,
    libc::SYS_pwrite64,
    libc::SYS_read,
    libc::SYS_readlinkat,
    libc::SYS_readv,
    libc::SYS_recvfrom,
    libc::SYS_recvmmsg,
    libc::SYS_recvmsg,
    libc::SYS_restart_syscall,
    // First calls of a thread: one may have been started just before the filter is installed.
    libc::SYS_rseq,
    libc::SYS_set_robust_list,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_sendmmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setns,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    libc::SYS_sigaltstack,
    libc::SYS_statx,
    libc::SYS_tgkill,
    libc::SYS_unlinkat,
    libc::SYS_write,
    libc::SYS_writev,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
];

/// System calls that are allowed only with these first arguments. No Unix socket can be created, because it could
/// connect to other programs of the user.
const LIMITED: &[(libc::c_long, &[u32])] = &[
    (
        libc::SYS_socket,
        &[
            libc::AF_INET as u32,
            libc::AF_INET6 as u32,
            libc::AF_NETLINK as u32,
        ],
    ),
    (libc::SYS_prctl, &[libc::PR_SET_NAME as u32]),
    (libc::SYS_unshare, &[libc::CLONE_NEWNET as u32]),
];

/// Gives up rights and, if the kernel has Landlock, access to files, for this thread and those it starts. `run`
/// is the directory with the helper's socket.
pub fn confine(resolver: &Path, run: BorrowedFd<'_>) -> Result<(), Failure> {
    rustix::thread::set_no_new_privs(true)
        .map_err(|errno| system("confine", "privileges", errno))?;
    capabilities::apply(capabilities::parse(&CAPABILITIES.map(str::to_owned))?)?;
    restrict_files(resolver, run)
        .map(drop)
        .map_err(|error| explained(FailureKind::System, "confine", error.to_string()))
}

/// Gives up all other system calls, for all threads. The helper's Unix sockets exist already.
pub fn confine_calls() -> Result<(), Failure> {
    sys::seccomp::install_for_all_threads(&filter())
        .map_err(|errno| system("confine", "calls", errno))
}

pub fn filter() -> seccomp::Filter {
    seccomp::allow_only(CALLS, LIMITED, &[])
}

fn restrict_files(resolver: &Path, run: BorrowedFd<'_>) -> Result<RulesetStatus, RulesetError> {
    let abi = ABI::V3;
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .create()?;
    let real = std::fs::canonicalize(resolver).ok();
    let resolvers = real.as_deref().and_then(Path::parent);
    let read: BitFlags<_> = AccessFs::ReadFile.into();
    let mut allowed = vec![
        // resolv.conf may become a link to another file at any time, so the directory of its current target and the
        // directories where programs put such files are allowed.
        (Path::new("/etc"), read),
        (Path::new("/proc"), AccessFs::ReadDir.into()),
        (
            Path::new("/proc/sys"),
            AccessFs::WriteFile | AccessFs::Truncate,
        ),
    ];
    let known = RESOLVER_DIRECTORIES.map(Path::new);
    allowed.extend(
        known
            .into_iter()
            .chain(resolvers)
            .map(|directory| (directory, read)),
    );
    for (directory, access) in allowed {
        if let Ok(directory) = PathFd::new(directory) {
            rules = rules.add_rule(PathBeneath::new(directory, access))?;
        }
    }
    let socket = AccessFs::MakeSock | AccessFs::RemoveFile;
    rules = rules.add_rule(PathBeneath::new(run, socket))?;
    rules.restrict_self().map(|status| status.ruleset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::io::ErrorKind;
    use std::os::fd::AsFd;

    #[test]
    fn no_unix_socket_can_be_created() {
        let answer = |number: libc::c_long, family: i32| {
            let architecture = seccomp::Architecture::NATIVE.audit();
            let arguments = [family as u64, 0, 0, 0, 0, 0];
            seccomp::interpreter::run(&filter(), architecture, number as u32, arguments)
        };
        for family in [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK] {
            assert_eq!(answer(libc::SYS_socket, family), libc::SECCOMP_RET_ALLOW);
        }
        for call in [libc::SYS_socket, libc::SYS_socketpair] {
            let refused = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
            assert_eq!(answer(call, libc::AF_UNIX), refused);
        }
    }

    #[test]
    fn files_of_the_user_are_not_accessible() {
        let directory = std::env::temp_dir().join(format!("tbox-confined-{}", std::process::id()));
        fs::create_dir_all(directory.join("run")).unwrap();
        fs::write(directory.join("secret"), "of the user").unwrap();
        let run = File::open(directory.join("run")).unwrap();
        let resolver = Path::new("/etc/resolv.conf");
        let known = RESOLVER_DIRECTORIES.map(Path::new);
        let runtime = fs::read_dir("/run").into_iter().flatten().flatten();
        let runtime = runtime.map(|entry| entry.path());
        let foreign: Vec<_> = runtime
            .filter(|path| path.is_file() && File::open(path).is_ok())
            .filter(|path| !known.iter().any(|directory| path.starts_with(directory)))
            .collect();
        // Only this thread is restricted.
        std::thread::scope(|threads| {
            threads.spawn(|| {
                let status = restrict_files(resolver, run.as_fd()).unwrap();
                if status == RulesetStatus::NotEnforced {
                    eprintln!("skipped: the kernel has no Landlock");
                    return;
                }
                let kind = |error: std::io::Error| error.kind();
                let read = fs::read(directory.join("secret")).map_err(kind);
                assert_eq!(read, Err(ErrorKind::PermissionDenied));
                let written = fs::write(directory.join("secret"), "").map_err(kind);
                assert_eq!(written, Err(ErrorKind::PermissionDenied));
                assert!(fs::read("/etc/hostname").is_ok());
                for path in foreign {
                    let read = fs::read(&path).map_err(kind);
                    assert_eq!(read, Err(ErrorKind::PermissionDenied), "{path:?}");
                }
                assert!(fs::read_dir("/proc").is_ok());
                assert!(File::open("/proc/self/ns/net").is_ok());
                let environment = fs::read("/proc/self/environ").map_err(kind);
                assert_eq!(environment, Err(ErrorKind::PermissionDenied));
            });
        });
        assert_eq!(fs::read(directory.join("secret")).unwrap(), b"of the user");
        fs::remove_dir_all(directory).unwrap();
    }
}
