//! Installs seccomp filters.

use rustix::io::Errno;

use crate::errno;

/// An instruction of a classic BPF program.
pub type Instruction = libc::sock_filter;

/// Returns an instruction.
pub const fn instruction(code: u32, jump_true: u8, jump_false: u8, value: u32) -> Instruction {
    Instruction {
        code: code as u16,
        jt: jump_true,
        jf: jump_false,
        k: value,
    }
}

/// Installs a filter for this thread and the programs it executes. Requires `no_new_privs` or
/// CAP_SYS_ADMIN in the user namespace.
pub fn install(program: &[Instruction]) -> Result<(), Errno> {
    install_for(program, 0)
}

/// Installs a filter for all threads of the process. The requirements of [`install`] apply.
pub fn install_for_all_threads(program: &[Instruction]) -> Result<(), Errno> {
    install_for(program, libc::SECCOMP_FILTER_FLAG_TSYNC)
}

fn install_for(program: &[Instruction], flags: libc::c_ulong) -> Result<(), Errno> {
    let header = libc::sock_fprog {
        len: u16::try_from(program.len()).map_err(|_| Errno::INVAL)?,
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel copies `len` instructions and writes none; header and program outlive the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const header,
        )
    };
    // A positive result is the id of a thread that cannot be synchronised.
    if result != 0 {
        Err(errno::last())
    } else {
        Ok(())
    }
}
