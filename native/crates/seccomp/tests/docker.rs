//! Compares the default profile with Docker's: `TBOX_DOCKER_PROFILE=default.json cargo test -p seccomp --test docker`.
//! `test/judges/seccomp.ts` fetches the file.

use seccomp::{Architecture, Decision, Profile, Table, Target, default_table};

const CAPABILITIES: &[&str] = &[
    "BPF",
    "DAC_READ_SEARCH",
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

/// Arguments that a condition of either profile may tell apart. The kernel reads the low half of all of them, so high
/// bits, which Docker's profile looks at, are left out.
fn samples(decisions: [&Decision; 2]) -> Vec<[u64; 6]> {
    let mut samples = vec![[0; 6]];
    let rules = decisions.into_iter().flat_map(|one| &one.rules);
    for condition in rules.flat_map(|rule| &rule.conditions) {
        for value in [condition.value, condition.mask & u64::from(u32::MAX)] {
            for near in [
                value.saturating_sub(1),
                value,
                (value + 1) & u64::from(u32::MAX),
            ] {
                let mut arguments = [0; 6];
                arguments[usize::from(condition.argument)] = near;
                samples.push(arguments);
            }
        }
    }
    samples
}

/// Returns whether tbox's profile is stricter for a call: it forbids requests that insert input into a terminal, and options that
/// start a multicast router.
fn is_stricter_by_design(name: &str, arguments: &[u64; 6]) -> bool {
    let inserts = [libc::TIOCSTI, libc::TIOCLINUX];
    let routes = [libc::IPPROTO_IP, libc::IPPROTO_IPV6].map(|level| level as u64);
    match name {
        "ioctl" => inserts.contains(&arguments[1]),
        "setsockopt" => routes.contains(&arguments[1]) && arguments[2] == 200,
        _ => false,
    }
}

fn differences(architecture: Architecture, ours: &Table, docker: &Table) -> Vec<String> {
    let mut found = Vec::new();
    for number in 0..1024 {
        let name = architecture.name(number).unwrap_or("unused");
        let decisions = (ours.decision(number), docker.decision(number));
        for arguments in samples([&decisions.0, &decisions.1]) {
            let answers = (
                ours.action(number, &arguments),
                docker.action(number, &arguments),
            );
            if answers.0 != answers.1 && !is_stricter_by_design(name, &arguments) {
                found.push(format!("{name} {arguments:x?}: {answers:x?}"));
            }
        }
    }
    found
}

#[test]
fn the_default_profile_equals_dockers() {
    let Some(path) = std::env::var_os("TBOX_DOCKER_PROFILE") else {
        eprintln!("skipped: TBOX_DOCKER_PROFILE is not set");
        return;
    };
    let profile = Profile::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut compared = 0;
    for architecture in [Architecture::X86_64, Architecture::Aarch64] {
        let singles = CAPABILITIES.iter().map(|one| vec![*one]);
        for capabilities in singles.chain([Vec::new(), CAPABILITIES.to_vec()]) {
            let has = |name: &str| capabilities.contains(&name);
            let target = Target {
                architecture,
                has: &has,
                kernel: (6, 1),
            };
            let docker = profile.table(&target).unwrap().unwrap();
            let ours = default_table(architecture, &has);
            let found = differences(architecture, &ours, &docker);
            assert!(
                found.is_empty(),
                "{architecture:?} with {capabilities:?}: {found:#?}"
            );
            compared += 1;
        }
    }
    println!("{compared} combinations of architecture and capabilities are equal");
}
