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

/// Installs a filter like [`install`], with the kernel's SECCOMP_FILTER_FLAG_LOG or SECCOMP_FILTER_FLAG_SPEC_ALLOW.
pub fn install_with(program: &[Instruction], flags: u32) -> Result<(), Errno> {
    let allowed = libc::SECCOMP_FILTER_FLAG_LOG | libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    match libc::c_ulong::from(flags) {
        flags if flags & !allowed == 0 => install_for(program, flags),
        // The other flags return a descriptor or a thread ID.
        _ => Err(Errno::INVAL),
    }
}

/// Returns a program as bytes in the kernel's format.
pub fn to_bytes(program: &[Instruction]) -> Vec<u8> {
    let bytes = |one: &Instruction| {
        let [code0, code1] = one.code.to_ne_bytes();
        let [k0, k1, k2, k3] = one.k.to_ne_bytes();
        [code0, code1, one.jt, one.jf, k0, k1, k2, k3]
    };
    program.iter().flat_map(bytes).collect()
}

/// Returns the program in such bytes; `None` if the last instruction is incomplete.
pub fn from_bytes(bytes: &[u8]) -> Option<Vec<Instruction>> {
    let (instructions, rest) = bytes.as_chunks::<8>();
    let parse = |[code0, code1, jt, jf, k0, k1, k2, k3]: &[u8; 8]| Instruction {
        code: u16::from_ne_bytes([*code0, *code1]),
        jt: *jt,
        jf: *jf,
        k: u32::from_ne_bytes([*k0, *k1, *k2, *k3]),
    };
    rest.is_empty()
        .then(|| instructions.iter().map(parse).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_the_program_again() {
        let program = [
            instruction(0x15, 1, 2, 0xc000_003e),
            instruction(0x06, 0, 0, 1 << 31),
        ];
        let again = from_bytes(&to_bytes(&program)).unwrap();
        let fields = |one: &Instruction| (one.code, one.jt, one.jf, one.k);
        assert!(program.iter().map(fields).eq(again.iter().map(fields)));
        assert!(from_bytes(&[0; 9]).is_none());
    }

    #[test]
    fn flags_with_other_results_are_refused() {
        assert_eq!(install_with(&[], 1), Err(Errno::INVAL));
    }
}
