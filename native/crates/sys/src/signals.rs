//! Signal descriptors and signal dispositions.

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::io::Errno;

use crate::errno;

/// The highest signal number on Linux.
pub const HIGHEST: i32 = 64;

/// A set of signals as the kernel stores it: bit n - 1 is signal number n. The C library's sets lack the signals that
/// the library reserves, but another C library may use them.
type Set = u64;

/// Blocks these signals for this thread and returns a descriptor that reports them. The descriptor is non-blocking and
/// closed on exec.
pub fn descriptor(numbers: impl IntoIterator<Item = i32>) -> Result<OwnedFd, Errno> {
    let set = set_of(numbers);
    change_mask(libc::SIG_BLOCK, set)?;
    let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
    // SAFETY: `set` has the size that is passed; -1 requests a new descriptor.
    let raw = unsafe {
        libc::syscall(
            libc::SYS_signalfd4,
            -1,
            &raw const set,
            size_of::<Set>(),
            flags,
        )
    };
    let raw = i32::try_from(raw).ok().filter(|raw| *raw >= 0);
    let raw = raw.ok_or_else(errno::last)?;
    // SAFETY: the kernel has just returned this descriptor and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

/// Blocks all signals for this thread. They stay pending, also during an exec, until a [`descriptor`] reports them.
pub fn block_all() -> Result<(), Errno> {
    change_mask(libc::SIG_SETMASK, Set::MAX)
}

/// Reads a pending signal; nothing if there is none.
pub fn read(descriptor: BorrowedFd<'_>) -> Result<Option<i32>, Errno> {
    let mut info = [0_u8; size_of::<libc::signalfd_siginfo>()];
    match rustix::io::read(descriptor, &mut info) {
        Ok(_) => {
            let number = u32::from_ne_bytes([info[0], info[1], info[2], info[3]]);
            Ok(i32::try_from(number).ok())
        }
        Err(Errno::AGAIN) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Unblocks all signals and sets them to their defaults, except SIGPIPE, which is ignored: a parent may
/// leave signals blocked or ignored.
pub fn reset() -> Result<(), Errno> {
    for number in 1..=HIGHEST {
        set_action(
            number,
            match number {
                libc::SIGPIPE => libc::SIG_IGN,
                _ => libc::SIG_DFL,
            },
        );
    }
    unblock_all()
}

/// Prepares the signals for a program to be executed, after a [`reset`] in this process or an ancestor: nothing is
/// blocked and SIGPIPE has its default. The exec itself resets caught signals.
pub fn reset_for_program() -> Result<(), Errno> {
    set_action(libc::SIGPIPE, libc::SIG_DFL);
    unblock_all()
}

fn set_action(number: i32, action: libc::sighandler_t) {
    // The kernel's structure: handler, flags, restorer, mask. The C library's call refuses the two numbers
    // that it reserves, but a parent may have left those ignored too. KILL and STOP cannot be set and always
    // have their defaults.
    let action = [action, 0, 0, 0];
    // SAFETY: the callers' actions run no code of this process; the kernel reads four words, and the size
    // of its signal set is eight bytes; the old action is not requested.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigaction,
            number,
            action.as_ptr(),
            std::ptr::null::<usize>(),
            8,
        );
    }
}

fn unblock_all() -> Result<(), Errno> {
    change_mask(libc::SIG_SETMASK, 0)
}

fn change_mask(how: i32, set: Set) -> Result<(), Errno> {
    // SAFETY: `set` has the size that is passed; the old mask is not requested.
    let result = unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            how,
            &raw const set,
            std::ptr::null_mut::<Set>(),
            size_of::<Set>(),
        )
    };
    check(result)
}

/// Sends a signal, which may be a real-time one, to the process of a pidfd.
pub fn send(pidfd: BorrowedFd<'_>, number: i32) -> Result<(), Errno> {
    // SAFETY: the descriptor is open for the duration of the call; no memory is passed.
    let result = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            number,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
    check(result)
}

fn set_of(numbers: impl IntoIterator<Item = i32>) -> Set {
    numbers
        .into_iter()
        .filter(|number| (1..=HIGHEST).contains(number))
        .fold(0, |set, number| set | 1 << (number - 1))
}

fn check(result: libc::c_long) -> Result<(), Errno> {
    if result >= 0 {
        return Ok(());
    }
    Err(errno::last())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn real_time_signals_are_read_also_those_that_the_c_library_reserves() {
        let numbers = [34, 37, 64];
        let descriptor = descriptor(numbers).unwrap();
        assert_eq!(read(descriptor.as_fd()).unwrap(), None);
        for number in numbers {
            // SAFETY: a signal to the calling thread, which has blocked it above.
            unsafe { libc::syscall(libc::SYS_tkill, libc::gettid(), number) };
            assert_eq!(read(descriptor.as_fd()).unwrap(), Some(number));
        }
        assert_eq!(read(descriptor.as_fd()).unwrap(), None);
    }

    #[test]
    fn a_number_out_of_range_is_refused() {
        let itself = rustix::process::getpid();
        let pidfd =
            rustix::process::pidfd_open(itself, rustix::process::PidfdFlags::empty()).unwrap();
        assert_eq!(send(pidfd.as_fd(), 65), Err(Errno::INVAL));
        assert_eq!(send(pidfd.as_fd(), 0), Ok(()));
    }
}
