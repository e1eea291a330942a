//! Compares the default profile with `golden/`: a change of a file shows the calls that become allowed or refused.
//! `TBOX_UPDATE_GOLDEN=1` writes the files again.

use std::fmt::Write;

use super::*;

const CAPABILITIES: &[&str] = &[
    "BPF",
    "DAC_READ_SEARCH",
    "NET_ADMIN",
    "PERFMON",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
];

/// Returns a line for each call: its number, its name, its action in a container without capabilities, and the
/// capabilities that change the action.
fn describe(architecture: Architecture) -> String {
    let none = default_table(architecture, &|_| false);
    let with = CAPABILITIES
        .iter()
        .map(|name| (name, default_table(architecture, &|one| one == *name)));
    let with: Vec<_> = with.collect();
    let mut text = String::new();
    for number in 0..=600 {
        let Some(name) = architecture.name(number) else {
            continue;
        };
        let decision = none.decision(number);
        write!(text, "{number} {name}: {}", word(&decision)).unwrap();
        for (capability, table) in &with {
            let changed = table.decision(number);
            if changed != decision {
                write!(text, ", {} with {capability}", word(&changed)).unwrap();
            }
        }
        text.push('\n');
    }
    text
}

fn word(decision: &Decision) -> &'static str {
    match (decision.rules.as_slice(), decision.otherwise) {
        ([rule], _) if rule.conditions.is_empty() => action(rule.action),
        ([], otherwise) => action(otherwise),
        _ => "limited",
    }
}

fn action(action: u32) -> &'static str {
    match action {
        ALLOW => "allowed",
        REFUSE => "EPERM",
        UNKNOWN => "ENOSYS",
        other => panic!("action {other}"),
    }
}

#[test]
fn the_default_profile_is_the_golden_one_on_both_architectures() {
    for (architecture, file) in [
        (Architecture::X86_64, "x86-64.txt"),
        (Architecture::Aarch64, "aarch64.txt"),
    ] {
        let path = format!("{}/golden/{file}", env!("CARGO_MANIFEST_DIR"));
        let found = describe(architecture);
        if std::env::var_os("TBOX_UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &found).unwrap();
        }
        assert_eq!(found, std::fs::read_to_string(&path).unwrap(), "{path}");
    }
}

#[test]
fn every_name_of_the_profile_is_a_call_of_an_architecture() {
    for name in crate::default_profile::names() {
        let known = [Architecture::X86_64, Architecture::Aarch64]
            .iter()
            .any(|architecture| architecture.number(name).is_some());
        assert!(known, "{name}");
    }
}

#[test]
fn the_calls_of_every_program_exist_on_both_architectures() {
    for architecture in [Architecture::X86_64, Architecture::Aarch64] {
        let table = default_table(architecture, &held(DEFAULT));
        for name in [
            "read",
            "newfstatat",
            "openat",
            "mmap",
            "execve",
            "exit_group",
            "rt_sigreturn",
        ] {
            let number = architecture.number(name).unwrap();
            assert_eq!(table.action(number, &[0; 6]), ALLOW, "{name}");
            assert_eq!(architecture.name(number), Some(name));
        }
    }
}
