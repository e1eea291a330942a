//! Connected byte streams.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::fs::{Dir, Mode, OFlags};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::sockopt::{set_socket_send_buffer_size, socket_domain};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use crate::{descriptor, errno};

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

/// Returns the Unix sockets of this process whose other end has not read everything, with the memory that the unread
/// data takes.
pub fn unread() -> Result<Vec<(RawFd, i32)>, Errno> {
    let mut found = Vec::new();
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::open("/proc/self/fd", flags, Mode::empty())?;
    for entry in Dir::read_from(&directory)? {
        let entry = entry?;
        let name = entry.file_name().to_str().ok();
        let Some(number) = name.and_then(|name| name.parse().ok()) else {
            continue;
        };
        // Another thread may have closed the descriptor.
        let Ok(file) = descriptor::duplicate(number) else {
            continue;
        };
        if socket_domain(&file) != Ok(AddressFamily::UNIX) {
            continue;
        }
        let memory = unread_of(file.as_fd()).unwrap_or(0);
        if memory > 0 {
            found.push((number, memory));
        }
    }
    Ok(found)
}

fn unread_of(socket: BorrowedFd<'_>) -> Result<i32, Errno> {
    let mut memory: libc::c_int = 0;
    // SAFETY: the request writes one int.
    match unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut memory) } {
        0 => Ok(memory),
        _ => Err(errno::last()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_listed_until_the_other_end_has_read_everything() {
        let (first, second) = pair(64 * 1024).unwrap();
        let listed = || {
            let found = unread().unwrap();
            found
                .iter()
                .any(|(number, _)| *number == second.as_raw_fd())
        };
        assert!(!listed());
        rustix::io::write(&second, b"xy").unwrap();
        assert!(listed());
        rustix::io::read(&first, &mut [0; 1]).unwrap();
        assert!(listed());
        rustix::io::read(&first, &mut [0; 1]).unwrap();
        assert!(!listed());
    }

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
