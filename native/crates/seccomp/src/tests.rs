use super::*;
use crate::interpreter::run;
use crate::rules::{Decision, errno};

mod golden;
mod profiles;

const NATIVE: u32 = Architecture::NATIVE.audit();
const DEFAULT: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn held(names: &'static [&str]) -> impl Fn(&str) -> bool {
    move |name| names.contains(&name)
}

fn number(name: &str) -> u32 {
    Architecture::NATIVE.number(name).unwrap()
}

fn default_answer(name: &str, arguments: [u64; 2]) -> u32 {
    let [first, second] = arguments;
    let program = default_filter(&held(DEFAULT));
    run(&program, NATIVE, number(name), [first, second, 0, 0, 0, 0])
}

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const REFUSE: u32 = errno(libc::EPERM);
const UNKNOWN: u32 = errno(libc::ENOSYS);

/// Arguments near the values of all conditions of a decision, and some others.
fn samples(decision: &Decision) -> Vec<[u64; 6]> {
    let mut samples = vec![[0; 6], [u64::MAX; 6]];
    for condition in decision.rules.iter().flat_map(|rule| &rule.conditions) {
        let high = 1 << 40;
        let near = [condition.value, condition.mask, condition.value | high];
        for value in near
            .into_iter()
            .flat_map(|one| [one.wrapping_sub(1), one, one.wrapping_add(1)])
        {
            let before = samples.last().copied().unwrap_or_default();
            for mut arguments in [[0; 6], before] {
                arguments[usize::from(condition.argument)] = value;
                samples.push(arguments);
            }
        }
    }
    samples
}

#[test]
fn the_program_does_what_the_table_says() {
    for capabilities in [DEFAULT, &["SYS_ADMIN"], &[]] {
        let table = default_table(Architecture::NATIVE, &held(capabilities));
        let program = table.assemble();
        for number in 0..=600 {
            for arguments in samples(&table.decision(number)) {
                let found = run(&program, NATIVE, number, arguments);
                assert_eq!(
                    found,
                    table.action(number, &arguments),
                    "{number} {arguments:?}"
                );
            }
        }
    }
}

#[test]
fn the_program_stays_small() {
    let length = default_filter(&held(DEFAULT)).len();
    assert!(length < 250, "{length} instructions");
}

#[test]
fn calls_of_other_architectures_and_x32_numbers_are_unknown() {
    let program = default_filter(&held(DEFAULT));
    assert_eq!(run(&program, 0x4000_0003, 3, [0; 6]), UNKNOWN);
    assert_eq!(run(&program, NATIVE, 0x4000_0000, [0; 6]), UNKNOWN);
}

#[test]
fn a_call_that_a_later_kernel_adds_is_unknown() {
    assert_eq!(default_answer("mseal", [0, 0]), ALLOW);
    assert_eq!(default_answer("lsm_list_modules", [0, 0]), REFUSE);
    for later in ["open_tree_attr", "file_setattr"] {
        assert_eq!(default_answer(later, [0, 0]), UNKNOWN, "{later}");
    }
    let program = default_filter(&held(DEFAULT));
    assert_eq!(run(&program, NATIVE, 600, [0; 6]), UNKNOWN);
}

#[test]
fn clone_cannot_create_namespaces_and_clone3_is_unknown() {
    let clone = |flags: libc::c_int| default_answer("clone", [flags as u64, 0]);
    assert_eq!(clone(libc::CLONE_NEWUSER), REFUSE);
    assert_eq!(clone(libc::CLONE_NEWUSER | libc::SIGCHLD), REFUSE);
    assert_eq!(clone(libc::SIGCHLD), ALLOW);
    assert_eq!(default_answer("clone3", [0, 0]), UNKNOWN);
    let administrator = default_filter(&held(&["SYS_ADMIN"]));
    assert_eq!(run(&administrator, NATIVE, number("clone3"), [0; 6]), ALLOW);
}

#[test]
fn terminal_input_cannot_be_inserted_even_with_high_bits_set() {
    for request in [libc::TIOCSTI, libc::TIOCLINUX] {
        assert_eq!(default_answer("ioctl", [0, request | 1 << 40]), REFUSE);
    }
    assert_eq!(default_answer("ioctl", [0, libc::TIOCGWINSZ]), ALLOW);
}

#[test]
fn sockets_of_the_families_alg_and_vsock_are_refused_even_with_high_bits_set() {
    for family in 0..46 {
        let refused = family == libc::AF_ALG || family == libc::AF_VSOCK;
        let wanted = if refused { REFUSE } else { ALLOW };
        for high in [0, 1 << 32] {
            let found = default_answer("socket", [family as u64 | high, 0]);
            assert_eq!(found, wanted, "family {family}");
        }
    }
}

#[test]
fn only_an_administrator_of_the_network_starts_a_multicast_router() {
    let answer = |filter: &[_], level: i32, option: u64| {
        let arguments = [3, level as u64, option, 0, 4, 0];
        run(filter, NATIVE, number("setsockopt"), arguments)
    };
    let default = default_filter(&held(DEFAULT));
    for level in [libc::IPPROTO_IP, libc::IPPROTO_IPV6] {
        assert_eq!(answer(&default, level, 200), REFUSE);
        assert_eq!(answer(&default, level, 200 | 1 << 32), REFUSE);
        assert_eq!(answer(&default, level, 201), ALLOW);
        let administrator = default_filter(&held(&["NET_ADMIN"]));
        assert_eq!(answer(&administrator, level, 200), ALLOW);
    }
    assert_eq!(answer(&default, libc::SOL_SOCKET, 200), ALLOW);
}

#[test]
fn a_capability_allows_its_calls_and_no_others() {
    let with = default_filter(&held(&["SYS_ADMIN"]));
    assert_eq!(run(&with, NATIVE, number("mount"), [0; 6]), ALLOW);
    assert_eq!(run(&with, NATIVE, number("reboot"), [0; 6]), REFUSE);
    assert_eq!(default_answer("mount", [0, 0]), REFUSE);
    for call in ["pidfd_getfd", "process_madvise", "kcmp"] {
        assert_eq!(default_answer(call, [0, 0]), REFUSE);
        let tracer = default_filter(&held(&["SYS_PTRACE"]));
        assert_eq!(run(&tracer, NATIVE, number(call), [0; 6]), ALLOW);
    }
}

#[test]
fn calls_outside_of_a_list_are_refused_and_limited_arguments_are_checked() {
    let limited = [
        Limited::new(7, 0, &[1, 8]),
        Limited::new(8, 0, &[2]),
        Limited::new(9, 1, &[0]),
    ];
    let program = allow_only(&[5, 3, 4, 100], &limited, &[200]);
    let answer = |number, first| run(&program, NATIVE, number, [first, 0, 0, 0, 0, 0]);
    for number in [3, 4, 5, 100] {
        assert_eq!(answer(number, 0), ALLOW, "{number}");
    }
    for number in [0, 2, 6, 10, 99, 101, 4096, u32::MAX] {
        assert_eq!(answer(number, 1), REFUSE, "{number}");
    }
    assert_eq!(answer(7, 8), ALLOW);
    assert_eq!(answer(7, 2), REFUSE);
    assert_eq!(answer(8, 2), ALLOW);
    let second = |value| run(&program, NATIVE, 9, [7, value, 0, 0, 0, 0]);
    assert_eq!(second(0), ALLOW);
    assert_eq!(second(1), REFUSE);
    assert_eq!(run(&program, 1, 3, [0; 6]), UNKNOWN);
    assert_eq!(answer(200, 0), UNKNOWN);
}
