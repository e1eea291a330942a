//! Confinement of a worker, which parses archives and walks trees that images and containers control. A
//! compromised worker reaches only the directories of its request: no other file, no network, no process, no mount.

use std::os::fd::BorrowedFd;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use protocol::failure::{Failure, FailureKind};
use rustix::process::{chroot, fchdir};
use seccomp::Limited;

use crate::failure::{explained, system};
use crate::privileges::{capabilities, own_process};

/// Capabilities to read any file of the user namespace, and to give it an owner, a mode and capabilities of its own.
const CAPABILITIES: [&str; 5] = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETFCAP"];

/// Number of `fchmodat2` on every architecture. The crate `libc` lacks it for aarch64.
const FCHMODAT2: libc::c_long = 452;

/// System calls for files below opened directories, for messages on the open channel, for memory, and for the threads
/// of the unpacking pipeline. None creates a socket, executes a program, mounts, or looks at another process.
const CALLS: &[libc::c_long] = &[
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_copy_file_range,
    libc::SYS_dup,
    libc::SYS_eventfd2,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fadvise64,
    libc::SYS_fallocate,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    FCHMODAT2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_fdatasync,
    libc::SYS_fgetxattr,
    libc::SYS_flistxattr,
    libc::SYS_fremovexattr,
    libc::SYS_fsetxattr,
    libc::SYS_fstat,
    libc::SYS_fstatfs,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_futex,
    libc::SYS_getdents64,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_getxattr,
    libc::SYS_lgetxattr,
    libc::SYS_linkat,
    libc::SYS_listxattr,
    libc::SYS_llistxattr,
    libc::SYS_lremovexattr,
    libc::SYS_lseek,
    libc::SYS_lsetxattr,
    libc::SYS_madvise,
    libc::SYS_memfd_create,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_ppoll,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_read,
    libc::SYS_readlinkat,
    libc::SYS_readv,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_removexattr,
    libc::SYS_renameat2,
    libc::SYS_restart_syscall,
    // A new thread makes these calls first.
    libc::SYS_rseq,
    libc::SYS_rt_sigprocmask,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_sendfile,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setxattr,
    libc::SYS_splice,
    libc::SYS_statx,
    libc::SYS_symlinkat,
    libc::SYS_syncfs,
    libc::SYS_umask,
    libc::SYS_unlinkat,
    libc::SYS_utimensat,
    libc::SYS_write,
    libc::SYS_writev,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    libc::SYS_renameat,
];

/// The flags with which the C library creates a thread. No process and no namespace is created.
const THREAD: u32 = (libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SYSVSEM
    | libc::CLONE_SETTLS
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_CLEARTID) as u32;

/// Calls that fail with ENOSYS, so that the C library uses another one.
const ABSENT: &[libc::c_long] = &[libc::SYS_clone3];

