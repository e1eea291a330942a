use super::*;

fn compile(text: &str) -> Result<Option<Compiled>, Error> {
    compile_for(text, &[], (6, 1))
}

fn compile_for(
    text: &str,
    capabilities: &'static [&str],
    kernel: (u32, u32),
) -> Result<Option<Compiled>, Error> {
    let target = Target {
        architecture: Architecture::NATIVE,
        has: &held(capabilities),
        kernel,
    };
    Profile::parse(text)?.compile(&target)
}

fn answer(text: &str, name: &str, arguments: [u64; 6]) -> u32 {
    let compiled = compile(text).unwrap().unwrap();
    run(&compiled.filter, NATIVE, number(name), arguments)
}

fn refusal(text: &str) -> String {
    compile(text).unwrap_err().to_string()
}

#[test]
fn actions_have_their_values() {
    for (action, value) in [
        ("SCMP_ACT_ALLOW", libc::SECCOMP_RET_ALLOW),
        ("SCMP_ACT_ERRNO", errno(libc::EPERM)),
        ("SCMP_ACT_KILL", libc::SECCOMP_RET_KILL_THREAD),
        ("SCMP_ACT_KILL_THREAD", libc::SECCOMP_RET_KILL_THREAD),
        ("SCMP_ACT_KILL_PROCESS", libc::SECCOMP_RET_KILL_PROCESS),
        ("SCMP_ACT_LOG", libc::SECCOMP_RET_LOG),
        ("SCMP_ACT_TRAP", libc::SECCOMP_RET_TRAP),
        ("SCMP_ACT_TRACE", libc::SECCOMP_RET_TRACE | 1),
    ] {
        let text = format!(
            r#"{{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{{"names":["mkdir","mkdirat"],"action":"{action}"}}]}}"#
        );
        assert_eq!(answer(&text, "mkdirat", [0; 6]), value, "{action}");
        assert_eq!(answer(&text, "read", [0; 6]), ALLOW);
    }
}

#[test]
fn errnos_are_numbers_or_names() {
    let profile = |errno: &str| {
        format!(
            r#"{{"defaultAction":"SCMP_ACT_ERRNO","defaultErrno":"ENOENT","syscalls":[{{"names":["mkdirat"],"action":"SCMP_ACT_ERRNO",{errno}}}]}}"#
        )
    };
    // Calls with higher numbers than all named ones fail with ENOSYS; getcwd has a lower one on both architectures.
    for text in [r#""errnoRet":28"#, r#""errno":"ENOSPC""#] {
        assert_eq!(
            answer(&profile(text), "mkdirat", [0; 6]),
            errno(libc::ENOSPC)
        );
        assert_eq!(
            answer(&profile(text), "getcwd", [0; 6]),
            errno(libc::ENOENT)
        );
    }
}

#[test]
fn operators_compare_all_64_bits() {
    let high = 1_u64 << 40;
    type Case<'case> = (&'case str, u64, u64, &'case [u64], &'case [u64]);
    let cases: [Case<'_>; 7] = [
        ("EQ", high + 5, 0, &[high + 5], &[5, high, high + 6]),
        ("NE", high + 5, 0, &[5, high, high + 6], &[high + 5]),
        (
            "LT",
            high + 5,
            0,
            &[0, high - 1, high + 4, u64::from(u32::MAX)],
            &[high + 5, high * 2],
        ),
        ("LE", high + 5, 0, &[0, high + 5], &[high + 6, high * 2]),
        (
            "GT",
            high + 5,
            0,
            &[high + 6, high * 2],
            &[0, high + 5, u64::from(u32::MAX)],
        ),
        ("GE", high + 5, 0, &[high + 5, high * 2], &[0, high + 4]),
        (
            "MASKED_EQ",
            high | 0xf0,
            high | 0x10,
            &[high | 0x1f],
            &[0x10, high | 0x20],
        ),
    ];
    for (operator, value, second, met, failed) in cases {
        let text = format!(
            r#"{{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{{"names":["getpriority"],"action":"SCMP_ACT_ALLOW",
            "args":[{{"index":2,"value":{value},"valueTwo":{second},"op":"SCMP_CMP_{operator}"}}]}}]}}"#
        );
        for argument in met {
            let found = answer(&text, "getpriority", [0, 0, *argument, 0, 0, 0]);
            assert_eq!(found, ALLOW, "{operator} {argument}");
        }
        for argument in failed {
            let found = answer(&text, "getpriority", [0, 0, *argument, 0, 0, 0]);
            assert_eq!(found, REFUSE, "{operator} {argument}");
        }
    }
}

#[test]
fn conditions_on_different_arguments_must_all_be_met_and_those_on_one_argument_are_alternatives() {
    let profile = |second: u32| {
        format!(
            r#"{{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{{"names":["getpriority"],"action":"SCMP_ACT_ALLOW","args":[
            {{"index":0,"value":1,"op":"SCMP_CMP_EQ"}},{{"index":{second},"value":2,"op":"SCMP_CMP_EQ"}}]}}]}}"#
        )
    };
    let both = |first, second| answer(&profile(1), "getpriority", [first, second, 0, 0, 0, 0]);
    assert_eq!(
        [both(1, 2), both(1, 0), both(0, 2)],
        [ALLOW, REFUSE, REFUSE]
    );
    let either = |first| answer(&profile(0), "getpriority", [first, 0, 0, 0, 0, 0]);
    assert_eq!([either(1), either(2), either(3)], [ALLOW, ALLOW, REFUSE]);
}

