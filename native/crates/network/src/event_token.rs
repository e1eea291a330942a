//! Tokens of the event loop: the part of the helper that an event belongs to, the descriptor's index in that part, and
//! the side of a pair of descriptors.

/// Parts of the helper that wait for descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSource {
    Helper = 1,
    TcpRelays,
    OutgoingTcpListeners,
    /// Connections that the host makes for a container's first packet.
    OutgoingTcp,
    /// The queue of first packets.
    SynQueue,
    OutgoingUdpListeners,
    OutgoingUdp,
    PublishedPorts,
    UdpClients,
    NameListeners,
    NameQuestions,
    NameStreams,
}

const SOURCES: [EventSource; 12] = [
    EventSource::Helper,
    EventSource::TcpRelays,
    EventSource::OutgoingTcpListeners,
    EventSource::OutgoingTcp,
    EventSource::SynQueue,
    EventSource::OutgoingUdpListeners,
    EventSource::OutgoingUdp,
    EventSource::PublishedPorts,
    EventSource::UdpClients,
    EventSource::NameListeners,
    EventSource::NameQuestions,
    EventSource::NameStreams,
];

const SOURCE_SHIFT: u32 = 56;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventToken {
    pub source: EventSource,
    /// Less than 2^55.
    pub index: u64,
    /// Whether the event is about the second descriptor of a pair.
    pub second: bool,
}

impl EventToken {
    /// Returns the number for a single descriptor.
    pub fn single(source: EventSource, index: u64) -> u64 {
        Self {
            source,
            index,
            second: false,
        }
        .encode()
    }

    pub fn encode(self) -> u64 {
        (self.source as u64) << SOURCE_SHIFT | self.index << 1 | u64::from(self.second)
    }

    /// Reads a number that [`EventToken::encode`] returned; `None` for any other number.
    pub fn decode(token: u64) -> Option<Self> {
        let source = SOURCES
            .into_iter()
            .find(|source| *source as u64 == token >> SOURCE_SHIFT)?;
        let rest = token & ((1 << SOURCE_SHIFT) - 1);
        Some(Self {
            source,
            index: rest >> 1,
            second: rest & 1 == 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoded_token_equals_the_encoded_one() {
        for source in SOURCES {
            for (index, second) in [(0, false), (0, true), (123_456_789_012, true)] {
                let token = EventToken {
                    source,
                    index,
                    second,
                };
                assert_eq!(EventToken::decode(token.encode()), Some(token));
            }
        }
        assert_eq!(EventToken::decode(5), None);
    }
}
