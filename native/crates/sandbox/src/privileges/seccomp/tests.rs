use super::*;
use crate::privileges::{capabilities, net_helper};

const NATIVE: u32 = if cfg!(target_arch = "x86_64") {
    0xc000_003e
} else {
    0xc000_00b7
};

/// Runs the program for a call as the kernel does.
fn run(program: &Filter, architecture: u32, number: u32, arguments: [u64; 2]) -> u32 {
    let mut accumulator = 0;
    let mut at = 0;
    loop {
        let step = program[at];
        at += 1;
        match u32::from(step.code) {
            code if code == libc::BPF_LD | libc::BPF_W | libc::BPF_ABS => {
                accumulator = match step.k {
                    0 => number,
                    4 => architecture,
                    16 => arguments[0] as u32,
                    24 => arguments[1] as u32,
                    other => panic!("load at {other}"),
                };
            }
            code if code == libc::BPF_ALU | libc::BPF_AND => accumulator &= step.k,
            code if code == libc::BPF_JMP | libc::BPF_JEQ => {
                at += usize::from(if accumulator == step.k {
                    step.jt
                } else {
                    step.jf
                });
            }
            code if code == libc::BPF_JMP | libc::BPF_JGE => {
                at += usize::from(if accumulator >= step.k {
                    step.jt
                } else {
                    step.jf
                });
            }
            code if code == libc::BPF_JMP | libc::BPF_JA => at += step.k as usize,
            code if code == libc::BPF_RET => return step.k,
            code => panic!("instruction {code}"),
        }
    }
}

fn errno(number: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | number as u32
}

fn default_answer(number: libc::c_long, arguments: [u64; 2]) -> u32 {
    run(
        &compile(capabilities::DEFAULT),
        NATIVE,
        number as u32,
        arguments,
    )
}

#[test]
fn every_number_has_the_action_of_the_table() {
    let program = compile(capabilities::DEFAULT);
    for number in 0..=600 {
        let found = run(&program, NATIVE, number, [0, 0]);
        match profile::action(number, capabilities::DEFAULT) {
            Action::Refuse => assert_eq!(found, errno(libc::EPERM), "call {number}"),
            Action::Unknown => assert_eq!(found, errno(libc::ENOSYS), "call {number}"),
            _ => assert_eq!(found, libc::SECCOMP_RET_ALLOW, "call {number}"),
        }
    }
}

#[test]
fn the_net_helper_creates_no_unix_socket() {
    let answer = |number: libc::c_long, family: i32| {
        let arguments = [family as u64, 0];
        run(&net_helper::filter(), NATIVE, number as u32, arguments)
    };
    let allowed = [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
    for family in allowed {
        let found = answer(libc::SYS_socket, family);
        assert_eq!(found, libc::SECCOMP_RET_ALLOW);
    }
    for call in [libc::SYS_socket, libc::SYS_socketpair] {
        assert_eq!(answer(call, libc::AF_UNIX), errno(libc::EPERM));
    }
}

#[test]
fn the_program_stays_small() {
    let length = compile(capabilities::DEFAULT).len();
    assert!(length < 150, "{length} instructions");
}

#[test]
fn calls_of_other_architectures_and_x32_numbers_are_unknown() {
    let program = compile(capabilities::DEFAULT);
    assert_eq!(run(&program, 0x4000_0003, 3, [0, 0]), errno(libc::ENOSYS));
    assert_eq!(
        run(&program, NATIVE, 0x4000_0000, [0, 0]),
        errno(libc::ENOSYS)
    );
}

#[test]
fn clone_cannot_create_namespaces_and_clone3_is_unknown() {
    assert_eq!(
        default_answer(libc::SYS_clone, [libc::CLONE_NEWUSER as u64, 0]),
        errno(libc::EPERM)
    );
    assert_eq!(
        default_answer(libc::SYS_clone, [libc::SIGCHLD as u64, 0]),
        libc::SECCOMP_RET_ALLOW
    );
    assert_eq!(
        default_answer(libc::SYS_clone3, [0, 0]),
        errno(libc::ENOSYS)
    );
}

#[test]
fn terminal_input_cannot_be_inserted_even_with_high_bits_set() {
    for request in [libc::TIOCSTI, libc::TIOCLINUX] {
        assert_eq!(
            default_answer(libc::SYS_ioctl, [0, request | 1 << 40]),
            errno(libc::EPERM)
        );
    }
    assert_eq!(
        default_answer(libc::SYS_ioctl, [0, libc::TIOCGWINSZ]),
        libc::SECCOMP_RET_ALLOW
    );
}

#[test]
fn sockets_of_the_families_alg_and_vsock_are_refused() {
    for family in 0..46 {
        let refused = family == libc::AF_ALG || family == libc::AF_VSOCK;
        let wanted = if refused {
            errno(libc::EPERM)
        } else {
            libc::SECCOMP_RET_ALLOW
        };
        assert_eq!(
            default_answer(libc::SYS_socket, [family as u64, 0]),
            wanted,
            "family {family}"
        );
    }
}

#[test]
fn a_capability_allows_its_calls_and_no_others() {
    let with = compile(capabilities::DEFAULT | capabilities::SYS_ADMIN);
    assert_eq!(
        run(&with, NATIVE, libc::SYS_mount as u32, [0, 0]),
        libc::SECCOMP_RET_ALLOW
    );
    assert_eq!(
        run(&with, NATIVE, libc::SYS_reboot as u32, [0, 0]),
        errno(libc::EPERM)
    );
    assert_eq!(default_answer(libc::SYS_mount, [0, 0]), errno(libc::EPERM));
}

#[test]
fn calls_outside_of_a_list_are_refused_and_first_arguments_are_checked() {
    let program = allow_only(&[5, 3, 4, 100], &[(7, &[1, 8]), (8, &[2])]);
    let answer = |number, first| run(&program, NATIVE, number, [first, 0]);
    for number in [3, 4, 5, 100] {
        assert_eq!(answer(number, 0), libc::SECCOMP_RET_ALLOW, "{number}");
    }
    for number in [0, 2, 6, 9, 99, 101, 4096, u32::MAX] {
        assert_eq!(answer(number, 1), errno(libc::EPERM), "{number}");
    }
    assert_eq!(answer(7, 8), libc::SECCOMP_RET_ALLOW);
    assert_eq!(answer(7, 2), errno(libc::EPERM));
    assert_eq!(answer(8, 2), libc::SECCOMP_RET_ALLOW);
    assert_eq!(run(&program, 1, 3, [0, 0]), errno(libc::ENOSYS));
}
