//! The table of system calls. A call with a number up to `LAST` is allowed unless a list refuses it, requires a
//! capability for it, or restricts its arguments. Higher numbers and the unused numbers in `GAP` are unknown to the
//! table and fail with ENOSYS, so a system call that a later kernel adds is never allowed by accident.

use crate::privileges::capabilities::{self, Set};

/// The filter's action for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Allow,
    /// Fails with EPERM.
    Refuse,
    /// Fails with ENOSYS.
    Unknown,
    /// Allows `clone` without new namespaces.
    CloneWithoutNamespaces,
    /// Allows `socket` for all families but AF_ALG and AF_VSOCK.
    SocketOfCommonFamily,
    /// Allows `personality` for harmless values and queries.
    HarmlessPersonality,
    /// Allows the call with one of these first arguments.
    FirstArgument(&'static [u32]),
    /// Allows `ioctl` except for requests that insert input into a terminal's queue.
    IoctlWithoutTerminalInput,
}

/// The highest number in the table: `mseal`.
pub const LAST: u32 = 462;

/// Unused numbers between those of the architecture and those that all architectures share.
#[cfg(target_arch = "x86_64")]
const GAP: std::ops::Range<u32> = 335..424;
#[cfg(target_arch = "aarch64")]
const GAP: std::ops::Range<u32> = 295..424;

/// Calls that are always refused: they affect more than the container or expose too much of the kernel.
const NEVER: &[libc::c_long] = &[
    libc::SYS_add_key,
    libc::SYS_keyctl,
    libc::SYS_request_key,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_move_pages,
    libc::SYS_nfsservctl,
    libc::SYS_pivot_root,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_userfaultfd,
    #[cfg(target_arch = "x86_64")]
    libc::SYS__sysctl,
    #[cfg(target_arch = "x86_64")]
    CREATE_MODULE,
    #[cfg(target_arch = "x86_64")]
    GET_KERNEL_SYMS,
    #[cfg(target_arch = "x86_64")]
    QUERY_MODULE,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_sysfs,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_uselib,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ustat,
];

#[cfg(target_arch = "x86_64")]
const CREATE_MODULE: libc::c_long = 174;
#[cfg(target_arch = "x86_64")]
const GET_KERNEL_SYMS: libc::c_long = 177;
#[cfg(target_arch = "x86_64")]
const QUERY_MODULE: libc::c_long = 178;

/// Calls that require one of the named capabilities.
const WITH_CAPABILITY: &[(&[&str], &[libc::c_long])] = &[
    (&["DAC_READ_SEARCH"], &[libc::SYS_open_by_handle_at]),
    (&["SYS_ADMIN", "BPF"], &[libc::SYS_bpf]),
    (&["SYS_ADMIN", "PERFMON"], &[libc::SYS_perf_event_open]),
    (&["SYS_ADMIN", "SYSLOG"], &[libc::SYS_syslog]),
    (
        &["SYS_ADMIN"],
        &[
            libc::SYS_fanotify_init,
            libc::SYS_fsconfig,
            libc::SYS_fsmount,
            libc::SYS_fsopen,
            libc::SYS_fspick,
            libc::SYS_lookup_dcookie,
            libc::SYS_mount,
            libc::SYS_mount_setattr,
            libc::SYS_move_mount,
            libc::SYS_open_tree,
            libc::SYS_quotactl,
            libc::SYS_quotactl_fd,
            libc::SYS_setdomainname,
            libc::SYS_sethostname,
            libc::SYS_setns,
            libc::SYS_umount2,
            libc::SYS_unshare,
        ],
    ),
    (
        &["SYS_BOOT"],
        &[
            libc::SYS_kexec_load,
            libc::SYS_kexec_file_load,
            libc::SYS_reboot,
        ],
    ),
    (&["SYS_CHROOT"], &[libc::SYS_chroot]),
    (
        &["SYS_MODULE"],
        &[
            libc::SYS_delete_module,
            libc::SYS_finit_module,
            libc::SYS_init_module,
        ],
    ),
    (
        &["SYS_NICE"],
        &[
            libc::SYS_get_mempolicy,
            libc::SYS_mbind,
            libc::SYS_migrate_pages,
            libc::SYS_set_mempolicy,
            SET_MEMPOLICY_HOME_NODE,
        ],
    ),
    (&["SYS_PACCT"], &[libc::SYS_acct]),
    (&["SYS_PTRACE"], &[libc::SYS_kcmp]),
    #[cfg(target_arch = "x86_64")]
    (&["SYS_RAWIO"], &[libc::SYS_ioperm, libc::SYS_iopl]),
    (
        &["SYS_TIME"],
        &[libc::SYS_clock_settime, libc::SYS_settimeofday],
    ),
    (&["SYS_TTY_CONFIG"], &[libc::SYS_vhangup]),
];

/// Number of the call on all architectures; libc lacks the constant on some.
const SET_MEMPOLICY_HOME_NODE: libc::c_long = 450;

/// Returns the action for a call of a container with these capabilities.
pub fn action(number: u32, capabilities: Set) -> Action {
    if number > LAST || GAP.contains(&number) {
        return Action::Unknown;
    }
    let call = libc::c_long::from(number);
    if NEVER.contains(&call) {
        return Action::Refuse;
    }
    if let Some((names, _)) = WITH_CAPABILITY
        .iter()
        .find(|(_, calls)| calls.contains(&call))
    {
        let held = names
            .iter()
            .filter_map(|name| capabilities::number(name))
            .any(|bit| capabilities & (1 << bit) != 0);
        return if held { Action::Allow } else { Action::Refuse };
    }
    let administrator = capabilities & capabilities::SYS_ADMIN != 0;
    match call {
        libc::SYS_clone if !administrator => Action::CloneWithoutNamespaces,
        // A filter cannot read its flags, which are in memory. C libraries fall back to clone.
        libc::SYS_clone3 if !administrator => Action::Unknown,
        libc::SYS_socket => Action::SocketOfCommonFamily,
        libc::SYS_personality => Action::HarmlessPersonality,
        libc::SYS_ioctl => Action::IoctlWithoutTerminalInput,
        _ => Action::Allow,
    }
}
