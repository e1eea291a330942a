//! Protocol messages as JSON over datagram connections.

use std::os::fd::BorrowedFd;

use protocol::failure::{Failure, FailureKind};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sys::seqpacket::{self, Flags};

/// Returns the JSON text of a message. Every message of the protocol can be written.
pub fn text(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).unwrap_or_default()
}

/// Sends a message without waiting. Fails if the peer has no room for it.
pub fn send(socket: BorrowedFd<'_>, message: &impl Serialize) -> Result<(), seqpacket::Error> {
    seqpacket::send(socket, &text(message), &[], Flags::DONT_WAIT)
}

/// Sends a message with a descriptor without waiting.
pub fn send_with(
    socket: BorrowedFd<'_>,
    message: &impl Serialize,
    descriptor: BorrowedFd<'_>,
) -> Result<(), seqpacket::Error> {
    seqpacket::send(socket, &text(message), &[descriptor], Flags::DONT_WAIT)
}

/// Sends a message, and waits until the peer has room for it or has closed the connection.
pub fn send_waiting(
    socket: BorrowedFd<'_>,
    message: &impl Serialize,
) -> Result<(), seqpacket::Error> {
    seqpacket::send(socket, &text(message), &[], Flags::empty())
}

/// Parses a message. The failure names the expected and the received message.
pub fn parse<T: DeserializeOwned>(text: &[u8], expected: &str) -> Result<T, Failure> {
    serde_json::from_slice(text).map_err(|error| {
        let shown = String::from_utf8_lossy(&text[..text.len().min(80)]);
        Failure::new(
            FailureKind::InvalidArgument,
            "message",
            format!("expected a message {expected}, received {shown:?}: {error}"),
        )
    })
}

/// Returns the failure of a message with the wrong number of descriptors.
pub fn wrong_descriptors(message: &str, expected: usize, received: usize) -> Failure {
    Failure::new(
        FailureKind::InvalidArgument,
        "message",
        format!("expected {expected} descriptors with {message}, received {received}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::zygote::ToZygote;

    #[test]
    fn an_unexpected_message_is_reported_with_the_expected_one() {
        let failure = parse::<ToZygote>(br#"{"type":"dance"}"#, "to the zygote").unwrap_err();
        assert!(failure.message.contains("dance"), "{}", failure.message);
        assert!(failure.message.contains("`launch`"), "{}", failure.message);
        assert!(parse::<ToZygote>(b"\xff\x00", "to the zygote").is_err());
        assert!(parse::<ToZygote>("[".repeat(60_000).as_bytes(), "to the zygote").is_err());
    }

    #[test]
    fn the_transport_and_the_protocol_agree_on_their_limits() {
        assert_eq!(seqpacket::INLINE_LIMIT, protocol::INLINE_LIMIT);
        assert_eq!(seqpacket::SPILLED, protocol::SPILLED);
        assert_eq!(seqpacket::SPILLED_LIMIT, protocol::SPILLED_LIMIT);
    }
}
