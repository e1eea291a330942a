//! Capability sets.

use protocol::failure::{Failure, FailureKind};
use rustix::io::Errno;
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, clear_ambient_capability_set,
    configure_capability_in_ambient_set, remove_capability_from_bounding_set, set_capabilities,
    set_capabilities_secure_bits,
};

use crate::failure::{explained, system};

/// A set of capabilities: bit n is capability number n.
pub type Set = u64;

/// Names by number.
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// The fourteen capabilities that Docker grants by default.
pub const DEFAULT: Set = 0xa804_25fb;

/// CHOWN, DAC_OVERRIDE, FOWNER and FSETID. A user that keep-id maps to the caller needs them for its files in
/// the image, which have another owner then.
pub const FILES: Set = 0x1b;

/// Parses capability names.
pub fn parse(names: &[String]) -> Result<Set, Failure> {
    names.iter().try_fold(0, |set, name| match number(name) {
        Some(number) => Ok(set | 1 << number),
        None => {
            let message = format!("unknown capability {name:?}");
            Err(explained(
                FailureKind::InvalidArgument,
                "capabilities",
                message,
            ))
        }
    })
}

/// Returns the number of a capability.
pub fn number(name: &str) -> Option<u32> {
    NAMES
        .iter()
        .position(|known| *known == name)
        .map(|index| index as u32)
}

/// Removes all capabilities but `keep` from the bounding set, also those that have no name here.
pub fn bound(keep: Set) -> Result<(), Failure> {
    for number in (0..Set::BITS).filter(|number| keep & (1 << number) == 0) {
        match remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(1 << number)) {
            Ok(()) => {}
            // The kernel has no capability with this number, and none with a higher one.
            Err(Errno::INVAL) => break,
            Err(errno) => return Err(system("capabilities", &number.to_string(), errno)),
        }
    }
    Ok(())
}

/// Sets permitted and effective capabilities for a user who is not root, inherited by the programs it
/// executes.
pub fn apply_ambient(set: Set) -> Result<(), Failure> {
    // Without this bit, access(2) ignores the capabilities of users other than root.
    set_capabilities_secure_bits(CapabilitiesSecureBits::NO_SETUID_FIXUP)
        .map_err(|errno| system("capabilities", "secure bits", errno))?;
    let ambient = CapabilitySet::from_bits_retain(set);
    let sets = CapabilitySets {
        effective: ambient,
        permitted: ambient,
        inheritable: ambient,
    };
    set_capabilities(None, sets)
        .and_then(|()| {
            ambient
                .iter()
                .try_for_each(|one| configure_capability_in_ambient_set(one, true))
        })
        .map_err(|errno| system("capabilities", "ambient", errno))
}

/// Sets permitted and effective capabilities, and clears inheritable and ambient ones.
pub fn apply(set: Set) -> Result<(), Failure> {
    let set = CapabilitySet::from_bits_retain(set);
    let _ = clear_ambient_capability_set();
    set_capabilities(
        None,
        CapabilitySets {
            effective: set,
            permitted: set,
            inheritable: CapabilitySet::empty(),
        },
    )
    .map_err(|errno| system("capabilities", "set", errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_set_has_dockers_fourteen_capabilities() {
        let names = "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP \
                     NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE";
        let names: Vec<String> = names.split_whitespace().map(str::to_owned).collect();
        assert_eq!(parse(&names), Ok(DEFAULT));
    }

    #[test]
    fn the_file_capabilities_match_their_names() {
        let names = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"].map(str::to_owned);
        assert_eq!(parse(&names), Ok(FILES));
    }

    #[test]
    fn an_unknown_name_is_refused_and_named() {
        assert!(
            parse(&["CAP_CHOWN".to_owned()])
                .is_err_and(|failure| failure.message.contains("CAP_CHOWN"))
        );
    }
}
