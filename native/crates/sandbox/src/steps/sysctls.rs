//! Kernel parameters of the container's own namespaces.

use std::os::fd::BorrowedFd;

use protocol::failure::{Failure, FailureKind};
use protocol::launch::Sysctl;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::failure::{explained, system};
use crate::tree;

/// Writes them below the container's /proc, while that can be written to.
pub fn write(root: BorrowedFd<'_>, sysctls: &[Sysctl]) -> Result<(), Failure> {
    for sysctl in sysctls {
        let Sysctl { name, value } = sysctl;
        // The kernel's parameters have dots in their names only where these have slashes: eth0/1.
        let path: String = name
            .chars()
            .map(|sign| match sign {
                '.' => '/',
                '/' => '.',
                other => other,
            })
            .collect();
        tree::open_plain(root, &format!("proc/sys/{path}"), OFlags::WRONLY)
            .and_then(|file| rustix::io::write(&file, value.as_bytes()).map(drop))
            .map_err(|errno| refused(name, value, errno))?;
    }
    Ok(())
}

fn refused(name: &str, value: &str, errno: Errno) -> Failure {
    let message = match errno {
        Errno::NOENT => format!("sysctl {name}: this kernel does not have it"),
        Errno::ACCESS | Errno::PERM => {
            format!("sysctl {name}: this kernel lets nobody but root of the machine change it")
        }
        Errno::INVAL => format!("sysctl {name}: the kernel does not take the value {value:?}"),
        _ => return system("sysctl", name, errno),
    };
    explained(FailureKind::InvalidArgument, "sysctl", message)
}
