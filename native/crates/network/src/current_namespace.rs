//! The network namespace of the calling thread.

use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;

use rustix::io::Errno;

use crate::sockets;

/// Opens the namespace. It must belong to the process's user namespace.
pub fn open() -> Result<OwnedFd, Errno> {
    sys::network_namespace::of_socket(sockets::udp(Ipv4Addr::LOCALHOST.into())?)
}

/// Sets kernel parameters below `/proc/sys/net`. A parameter that does not exist is left out: the defaults of a kernel
/// without it are sufficient.
pub fn set_parameters(parameters: &[(&str, &str)]) {
    for (name, value) in parameters {
        let _ = std::fs::write(format!("/proc/sys/net/{name}"), value);
    }
}
