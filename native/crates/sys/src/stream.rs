//! Connected byte streams.

use std::os::fd::OwnedFd;

use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

/// Returns two connected sockets, closed on exec. Only the first is non-blocking.
pub fn pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    let (first, second) = socketpair(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    ioctl_fionbio(&first, true)?;
    Ok((first, second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_socket_is_non_blocking() {
        let (first, second) = pair().unwrap();
        assert_eq!(rustix::io::read(&first, &mut [0; 1]), Err(Errno::AGAIN));
        rustix::io::write(&first, b"x").unwrap();
        assert_eq!(rustix::io::read(&second, &mut [0; 1]), Ok(1));
        let flags = rustix::fs::fcntl_getfl(&second).unwrap();
        assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK));
    }
}
