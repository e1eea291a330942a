//! Confinement of the process that looks up files of the host for the net helper.

use protocol::failure::Failure;
use rustix::fs::OFlags;
use seccomp::Limited;

use crate::failure::system;
use crate::privileges::{capabilities, own_process};

/// The capability to see the namespaces of containers' processes.
const CAPABILITIES: [&str; 1] = ["SYS_PTRACE"];

/// System calls to read files and directories and to answer on the open channel. None creates or changes a file, a socket
/// or a process.
const CALLS: &[libc::c_long] = &[
    libc::SYS_brk,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fstat,
    libc::SYS_futex,
    libc::SYS_getdents64,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_newfstatat,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_sigaltstack,
    libc::SYS_statx,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
];

/// Gives up all rights but to read files. The process must have one thread.
pub fn confine() -> Result<(), Failure> {
    rustix::thread::set_no_new_privs(true)
        .map_err(|errno| system("confine", "privileges", errno))?;
    capabilities::apply(capabilities::parse(&CAPABILITIES.map(str::to_owned))?)?;
    sys::seccomp::install(&filter()).map_err(|errno| system("confine", "calls", errno))
}

fn filter() -> seccomp::Filter {
    let mut limits = own_process::limits().to_vec();
    limits.push(Limited::new(libc::SYS_openat, 2, &reading_flags()));
    #[cfg(target_arch = "x86_64")]
    limits.push(Limited::new(libc::SYS_open, 1, &reading_flags()));
    seccomp::allow_only(CALLS, &limits, &[])
}

/// Returns the flags of open(2) that neither write nor create.
fn reading_flags() -> Vec<u32> {
    let mut found = vec![OFlags::RDONLY.bits()];
    for flag in [
        OFlags::CLOEXEC,
        OFlags::DIRECTORY,
        OFlags::LARGEFILE,
        OFlags::NONBLOCK,
    ] {
        let with: Vec<u32> = found.iter().map(|one| one | flag.bits()).collect();
        found.extend(with);
    }
    found
}
