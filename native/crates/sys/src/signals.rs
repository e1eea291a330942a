//! Signal descriptors and signal dispositions.

use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::io::Errno;

use crate::errno;

/// The highest signal number on Linux.
pub const HIGHEST: i32 = 64;

/// Blocks these signals for this thread and returns a descriptor that reports them. It is non-blocking and
/// closed on exec.
pub fn descriptor(numbers: &[i32]) -> Result<OwnedFd, Errno> {
    let set = set_of(numbers);
    // SAFETY: `set` is an initialised signal set; the old mask is not requested.
    check(unsafe { libc::sigprocmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()) })?;
    // SAFETY: `set` is an initialised signal set; -1 requests a new descriptor.
    let raw = unsafe { libc::signalfd(-1, &set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
    check(raw)?;
    // SAFETY: the kernel has just returned this descriptor and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
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

/// Restores the signals that [`reset`] in this process or an ancestor left for a program to be executed:
/// nothing is blocked and SIGPIPE has its default. The exec itself resets caught signals.
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
    let none = set_of(&[]);
    // SAFETY: `none` is an initialised signal set; the old mask is not requested.
    check(unsafe { libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut()) })
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
    check(if result < 0 { -1 } else { 0 })
}

fn set_of(numbers: &[i32]) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set it is given; sigaddset changes it and refuses
    // numbers out of range.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for &number in numbers {
            libc::sigaddset(set.as_mut_ptr(), number);
        }
        set.assume_init()
    }
}

fn check(result: i32) -> Result<(), Errno> {
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
    fn a_real_time_signal_is_sent_and_read() {
        let descriptor = descriptor(&[37]).unwrap();
        assert_eq!(read(descriptor.as_fd()).unwrap(), None);
        // SAFETY: pthread_kill to the calling thread, with the signal blocked above.
        unsafe { libc::pthread_kill(libc::pthread_self(), 37) };
        assert_eq!(read(descriptor.as_fd()).unwrap(), Some(37));
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
