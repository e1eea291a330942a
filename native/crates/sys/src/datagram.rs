//! Datagrams to Unix sockets.

use std::path::Path;

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType, sendto, socket_with,
};

/// Sends a datagram without waiting. Fails with `EAGAIN` while the receiver's queue is full.
pub fn send(path: &Path, bytes: &[u8]) -> Result<(), Errno> {
    let socket = socket_with(
        AddressFamily::UNIX,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    sendto(&socket, bytes, flags, &SocketAddrUnix::new(path)?).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixDatagram;

    #[test]
    fn a_datagram_arrives_whole_and_a_missing_receiver_is_reported() {
        let path = std::env::temp_dir().join(format!("tbox-datagram-{}", std::process::id()));
        let receiver = UnixDatagram::bind(&path).unwrap();
        send(&path, b"record").unwrap();
        let mut buffer = [0; 16];
        assert_eq!(receiver.recv(&mut buffer).unwrap(), 6);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(send(&path, b"record"), Err(Errno::NOENT));
    }
}
