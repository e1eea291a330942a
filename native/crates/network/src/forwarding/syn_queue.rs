//! The kernel queue (NFQUEUE) in which the first packet of each outgoing connection waits for a verdict.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use crate::firewall::QUEUE;
use crate::netlink::{Batch, Error, Netlink, Subject};

/// Messages, attributes and commands of linux/netfilter/nfnetlink_queue.h.
mod nfqnl {
    /// NFNL_SUBSYS_QUEUE, in the upper byte of a message's type.
    const SUBSYSTEM: u16 = 3 << 8;
    pub const MSG_PACKET: u16 = SUBSYSTEM;
    pub const MSG_VERDICT: u16 = SUBSYSTEM | 1;
    pub const MSG_CONFIG: u16 = SUBSYSTEM | 2;

    pub const CFG_CMD: u16 = 1;
    pub const CFG_PARAMS: u16 = 2;
    pub const CFG_QUEUE_MAXLEN: u16 = 3;
    pub const CFG_CMD_BIND: u8 = 1;
    pub const COPY_PACKET: u8 = 2;

    pub const PACKET_HDR: u8 = 1;
    pub const PAYLOAD: u8 = 10;

    pub const VERDICT_HDR: u16 = 2;
    pub const MARK: u16 = 3;

    /// NF_DROP.
    pub const DROP: u32 = 0;
    /// NF_REPEAT.
    pub const REPEAT: u32 = 4;
}

/// Bytes of each packet that the kernel copies: the longest headers before the ports, and the ports.
const COPIED: u32 = 128;

/// Maximum number of packets that may wait. The kernel drops further packets, and their senders repeat them.
const QUEUE_LENGTH: u32 = 4096;

/// Length of a netlink header and the netfilter header after it.
const HEADER: usize = 20;

/// Opens the queue in the network namespace of the calling thread. The socket does not block.
pub fn open() -> Result<OwnedFd, Error> {
    const PF_INET: u8 = 2;
    let failed = |errno| Error {
        what: "queue",
        errno,
    };
    let netlink = Netlink::open(Subject::Netfilter).map_err(failed)?;
    let mut batch = Batch::default();
    batch
        .message("queue", nfqnl::MSG_CONFIG, 0, &header())
        .bytes(nfqnl::CFG_CMD, &[nfqnl::CFG_CMD_BIND, 0, 0, PF_INET]);
    netlink.perform(&batch)?;
    let mut parameters = COPIED.to_be_bytes().to_vec();
    parameters.push(nfqnl::COPY_PACKET);
    let mut batch = Batch::default();
    batch
        .message("queue", nfqnl::MSG_CONFIG, 0, &header())
        .bytes(nfqnl::CFG_PARAMS, &parameters)
        .be32(nfqnl::CFG_QUEUE_MAXLEN, QUEUE_LENGTH);
    netlink.perform(&batch)?;
    let socket = netlink.into_socket();
    rustix::io::ioctl_fionbio(&socket, true).map_err(failed)?;
    Ok(socket)
}

/// The first packet of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstPacket {
    pub id: u32,
    pub from: SocketAddr,
    pub to: SocketAddr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Drop,
    /// Sends the packet through the rules again, with this mark.
    Mark(u32),
}

/// Returns the packets that wait now. A packet that is not TCP passes.
pub fn receive(queue: impl AsFd, buffer: &mut [u8]) -> Vec<FirstPacket> {
    let mut found = Vec::new();
    loop {
        match recv(&queue, &mut *buffer, RecvFlags::DONTWAIT) {
            Ok((_, length)) => {
                for (id, packet) in packets(&buffer[..length]) {
                    match packet.and_then(parse) {
                        Some((from, to)) => found.push(FirstPacket { id, from, to }),
                        None => decide(&queue, id, Verdict::Mark(crate::firewall::DIVERTED)),
                    }
                }
            }
            // The socket buffer was full and packets were lost; their senders repeat them.
            Err(Errno::INTR | Errno::NOBUFS) => {}
            Err(_) => return found,
        }
    }
}

