//! First packets of connections, which wait in the kernel until it is known what becomes of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use crate::firewall::QUEUE;
use crate::netlink::{Batch, Error, Netlink, Subject};

const CONFIGURE: u16 = 0x302;
const VERDICT: u16 = 0x301;
const PACKET: u16 = 0x300;

/// The longest headers before the ports, and the ports.
const COPIED: u32 = 128;

/// Packets that wait; what comes beyond is let through.
const LONGEST: u32 = 4096;

const HEADER: usize = 20;

/// A queue of the namespace that the calling thread is in; rules may lead to it.
pub fn open() -> Result<OwnedFd, Error> {
    let failed = |errno| Error {
        what: "queue",
        errno,
    };
    let netlink = Netlink::open(Subject::Packets).map_err(failed)?;
    let mut batch = Batch::default();
    batch
        .message("queue", CONFIGURE, 0, &resource())
        .bytes(1, &[1, 0, 0, 2]);
    netlink.perform(&batch)?;
    let mut parameters = COPIED.to_be_bytes().to_vec();
    parameters.push(2);
    let mut batch = Batch::default();
    batch
        .message("queue", CONFIGURE, 0, &resource())
        .bytes(2, &parameters)
        .network_number(3, LONGEST);
    netlink.perform(&batch)?;
    let socket = netlink.into_socket();
    rustix::io::ioctl_fionbio(&socket, true).map_err(failed)?;
    Ok(socket)
}

/// A packet that begins a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct First {
    pub id: u32,
    pub from: SocketAddr,
    pub to: SocketAddr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Drop,
    /// Goes through the rules again, with this mark.
    Mark(u32),
}

/// What waits now; packets that are nothing of what was asked for are let through.
pub fn receive(queue: impl AsFd, buffer: &mut [u8]) -> Vec<First> {
    let mut found = Vec::new();
    loop {
        match recv(&queue, &mut *buffer, RecvFlags::DONTWAIT) {
            Ok((_, length)) => {
                for (id, packet) in packets(&buffer[..length]) {
                    match packet.and_then(parse) {
                        Some((from, to)) => found.push(First { id, from, to }),
                        None => decide(&queue, id, Verdict::Mark(crate::firewall::DIVERTED)),
                    }
                }
            }
            // Some were lost for want of room; their senders try again.
            Err(Errno::INTR | Errno::NOBUFS) => {}
            Err(_) => return found,
        }
    }
}

pub fn decide(queue: impl AsFd, id: u32, verdict: Verdict) {
    const DROP: u32 = 0;
    const REPEAT: u32 = 4;
    let code = if verdict == Verdict::Drop {
        DROP
    } else {
        REPEAT
    };
    let header = [code.to_be_bytes(), id.to_be_bytes()].concat();
    let mut batch = Batch::default();
    batch.silent(VERDICT, &resource()).bytes(2, &header);
    if let Verdict::Mark(mark) = verdict {
        batch.network_number(3, mark);
    }
    // A packet without a verdict is sent again by its sender.
    let _ = send(queue, batch.as_bytes(), SendFlags::DONTWAIT);
}

fn resource() -> [u8; 4] {
    let [high, low] = QUEUE.to_be_bytes();
    [0, 0, high, low]
}

/// The number of each packet in a datagram of messages, and what was copied of it.
fn packets(mut bytes: &[u8]) -> Vec<(u32, Option<&[u8]>)> {
    let mut found = Vec::new();
    while let Some(length) = native(bytes, 0).map(|length| length as usize) {
        let Some(message) = bytes
            .get(..length)
            .filter(|message| message.len() >= HEADER)
        else {
            break;
        };
        if message[4..6] == PACKET.to_ne_bytes() {
            let (mut id, mut payload) = (None, None);
            let mut rest = &message[HEADER..];
            while let [low, high, kind, _, ..] = *rest {
                let length = usize::from(u16::from_ne_bytes([low, high]));
                let Some(value) = rest.get(4..length) else {
                    break;
                };
                match kind {
                    1 => id = value.get(..4).and_then(|slice| slice.try_into().ok()),
                    10 => payload = Some(value),
                    _ => {}
                }
                rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            }
            if let Some(id) = id {
                found.push((u32::from_be_bytes(id), payload));
            }
        }
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    found
}

fn native(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The addresses and ports of a TCP packet.
fn parse(packet: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    const TCP: u8 = 6;
    let (from, to, ports): (IpAddr, IpAddr, &[u8]) = match packet.first()? >> 4 {
        4 if *packet.get(9)? == TCP => {
            let address = |at: usize| {
                let bytes: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
                Some(Ipv4Addr::from(bytes))
            };
            let length = usize::from(packet.first()? & 15) * 4;
            (
                address(12)?.into(),
                address(16)?.into(),
                packet.get(length..)?,
            )
        }
        // Where other headers come first, the connection is accepted first.
        6 if *packet.get(6)? == TCP => {
            let address = |at: usize| {
                let bytes: [u8; 16] = packet.get(at..at + 16)?.try_into().ok()?;
                Some(Ipv6Addr::from(bytes))
            };
            (address(8)?.into(), address(24)?.into(), packet.get(40..)?)
        }
        _ => return None,
    };
    let [a, b, c, d, ..] = *ports else {
        return None;
    };
    let port = |high, low| u16::from_be_bytes([high, low]);
    Some((
        SocketAddr::new(from, port(a, b)),
        SocketAddr::new(to, port(c, d)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet4() -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0];
        packet.extend([172, 17, 0, 2, 192, 0, 2, 1, 0x80, 0x00, 0, 80]);
        packet
    }

    #[test]
    fn addresses_and_ports_are_read_from_packets() {
        let (from, to) = parse(&packet4()).unwrap();
        assert_eq!(
            (from.to_string(), to.to_string()),
            ("172.17.0.2:32768".into(), "192.0.2.1:80".into())
        );
        let mut packet = vec![0x60, 0, 0, 0, 0, 20, 6, 64];
        packet.extend(Ipv6Addr::LOCALHOST.octets());
        packet.extend(Ipv6Addr::UNSPECIFIED.octets());
        packet.extend([0, 1, 0, 2]);
        let (from, to) = parse(&packet).unwrap();
        assert_eq!(
            (from.to_string(), to.to_string()),
            ("[::1]:1".into(), "[::]:2".into())
        );
    }

    #[test]
    fn what_is_cut_off_anywhere_is_nothing() {
        for length in 0..packet4().len() {
            assert_eq!(parse(&packet4()[..length]), None, "{length}");
        }
        let mut message = vec![0; HEADER];
        message[4..6].copy_from_slice(&PACKET.to_ne_bytes());
        message.extend([12, 0, 1, 0, 0, 0, 0, 9, 0, 8, 0, 0]);
        message[0] = message.len() as u8;
        assert_eq!(packets(&message), [(9, None)]);
        for length in 0..message.len() {
            assert!(packets(&message[..length]).is_empty(), "{length}");
        }
    }
}
