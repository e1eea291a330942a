//! Runs filters as the kernel does, for tests.

use sys::seccomp::Instruction;

/// Returns the action for a call. Answers 0, which kills, for a program that the kernel would refuse.
pub fn run(program: &[Instruction], architecture: u32, number: u32, arguments: [u64; 6]) -> u32 {
    let mut accumulator = 0;
    let mut at = 0;
    loop {
        let Some(step) = program.get(at) else {
            return 0;
        };
        at += 1;
        let jump = |met: bool| usize::from(if met { step.jt } else { step.jf });
        match u32::from(step.code) {
            code if code == libc::BPF_LD | libc::BPF_W | libc::BPF_ABS => {
                accumulator = match step.k {
                    0 => number,
                    4 => architecture,
                    at @ 16..64 => {
                        let argument = arguments.get((at as usize - 16) / 8).copied();
                        (argument.unwrap_or_default() >> ((at - 16) % 8 * 8)) as u32
                    }
                    _ => return 0,
                };
            }
            code if code == libc::BPF_ALU | libc::BPF_AND => accumulator &= step.k,
            code if code == libc::BPF_JMP | libc::BPF_JEQ => at += jump(accumulator == step.k),
            code if code == libc::BPF_JMP | libc::BPF_JGE => at += jump(accumulator >= step.k),
            code if code == libc::BPF_JMP | libc::BPF_JGT => at += jump(accumulator > step.k),
            code if code == libc::BPF_JMP | libc::BPF_JA => at += step.k as usize,
            code if code == libc::BPF_RET => return step.k,
            _ => return 0,
        }
    }
}
