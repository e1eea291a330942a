//! Kernel parameters of the container's private namespaces.

use std::os::fd::BorrowedFd;

use protocol::failure::{Failure, FailureKind};
use protocol::launch::Sysctl;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::failure::{explained, system};
use crate::in_root;

/// Writes the parameters below the container's /proc, while that is writable.
pub fn write(root: BorrowedFd<'_>, sysctls: &[Sysctl]) -> Result<(), Failure> {
    for sysctl in sysctls {
        let Sysctl { name, value } = sysctl;
        // A slash in a parameter's name stands for a dot in the file's name: the interface eth0/1 is eth0.1.
        let path: String = name
            .chars()
            .map(|sign| match sign {
                '.' => '/',
                '/' => '.',
                other => other,
            })
            .collect();
        in_root::open_without_links(root, &format!("proc/sys/{path}"), OFlags::WRONLY)
            .and_then(|file| rustix::io::write(&file, value.as_bytes()).map(drop))
            .map_err(|errno| refused(name, value, errno))?;
    }
    Ok(())
}

fn refused(name: &str, value: &str, errno: Errno) -> Failure {
    let message = match errno {
        Errno::NOENT => format!("sysctl {name}: not supported by this kernel"),
        Errno::ACCESS | Errno::PERM => {
            format!("sysctl {name}: only root of the host can change it on this kernel")
        }
        Errno::INVAL => format!("sysctl {name}: invalid value {value:?}"),
        _ => return system("sysctl", name, errno),
    };
    explained(FailureKind::InvalidArgument, "sysctl", message)
}
