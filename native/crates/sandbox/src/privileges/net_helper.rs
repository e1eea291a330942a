//! Confinement of the net helper, which parses data from containers: an empty root, few system calls and almost no
//! rights.

use std::path::Path;

use crate::failure::{explained, system};
use crate::mounts::empty_root;
use crate::privileges::{capabilities, own_process};
use landlock::{
    ABI, Access, AccessFs, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus,
};
use protocol::failure::{Failure, FailureKind};
use seccomp::Limited;

/// Capabilities to create interfaces, bind ports and enter namespaces.
const CAPABILITIES: [&str; 3] = ["NET_ADMIN", "NET_BIND_SERVICE", "SYS_ADMIN"];

/// The kernel's parameters of the network namespace of the thread that opens them.
const NETWORK_PARAMETERS: &str = "/proc/sys/net";

/// Requests of `ioctl(2)`: non-blocking mode, the index of an interface, and the network namespace of a socket.
const SOCKET_REQUESTS: [libc::Ioctl; 3] = [
    libc::FIONBIO,
    libc::SIOCGIFINDEX,
    sys::network_namespace::SIOCGSKNS,
];

/// Families of sockets. A Unix socket could connect to other programs of the user.
const SOCKET_FAMILIES: [libc::c_int; 3] = [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

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
    libc::SYS_fstat,
    libc::SYS_futex,
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
    libc::SYS_pwrite64,
    libc::SYS_read,
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
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    libc::SYS_sigaltstack,
    libc::SYS_statx,
    libc::SYS_write,
    libc::SYS_writev,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
];

/// Gives up rights and the host's files, for this thread and those it starts. The process must have one thread.
/// Descriptors stay open, so none may be of a directory.
pub fn confine() -> Result<(), Failure> {
    empty_root::enter(NETWORK_PARAMETERS)?;
    rustix::thread::set_no_new_privs(true)
        .map_err(|errno| system("confine", "privileges", errno))?;
    capabilities::apply(capabilities::parse(&CAPABILITIES.map(str::to_owned))?)?;
    restrict_files()
        .map(drop)
        .map_err(|error| explained(FailureKind::System, "confine", error.to_string()))
}

/// Gives up all other system calls, for all threads. The helper's Unix sockets exist already.
pub fn confine_calls() -> Result<(), Failure> {
    sys::seccomp::install_for_all_threads(&filter())
        .map_err(|errno| system("confine", "calls", errno))
}

pub fn filter() -> seccomp::Filter {
    let [mut limits, own] = [limits(), own_process::limits().to_vec()];
    limits.extend(own);
    seccomp::allow_only(CALLS, &limits, &[])
}

fn limits() -> Vec<Limited> {
    let families = SOCKET_FAMILIES.map(|family| family as u32);
    let requests = SOCKET_REQUESTS.map(|request| request as u32);
    let network = [libc::CLONE_NEWNET as u32];
    vec![
        Limited::new(libc::SYS_ioctl, 1, &requests),
        Limited::new(libc::SYS_setns, 1, &network),
        Limited::new(libc::SYS_socket, 0, &families),
        Limited::new(libc::SYS_unshare, 0, &network),
    ]
}

/// Allows, if the kernel has Landlock, to write the network parameters and nothing else.
fn restrict_files() -> Result<RulesetStatus, RulesetError> {
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V3))?
        .create()?;
    if let Ok(parameters) = PathFd::new(Path::new(NETWORK_PARAMETERS)) {
        let write = AccessFs::WriteFile | AccessFs::Truncate;
        rules = rules.add_rule(PathBeneath::new(parameters, write))?;
    }
    rules.restrict_self().map(|status| status.ruleset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_unix_socket_can_be_created() {
        let answer = |number: libc::c_long, family: i32| {
            let architecture = seccomp::Architecture::NATIVE.audit();
            let arguments = [family as u64, 0, 0, 0, 0, 0];
            seccomp::interpreter::run(&filter(), architecture, number as u32, arguments)
        };
        for family in SOCKET_FAMILIES {
            assert_eq!(answer(libc::SYS_socket, family), libc::SECCOMP_RET_ALLOW);
        }
        for call in [libc::SYS_socket, libc::SYS_socketpair] {
            let refused = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
            assert_eq!(answer(call, libc::AF_UNIX), refused);
        }
    }
}
