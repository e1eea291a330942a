//! Names and numbers of system calls.

use std::sync::OnceLock;

/// The kernel's name of a call, and the name that the list of calls has for aarch64.
const NEWFSTATAT: (&str, &str) = ("newfstatat", "fstatat");

/// A number above those of all calls.
const MOST: u32 = 1024;

/// Numbers that only 32-bit architectures use, for calls with 64-bit times. The list of calls has them everywhere.
const OF_32_BITS: std::ops::Range<u32> = 387..424;

/// An architecture with a table of system calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    X86_64,
    Aarch64,
}

impl Architecture {
    #[cfg(target_arch = "x86_64")]
    pub const NATIVE: Self = Self::X86_64;
    #[cfg(target_arch = "aarch64")]
    pub const NATIVE: Self = Self::Aarch64;

    /// Returns the kernel's AUDIT_ARCH constant.
    pub const fn audit(self) -> u32 {
        match self {
            Self::X86_64 => 0xc000_003e,
            Self::Aarch64 => 0xc000_00b7,
        }
    }

    /// Returns the name in conditions of profiles, which is Go's.
    pub const fn in_profiles(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
        }
    }

    /// Returns the number of a call; `None` if the architecture does not have it.
    pub fn number(self, name: &str) -> Option<u32> {
        let names = self.sorted();
        let found = names.binary_search_by_key(&name, |(name, _)| name).ok()?;
        names.get(found).map(|(_, number)| *number)
    }

    /// Returns the calls, sorted by name. They are sorted once, because every new capability set needs them.
    fn sorted(self) -> &'static [(&'static str, u32)] {
        static SORTED: [OnceLock<Vec<(&str, u32)>>; 2] = [OnceLock::new(), OnceLock::new()];
        SORTED[self as usize].get_or_init(|| {
            let named = |number| Some((self.name(number)?, number));
            let mut all: Vec<_> = (0..MOST).filter_map(named).collect();
            all.sort_unstable();
            all
        })
    }

    /// Returns the name of a call; `None` for an unused number.
    pub fn name(self, number: u32) -> Option<&'static str> {
        if OF_32_BITS.contains(&number) {
            return None;
        }
        let number = usize::try_from(number).ok()?;
        match self {
            Self::X86_64 => Some(syscalls::x86_64::Sysno::new(number)?.name()),
            Self::Aarch64 => match syscalls::aarch64::Sysno::new(number)?.name() {
                name if name == NEWFSTATAT.1 => Some(NEWFSTATAT.0),
                name => Some(name),
            },
        }
    }
}
