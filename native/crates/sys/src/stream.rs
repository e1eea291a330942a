//! Connected byte streams.

use std::os::fd::OwnedFd;

use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::sockopt::set_socket_send_buffer_size;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

/// Returns two connected sockets, closed on exec. Only the first is non-blocking. About `buffer` bytes fit between the
/// second and the first.
pub fn pair(buffer: usize) -> Result<(OwnedFd, OwnedFd), Errno> {
    let (first, second) = socketpair(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    ioctl_fionbio(&first, true)?;
    set_socket_send_buffer_size(&second, buffer)?;
    Ok((first, second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_nobody_reads_takes_few_bytes() {
        let (_first, second) = pair(8 * 1024).unwrap();
        ioctl_fionbio(&second, true).unwrap();
        let mut taken = 0;
        while let Ok(count) = rustix::io::write(&second, &[0; 4096]) {
            taken += count;
        }
        assert!((4096..=32 * 1024).contains(&taken), "{taken}");
    }

    #[test]
    fn only_the_first_socket_is_non_blocking() {
        let (first, second) = pair(64 * 1024).unwrap();
        assert_eq!(rustix::io::read(&first, &mut [0; 1]), Err(Errno::AGAIN));
        rustix::io::write(&first, b"x").unwrap();
        assert_eq!(rustix::io::read(&second, &mut [0; 1]), Ok(1));
        let flags = rustix::fs::fcntl_getfl(&second).unwrap();
        assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK));
    }
}
