//! Session keyrings.

use rustix::io::Errno;

use crate::errno;

/// Replaces the process's session keyring by a new anonymous one without its parent's keys.
pub fn join_new_session() -> Result<(), Errno> {
    // SAFETY: a null name requests an anonymous keyring; no memory is passed.
    let result = unsafe {
        libc::syscall(
            libc::SYS_keyctl,
            libc::KEYCTL_JOIN_SESSION_KEYRING,
            std::ptr::null::<u8>(),
        )
    };
    errno::check(result)
}
