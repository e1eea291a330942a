//! System calls that a confined process may make about itself only. With other arguments, they signal or change other
//! processes of the same user, whatever their user namespace.

use seccomp::Limited;

/// Commands of `fcntl(2)` that concern the descriptor. The others choose a process to be sent a signal.
const DESCRIPTOR_COMMANDS: [libc::c_int; 10] = [
    libc::F_DUPFD,
    libc::F_DUPFD_CLOEXEC,
    libc::F_GETFD,
    libc::F_SETFD,
    libc::F_GETFL,
    libc::F_SETFL,
    libc::F_ADD_SEALS,
    libc::F_GET_SEALS,
    libc::F_SETPIPE_SZ,
    libc::F_GETPIPE_SZ,
];

/// Returns the limits for the calling process.
pub fn limits() -> [Limited; 4] {
    let commands = DESCRIPTOR_COMMANDS.map(|command| command as u32);
    [
        Limited::new(libc::SYS_fcntl, 1, &commands),
        Limited::new(libc::SYS_prctl, 0, &[libc::PR_SET_NAME as u32]),
        // 0 is the calling process.
        Limited::new(libc::SYS_prlimit64, 0, &[0]),
        // Without it, the C library cannot abort.
        Limited::new(libc::SYS_tgkill, 0, &[std::process::id()]),
    ]
}