/// Restricts the process to files below these directories. The process must have one thread and have no other directory
/// open. The last directory becomes the root; the others must be roots of mounts, so that `..` does not leave them.
pub fn confine(directories: &[BorrowedFd<'_>]) -> Result<(), Failure> {
    rustix::thread::set_no_new_privs(true)
        .map_err(|errno| system("confine", "privileges", errno))?;
    enclose(directories)?;
    restrict_files(directories)
        .map_err(|error| explained(FailureKind::System, "confine", error.to_string()))?;
    capabilities::apply(capabilities::parse(&CAPABILITIES.map(str::to_owned))?)?;
    sys::seccomp::install(&filter()).map_err(|errno| system("confine", "calls", errno))
}

/// Makes the last directory the root: Landlock does not restrict changes of mode, owner, times and attributes.
fn enclose(directories: &[BorrowedFd<'_>]) -> Result<(), Failure> {
    let Some(root) = directories.last() else {
        return Ok(());
    };
    fchdir(root)
        .and_then(|()| chroot("."))
        .map_err(|errno| system("confine", "root", errno))
}

pub fn filter() -> seccomp::Filter {
    let threads = Limited::new(libc::SYS_clone, 0, &[THREAD]);
    let flags = Limited::new(libc::SYS_ioctl, 1, &[libc::FS_IOC_GETFLAGS as u32]);
    let limits = own_process::limits().into_iter().chain([threads, flags]);
    let limits: Vec<Limited> = limits.collect();
    seccomp::allow_only(CALLS, &limits, ABSENT)
}

fn restrict_files(directories: &[BorrowedFd<'_>]) -> Result<RulesetStatus, RulesetError> {
    let abi = ABI::V6;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?;
    let files = AccessFs::from_all(abi) & !(AccessFs::Execute | AccessFs::IoctlDev);
    for directory in directories {
        rules = rules.add_rule(PathBeneath::new(directory, files))?;
    }
    rules.restrict_self().map(|status| status.ruleset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::os::fd::AsFd;
    use std::path::PathBuf;

    use rustix::fs::{AtFlags, Mode, OFlags, linkat, mkdirat, openat, renameat, unlinkat};
    use rustix::io::Errno;
    use rustix::net::{AddressFamily, SocketType};
    use rustix::process::{Pid, Signal};

    /// A directory of a request and a file of the user beside it.
    struct Scene {
        root: PathBuf,
    }

    impl Scene {
        fn new(name: &str) -> Self {
            let root =
                std::env::temp_dir().join(format!("tbox-worker-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&root);
            fs::create_dir_all(root.join("layer/sub")).unwrap();
            fs::write(root.join("layer/file"), "of the image").unwrap();
            fs::write(root.join("secret"), "of the user").unwrap();
            std::os::unix::fs::symlink("../secret", root.join("layer/link")).unwrap();
            Self { root }
        }

        /// Runs an attempt in a confined thread.
        fn confined<T: Send>(
            &self,
            attempt: impl FnOnce(BorrowedFd<'_>, &Scene) -> T + Send,
        ) -> Option<T> {
            let directory = File::open(self.root.join("layer")).unwrap();
            std::thread::scope(|threads| {
                let thread = threads.spawn(|| {
                    rustix::thread::set_no_new_privs(true).unwrap();
                    let status = restrict_files(&[directory.as_fd()]).unwrap();
                    if status == RulesetStatus::NotEnforced {
                        eprintln!("skipped: the kernel has no Landlock");
                        return None;
                    }
                    sys::seccomp::install(&filter()).unwrap();
                    Some(attempt(directory.as_fd(), self))
                });
                thread.join().unwrap()
            })
        }
    }

    impl Drop for Scene {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.root);
        }
    }

    #[test]
    fn files_of_the_request_are_read_and_written() {
        let scene = Scene::new("inside");
        scene.confined(|directory, _| {
            let read = openat(directory, "file", OFlags::RDONLY, Mode::empty());
            assert!(read.is_ok());
            mkdirat(directory, "new", Mode::RWXU).unwrap();
            let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::TRUNC;
            let file = openat(directory, "new/a", flags, Mode::RUSR).unwrap();
            rustix::io::write(&file, b"text").unwrap();
            rustix::fs::fchmod(&file, Mode::RWXU).unwrap();
            linkat(directory, "new/a", directory, "sub/b", AtFlags::empty()).unwrap();
            renameat(directory, "sub/b", directory, "c").unwrap();
            unlinkat(directory, "c", AtFlags::empty()).unwrap();
            std::thread::spawn(|| 7).join().unwrap()
        });
    }

    #[test]
    fn files_of_the_user_are_out_of_reach() {
        let scene = Scene::new("outside");
        scene.confined(|directory, scene| {
            let read = |path: &str| openat(directory, path, OFlags::RDONLY, Mode::empty()).err();
            assert_eq!(read("../secret"), Some(Errno::ACCESS));
            assert_eq!(read("link"), Some(Errno::ACCESS));
            assert_eq!(read("/etc/passwd"), Some(Errno::ACCESS));
            assert_eq!(read("/proc/self/environ"), Some(Errno::ACCESS));
            assert_eq!(read("/proc/self/mem"), Some(Errno::ACCESS));
            let outside = scene.root.join("planted");
            let flags = OFlags::CREATE | OFlags::WRONLY;
            let created = openat(directory, &outside, flags, Mode::RUSR).err();
            assert_eq!(created, Some(Errno::ACCESS));
            let moved = renameat(directory, "file", directory, "../moved").err();
            assert!(matches!(moved, Some(Errno::ACCESS | Errno::XDEV)));
            let linked = linkat(directory, "../secret", directory, "mine", AtFlags::empty()).err();
            assert!(matches!(linked, Some(Errno::ACCESS | Errno::XDEV)));
        });
        assert_eq!(fs::read(scene.root.join("secret")).unwrap(), b"of the user");
    }

    #[test]
    fn nothing_leaves_the_process() {
        let scene = Scene::new("calls");
        let victim = Pid::from_raw(std::process::id() as i32);
        scene.confined(|_, _| {
            for family in [
                AddressFamily::UNIX,
                AddressFamily::INET,
                AddressFamily::NETLINK,
            ] {
                let socket = rustix::net::socket(family, SocketType::DGRAM, None);
                assert_eq!(socket.err(), Some(Errno::PERM), "{family:?}");
            }
            assert_eq!(sys::namespaces::enter_new_cgroup().err(), Some(Errno::PERM));
            let mounted = rustix::mount::mount_bind("/", "/mnt");
            assert_eq!(mounted, Err(Errno::PERM));
            let killed = rustix::process::kill_process(victim.unwrap(), Signal::CONT);
            assert_eq!(killed, Err(Errno::PERM));
            let opened =
                rustix::process::pidfd_open(victim.unwrap(), rustix::process::PidfdFlags::empty());
            assert_eq!(opened.err(), Some(Errno::PERM));
            assert_eq!(rustix::process::chdir("/").err(), Some(Errno::PERM));
        });
    }

    #[test]
    fn forbidden_calls_are_not_in_the_list() {
        let answer = |number: libc::c_long| {
            let architecture = seccomp::Architecture::NATIVE.audit();
            seccomp::interpreter::run(&filter(), architecture, number as u32, [0; 6])
        };
        for call in [
            libc::SYS_execve,
            libc::SYS_execveat,
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_pidfd_getfd,
            libc::SYS_bpf,
            libc::SYS_io_uring_setup,
            libc::SYS_keyctl,
            libc::SYS_userfaultfd,
            libc::SYS_perf_event_open,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_pivot_root,
            libc::SYS_chroot,
            libc::SYS_open_tree,
            libc::SYS_move_mount,
            libc::SYS_connect,
            libc::SYS_bind,
            libc::SYS_kill,
            libc::SYS_setuid,
            libc::SYS_capset,
            libc::SYS_ioctl,
            libc::SYS_clone,
        ] {
            assert_eq!(
                answer(call),
                libc::SECCOMP_RET_ERRNO | libc::EPERM as u32,
                "{call}"
            );
        }
    }
}