pub fn decide(queue: impl AsFd, id: u32, verdict: Verdict) {
    let code = match verdict {
        Verdict::Drop => nfqnl::DROP,
        Verdict::Mark(_) => nfqnl::REPEAT,
    };
    let code = [code.to_be_bytes(), id.to_be_bytes()].concat();
    let mut batch = Batch::default();
    batch
        .silent(nfqnl::MSG_VERDICT, &header())
        .bytes(nfqnl::VERDICT_HDR, &code);
    if let Verdict::Mark(mark) = verdict {
        batch.be32(nfqnl::MARK, mark);
    }
    // If this fails, the sender repeats the packet.
    let _ = send(queue, batch.as_bytes(), SendFlags::DONTWAIT);
}

/// Returns the netfilter header of a message about the queue.
fn header() -> [u8; 4] {
    let [high, low] = QUEUE.to_be_bytes();
    [0, 0, high, low]
}

/// Returns the id of each packet in a datagram of netlink messages, and the copied part of the packet.
fn packets(mut bytes: &[u8]) -> Vec<(u32, Option<&[u8]>)> {
    let mut found = Vec::new();
    while let Some(length) = native_u32(bytes, 0).map(|length| length as usize) {
        let Some(message) = bytes
            .get(..length)
            .filter(|message| message.len() >= HEADER)
        else {
            break;
        };
        if message[4..6] == nfqnl::MSG_PACKET.to_ne_bytes() {
            let (mut id, mut payload) = (None, None);
            let mut rest = &message[HEADER..];
            while let [low, high, kind, _, ..] = *rest {
                let length = usize::from(u16::from_ne_bytes([low, high]));
                let Some(value) = rest.get(4..length) else {
                    break;
                };
                match kind {
                    nfqnl::PACKET_HDR => {
                        id = value.get(..4).and_then(|slice| slice.try_into().ok())
                    }
                    nfqnl::PAYLOAD => payload = Some(value),
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

fn native_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Returns the source and destination of a TCP packet.
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
        // A packet with extension headers passes: its connection is accepted before the host connects.
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
    fn a_truncated_packet_or_message_is_ignored() {
        for length in 0..packet4().len() {
            assert_eq!(parse(&packet4()[..length]), None, "{length}");
        }
        let mut message = vec![0; HEADER];
        message[4..6].copy_from_slice(&nfqnl::MSG_PACKET.to_ne_bytes());
        message.extend([12, 0, 1, 0, 0, 0, 0, 9, 0, 8, 0, 0]);
        message[0] = message.len() as u8;
        assert_eq!(packets(&message), [(9, None)]);
        for length in 0..message.len() {
            assert!(packets(&message[..length]).is_empty(), "{length}");
        }
    }

    /// `TBOX_TEST_FUZZ_MS` is the time in milliseconds.
    #[test]
    fn changed_messages_of_the_queue_are_read_or_refused() {
        let time = std::env::var("TBOX_TEST_FUZZ_MS").ok();
        let time = time.and_then(|text| text.parse().ok()).unwrap_or(300);
        let end = std::time::Instant::now() + std::time::Duration::from_millis(time);
        let mut message = vec![0; HEADER];
        message[4..6].copy_from_slice(&nfqnl::MSG_PACKET.to_ne_bytes());
        message.extend([12, 0, 1, 0, 0, 0, 0, 9, 0, 8, 0, 0]);
        message.extend([4 + packet4().len() as u8, 0, nfqnl::PAYLOAD, 0]);
        message.extend(packet4());
        message[0] = message.len() as u8;
        let two = [message.clone(), message].concat();
        let (mut seed, mut inputs) = (1_u64, 0_u64);
        let mut below = |limit: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize % limit.max(1)
        };
        while std::time::Instant::now() < end {
            let mut bytes = two.clone();
            for _ in 0..=below(5) {
                let at = below(bytes.len());
                match below(5) {
                    0 => bytes.truncate(at),
                    1 => bytes.insert(at, below(256) as u8),
                    _ if bytes.is_empty() => {}
                    2 => bytes[at] = [0, 1, 3, 4, 0xff][below(5)],
                    _ => bytes[at] = below(256) as u8,
                }
            }
            let found = packets(&bytes);
            assert!(found.len() <= bytes.len() / HEADER, "{bytes:?}");
            found
                .into_iter()
                .filter_map(|(_, packet)| parse(packet?))
                .for_each(drop);
            // Answers of the kernel on the other connections.
            crate::netlink::first_type(&bytes);
            inputs += 1;
        }
        println!("{inputs} inputs");
    }
}
