//! Protocol messages over datagram connections, never waiting for a peer.

use std::os::fd::BorrowedFd;

use protocol::failure::{Failure, FailureKind};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sys::seqpacket::{self, Flags};

use crate::failure;

/// The JSON text of a message. The protocol's types always have one.
pub fn text(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).unwrap_or_default()
}

/// Sends a message if the peer has room for it.
pub fn send(socket: BorrowedFd<'_>, message: &impl Serialize) -> Result<(), seqpacket::Error> {
    seqpacket::send(socket, &text(message), &[], Flags::DONT_WAIT)
}

/// Sends a message, waiting until the peer has room for it or is gone.
pub fn send_waiting(
    socket: BorrowedFd<'_>,
    message: &impl Serialize,
) -> Result<(), seqpacket::Error> {
    seqpacket::send(socket, &text(message), &[], Flags::empty())
}

/// Reads a message, or says what was expected and what came.
pub fn parse<T: DeserializeOwned>(text: &[u8], expected: &str) -> Result<T, Failure> {
    serde_json::from_slice(text).map_err(|error| {
        let shown = String::from_utf8_lossy(&text[..text.len().min(80)]);
        failure::explained(
            FailureKind::InvalidArgument,
            "message",
            format!("expected a message {expected}, received {shown:?}: {error}"),
        )
    })
}

/// Says that a message came with the wrong number of descriptors.
pub fn wrong_descriptors(message: &str, expected: usize, received: usize) -> Failure {
    failure::explained(
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
    fn an_unexpected_message_is_named_with_what_was_expected() {
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
