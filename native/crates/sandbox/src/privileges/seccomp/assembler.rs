//! Assembles a classic BPF program that finds the action by binary search over the call's number: the program is short,
//! and each call executes few instructions.

use sys::seccomp::{Instruction, instruction};

use super::profile::Action;

/// A classic BPF program.
pub type Filter = Vec<Instruction>;

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;

const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const AND: u32 = libc::BPF_ALU | libc::BPF_AND | libc::BPF_K;
const IF_EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const IF_AT_LEAST: u32 = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;
const JUMP: u32 = libc::BPF_JMP | libc::BPF_JA;
const RETURN: u32 = libc::BPF_RET | libc::BPF_K;

// Offsets in seccomp_data. Arguments have 64 bits in little-endian order.
const NUMBER_AT: u32 = 0;
const ARCHITECTURE_AT: u32 = 4;
const FIRST_ARGUMENT_AT: u32 = 16;
const SECOND_ARGUMENT_AT: u32 = 24;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const REFUSE: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
const UNKNOWN: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

/// All CLONE_NEW* flags, including CLONE_NEWTIME.
const NEW_NAMESPACES: u32 = 0x7e02_0080;

/// Assembles a filter. `segments` are sorted by their first numbers and start at 0. Numbers of the x32 table are
/// higher than all of them, so the action of the last segment applies.
pub fn assemble(segments: &[(u32, Action)]) -> Filter {
    let mut program = vec![
        instruction(LOAD, 0, 0, ARCHITECTURE_AT),
        instruction(IF_EQUAL, 1, 0, ARCHITECTURE),
        answer(UNKNOWN),
        instruction(LOAD, 0, 0, NUMBER_AT),
    ];
    program.extend(search(segments));
    program
}

fn search(segments: &[(u32, Action)]) -> Filter {
    let (lower, upper) = segments.split_at(segments.len() / 2);
    let [(first, ..), ..] = upper else {
        return vec![answer(UNKNOWN)];
    };
    if lower.is_empty() {
        return upper
            .iter()
            .flat_map(|(_, action)| decide(*action))
            .collect();
    }
    let lower = search(lower);
    let mut program = match u8::try_from(lower.len()) {
        Ok(distance) => vec![instruction(IF_AT_LEAST, distance, 0, *first)],
        Err(_) => vec![
            instruction(IF_AT_LEAST, 0, 1, *first),
            instruction(JUMP, 0, 0, lower.len() as u32),
        ],
    };
    program.extend(lower);
    program.extend(search(upper));
    program
}

fn decide(action: Action) -> Filter {
    match action {
        Action::Allow => vec![answer(ALLOW)],
        Action::Refuse => vec![answer(REFUSE)],
        Action::Unknown => vec![answer(UNKNOWN)],
        Action::CloneWithoutNamespaces => vec![
            instruction(LOAD, 0, 0, FIRST_ARGUMENT_AT),
            instruction(AND, 0, 0, NEW_NAMESPACES),
            instruction(IF_EQUAL, 0, 1, 0),
            answer(ALLOW),
            answer(REFUSE),
        ],
        Action::FirstArgument(values) => allow_values(FIRST_ARGUMENT_AT, values),
        Action::SocketOfCommonFamily => refuse_values(
            FIRST_ARGUMENT_AT,
            &[libc::AF_ALG as u32, libc::AF_VSOCK as u32],
        ),
        // The kernel ignores the upper half of an ioctl request, so the filter must ignore it too.
        Action::IoctlWithoutTerminalInput => refuse_values(
            SECOND_ARGUMENT_AT,
            &[libc::TIOCSTI as u32, libc::TIOCLINUX as u32],
        ),
        // PER_LINUX, PER_LINUX32, both with UNAME26, and the query.
        Action::HarmlessPersonality => {
            allow_values(FIRST_ARGUMENT_AT, &[0, 8, 0x2_0000, 0x2_0008, u32::MAX])
        }
    }
}

fn refuse_values(at: u32, values: &[u32]) -> Filter {
    one_of(at, values, REFUSE, ALLOW)
}

fn allow_values(at: u32, values: &[u32]) -> Filter {
    one_of(at, values, ALLOW, REFUSE)
}

fn one_of(at: u32, values: &[u32], then: u32, otherwise: u32) -> Filter {
    let mut program = vec![instruction(LOAD, 0, 0, at)];
    for (index, value) in values.iter().enumerate() {
        let after = (values.len() - index) as u8;
        program.push(instruction(IF_EQUAL, after, 0, *value));
    }
    program.push(answer(otherwise));
    program.push(answer(then));
    program
}

const fn answer(value: u32) -> Instruction {
    instruction(RETURN, 0, 0, value)
}
