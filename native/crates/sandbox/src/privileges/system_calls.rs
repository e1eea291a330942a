//! The seccomp filter of a program.

use std::sync::Arc;

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{Process, Seccomp};
use seccomp::Filter;

use crate::base64;
use crate::failure::{explained, system};
use crate::host::Host;
use crate::privileges::capabilities::Set;

/// The filter that is installed before the program is executed.
pub(crate) enum SystemCalls {
    All,
    /// The default profile, without the calls for keys.
    Default(Arc<Filter>),
    Filtered {
        filter: Arc<Filter>,
        flags: u32,
    },
}

impl SystemCalls {
    /// Returns the filter that a process asks for.
    pub fn choose(host: &Host, process: &Process, capabilities: Set) -> Result<Self, Failure> {
        match &process.seccomp {
            Seccomp::Unconfined => Ok(Self::All),
            Seccomp::Default => Ok(Self::Default(host.filter(capabilities))),
            Seccomp::Filter { program, flags } => {
                let filter = base64::decode(program)
                    .and_then(|bytes| sys::seccomp::from_bytes(&bytes))
                    .ok_or_else(|| {
                        explained(FailureKind::InvalidArgument, "seccomp", "malformed program")
                    })?;
                Ok(Self::Filtered {
                    filter: Arc::new(filter),
                    flags: *flags,
                })
            }
        }
    }

    /// Returns whether the program cannot use keyrings.
    pub fn hides_keys(&self) -> bool {
        matches!(self, Self::Default(_))
    }

    /// Restricts the calling process and the programs that it executes.
    pub fn restrict(&self) -> Result<(), Failure> {
        match self {
            Self::All => Ok(()),
            Self::Default(filter) => sys::seccomp::install_with(filter, 0)
                .map_err(|errno| system("seccomp", "filter", errno)),
            Self::Filtered { filter, flags } => sys::seccomp::install_with(filter, *flags)
                .map_err(|errno| system("seccomp", "filter", errno)),
        }
    }
}