#[test]
fn entries_apply_by_capability_architecture_and_kernel() {
    let allows = |selection: &str, capabilities, kernel| {
        let text = format!(
            r#"{{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{{"names":["mkdirat"],"action":"SCMP_ACT_ALLOW",{selection}}}]}}"#
        );
        let compiled = compile_for(&text, capabilities, kernel).unwrap().unwrap();
        run(&compiled.filter, NATIVE, number("mkdirat"), [0; 6]) == ALLOW
    };
    let native = Architecture::NATIVE.in_profiles();
    let caps = r#""includes":{"caps":["CAP_SYS_ADMIN","CAP_BPF"]}"#;
    assert!(allows(caps, &["SYS_ADMIN", "BPF"], (6, 1)));
    assert!(!allows(caps, &["BPF"], (6, 1)));
    assert!(!allows(
        r#""excludes":{"caps":["CAP_BPF"]}"#,
        &["BPF"],
        (6, 1)
    ));
    assert!(allows(
        &format!(r#""includes":{{"arches":["s390x","{native}"]}}"#),
        &[],
        (6, 1)
    ));
    assert!(!allows(r#""includes":{"arches":["s390x"]}"#, &[], (6, 1)));
    assert!(!allows(
        &format!(r#""excludes":{{"arches":["{native}"]}}"#),
        &[],
        (6, 1)
    ));
    assert!(allows(r#""includes":{"minKernel":"4.8"}"#, &[], (4, 8)));
    assert!(!allows(r#""includes":{"minKernel":"4.8"}"#, &[], (4, 7)));
    assert!(!allows(r#""excludes":{"minKernel":"4.8"}"#, &[], (5, 0)));
}

#[test]
fn names_of_other_kernels_are_skipped_and_an_empty_profile_is_no_filter() {
    let text = r#"{"defaultAction":"SCMP_ACT_ERRNO","comment":1,"archMap":[{"architecture":"SCMP_ARCH_S390X","subArchitectures":null}],
        "syscalls":[{"names":["of_the_future","read"],"action":"SCMP_ACT_ALLOW","args":null,"comment":"","includes":{},"excludes":null}]}"#;
    assert_eq!(answer(text, "read", [0; 6]), ALLOW);
    assert!(compile("{}").unwrap().is_none());
    let old = r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"mkdirat","action":"SCMP_ACT_ERRNO","args":[]}]}"#;
    assert_eq!(answer(old, "mkdirat", [0; 6]), REFUSE);
}

#[test]
fn flags_are_passed_to_the_kernel() {
    let text = r#"{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_LOG","SECCOMP_FILTER_FLAG_SPEC_ALLOW"]}"#;
    assert_eq!(compile(text).unwrap().unwrap().flags, 2 | 4);
}

#[test]
fn a_large_profile_fits_or_is_refused() {
    let rule = |index: usize| {
        format!(
            r#"{{"names":["getpriority"],"action":"SCMP_ACT_ALLOW","args":[{{"index":0,"value":{index},"op":"SCMP_CMP_EQ"}}]}}"#
        )
    };
    let profile = |count: usize| {
        let rules: Vec<String> = (0..count).map(rule).collect();
        format!(
            r#"{{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{}]}}"#,
            rules.join(",")
        )
    };
    assert_eq!(
        answer(&profile(600), "getpriority", [599, 0, 0, 0, 0, 0]),
        ALLOW
    );
    assert!(refusal(&profile(1000)).contains("instructions, the kernel takes 4096"));
}

#[test]
fn errors_name_the_line_or_the_field() {
    let with = |entry: &str| {
        format!(
            r#"{{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{{"names":["read"],"action":"SCMP_ACT_ALLOW"}},{entry}]}}"#
        )
    };
    let cases = [
        ("{\n  \"defaultAction\": 1\n}".to_owned(), "line 2 column 20"),
        ("{\n".to_owned(), "line 2 column 0"),
        (r#"{"defaultAction":"ALLOW"}"#.to_owned(), r#"defaultAction: unknown action "ALLOW""#),
        (with(r#"{"names":["read"]}"#), "syscalls[1].action: missing"),
        (with(r#"{"action":"SCMP_ACT_ALLOW"}"#), "syscalls[1].names: no call is named"),
        (with(r#"{"name":"a","names":["b"],"action":"SCMP_ACT_ALLOW"}"#), "syscalls[1].name: use either"),
        (with(r#"{"names":["a"],"action":"SCMP_ACT_NOTIFY"}"#), "syscalls[1].action: SCMP_ACT_NOTIFY needs a listener"),
        (
            with(r#"{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":6,"op":"SCMP_CMP_EQ"}]}"#),
            "syscalls[1].args[0].index: 6 is not an argument",
        ),
        (
            with(r#"{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"op":"=="}]}"#),
            r#"syscalls[1].args[0].op: unknown operator "==""#,
        ),
        (
            with(r#"{"names":["a"],"action":"SCMP_ACT_ERRNO","errno":"ENOPE"}"#),
            r#"syscalls[1].errno: unknown errno "ENOPE""#,
        ),
        (
            with(r#"{"names":["a"],"action":"SCMP_ACT_ERRNO","errnoRet":5000}"#),
            "syscalls[1].errnoRet: 5000 is above 4095",
        ),
        (
            with(r#"{"names":["a"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"new"}}"#),
            r#"syscalls[1].includes.minKernel: "new" is not a version"#,
        ),
        (r#"{"defaultAction":"SCMP_ACT_ALLOW","flags":["X"]}"#.to_owned(), r#"flags[0]: "X" is not supported"#),
        (
            r#"{"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/run/x"}"#.to_owned(),
            "listenerPath: a listener is not supported",
        ),
        (
            r#"{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86"],"archMap":[{"architecture":"SCMP_ARCH_X86"}]}"#.to_owned(),
            "archMap: use either",
        ),
    ];
    for (text, part) in cases {
        let found = refusal(&text);
        assert!(found.contains(part), "{found}, not {part}");
    }
}
