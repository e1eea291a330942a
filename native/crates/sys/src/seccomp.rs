//! Installing a seccomp filter.

use rustix::io::Errno;

/// One instruction of a classic BPF program.
pub type Instruction = libc::sock_filter;

/// Makes one instruction.
pub const fn instruction(code: u32, jump_true: u8, jump_false: u8, value: u32) -> Instruction {
    Instruction {
        code: code as u16,
        jt: jump_true,
        jf: jump_false,
        k: value,
    }
}

/// Installs the program for this thread and what it executes. Needs `no_new_privs` or
/// CAP_SYS_ADMIN in the user namespace.
pub fn install(program: &[Instruction]) -> Result<(), Errno> {
    install_for(program, 0)
}

/// The same for every thread of the process.
pub fn install_for_all_threads(program: &[Instruction]) -> Result<(), Errno> {
    install_for(program, libc::SECCOMP_FILTER_FLAG_TSYNC)
}

fn install_for(program: &[Instruction], flags: libc::c_ulong) -> Result<(), Errno> {
    let header = libc::sock_fprog {
        len: u16::try_from(program.len()).map_err(|_| Errno::INVAL)?,
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel copies `len` instructions and writes none; both outlive the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const header,
        )
    };
    // Above zero it is a thread that could not be had.
    if result != 0 {
        Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL))
    } else {
        Ok(())
    }
}
