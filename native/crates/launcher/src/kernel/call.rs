//! System calls without a C library.

use core::arch::asm;

/// An error number of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub i32);

impl Errno {
    pub const NO_ENTRY: Self = Self(2);
    pub const INTR: Self = Self(4);
    pub const AGAIN: Self = Self(11);
    pub const PIPE: Self = Self(32);
}

/// Numbers of the system calls that this program uses.
#[cfg(target_arch = "x86_64")]
pub mod number {
    pub const READ: usize = 0;
    pub const WRITE: usize = 1;
    pub const CLOSE: usize = 3;
    pub const SIGACTION: usize = 13;
    pub const SIGPROCMASK: usize = 14;
    pub const IOCTL: usize = 16;
    pub const GETPID: usize = 39;
    pub const SOCKET: usize = 41;
    pub const CONNECT: usize = 42;
    pub const SENDTO: usize = 44;
    pub const SENDMSG: usize = 46;
    pub const GETSOCKOPT: usize = 55;
    pub const CLONE: usize = 56;
    pub const EXECVE: usize = 59;
    pub const WAIT4: usize = 61;
    pub const KILL: usize = 62;
    pub const FCNTL: usize = 72;
    pub const GETCWD: usize = 79;
    pub const GETEUID: usize = 107;
    pub const EXIT_GROUP: usize = 231;
    pub const OPENAT: usize = 257;
    pub const READLINKAT: usize = 267;
    pub const PPOLL: usize = 271;
    pub const SIGNALFD4: usize = 289;
    pub const PRLIMIT64: usize = 302;
    pub const STATX: usize = 332;
}

#[cfg(target_arch = "aarch64")]
pub mod number {
    pub const GETCWD: usize = 17;
    pub const FCNTL: usize = 25;
    pub const IOCTL: usize = 29;
    pub const OPENAT: usize = 56;
    pub const CLOSE: usize = 57;
    pub const READ: usize = 63;
    pub const WRITE: usize = 64;
    pub const PPOLL: usize = 73;
    pub const SIGNALFD4: usize = 74;
    pub const READLINKAT: usize = 78;
    pub const EXIT_GROUP: usize = 94;
    pub const KILL: usize = 129;
    pub const SIGACTION: usize = 134;
    pub const SIGPROCMASK: usize = 135;
    pub const GETPID: usize = 172;
    pub const GETEUID: usize = 175;
    pub const SOCKET: usize = 198;
    pub const CONNECT: usize = 203;
    pub const SENDTO: usize = 206;
    pub const GETSOCKOPT: usize = 209;
    pub const SENDMSG: usize = 211;
    pub const CLONE: usize = 220;
    pub const EXECVE: usize = 221;
    pub const WAIT4: usize = 260;
    pub const PRLIMIT64: usize = 261;
    pub const STATX: usize = 291;
}

/// Makes a system call; missing arguments are zero.
///
/// # Safety
///
/// Each argument is valid for this call: pointers are valid for the memory that the kernel reads or writes.
pub unsafe fn call<const N: usize>(number: usize, given: [usize; N]) -> Result<usize, Errno> {
    let mut all = [0; 6];
    all[..N].copy_from_slice(&given);
    // SAFETY: the caller's promise.
    let result = unsafe { raw(number, all) };
    match i32::try_from(result) {
        Ok(error @ -4095..0) => Err(Errno(-error)),
        _ => Ok(result.cast_unsigned()),
    }
}

#[cfg(target_arch = "x86_64")]
unsafe fn raw(number: usize, [a, b, c, d, e, f]: [usize; 6]) -> isize {
    let mut result = number.cast_signed();
    // SAFETY: the instruction changes only rax, rcx, r11 and the memory that the call writes.
    unsafe {
        asm!("syscall", inout("rax") result, in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e,
            in("r9") f, out("rcx") _, out("r11") _, options(nostack));
    }
    result
}

#[cfg(target_arch = "aarch64")]
unsafe fn raw(number: usize, [a, b, c, d, e, f]: [usize; 6]) -> isize {
    let mut result = a.cast_signed();
    // SAFETY: the instruction changes only x0 and the memory that the call writes.
    unsafe {
        asm!("svc 0", in("x8") number, inout("x0") result, in("x1") b, in("x2") c, in("x3") d, in("x4") e,
            in("x5") f, options(nostack));
    }
    result
}
