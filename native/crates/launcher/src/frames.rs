//! The frames of the command stream: see `src/api/streams/command-stream.ts`.

/// Bytes of a frame's header: the type, three zero bytes, the length as 32 bits big-endian.
pub const HEADER: usize = 8;

/// A frame of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    Stdout,
    Stderr,
    Exit,
    HandOver,
    ReadInput,
    CatchSignals,
    DieBySignal,
    Print,
    Message,
}

impl Received {
    fn from_type(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Stdout,
            2 => Self::Stderr,
            4 => Self::Exit,
            5 => Self::HandOver,
            6 => Self::ReadInput,
            7 => Self::CatchSignals,
            8 => Self::DieBySignal,
            9 => Self::Print,
            10 => Self::Message,
            _ => return None,
        })
    }
}

/// Types of the frames that this program sends.
pub const INPUT: u8 = 0;
pub const INPUT_FAILURE: u8 = 1;
pub const SIGNAL: u8 = 2;
pub const INPUT_END: u8 = 3;
pub const REQUEST: u8 = 4;

/// Returns the header of a frame.
pub fn header(kind: u8, length: usize) -> [u8; HEADER] {
    let [a, b, c, d] = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    [kind, 0, 0, 0, a, b, c, d]
}

/// A decoder of the daemon's bytes, in pieces of any length.
#[derive(Default)]
pub struct Decoder {
    header: [u8; HEADER],
    /// Bytes of the header that have arrived.
    filled: usize,
    /// Bytes of the payload that have not arrived.
    missing: usize,
}

/// A frame, or a part of the payload of a frame.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    pub kind: Received,
    pub payload: &'a [u8],
}

/// An error of the daemon: a frame that this program does not know.
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownFrame;

impl Decoder {
    /// Takes the next piece from `bytes`; `None` if more bytes are needed.
    pub fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Option<Piece<'a>>, UnknownFrame> {
        if self.missing == 0 {
            let taken = (HEADER - self.filled).min(bytes.len());
            let (start, rest) = bytes.split_at(taken);
            self.header[self.filled..self.filled + taken].copy_from_slice(start);
            self.filled += taken;
            *bytes = rest;
            if self.filled < HEADER {
                return Ok(None);
            }
            let [.., a, b, c, d] = self.header;
            self.missing = u32::from_be_bytes([a, b, c, d]) as usize;
            self.filled = if self.missing == 0 { 0 } else { HEADER };
            if self.missing > 0 && bytes.is_empty() {
                return Ok(None);
            }
        } else if bytes.is_empty() {
            return Ok(None);
        }
        let kind = Received::from_type(self.header[0]).ok_or(UnknownFrame)?;
        let (payload, rest) = bytes.split_at(self.missing.min(bytes.len()));
        *bytes = rest;
        self.missing -= payload.len();
        if self.missing == 0 {
            self.filled = 0;
        }
        Ok(Some(Piece { kind, payload }))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::{Decoder, Received, UnknownFrame, header};

    fn stream() -> Vec<u8> {
        let mut bytes = Vec::new();
        for (kind, payload) in [(1, "out"), (6, ""), (2, "error"), (4, "\u{7}")] {
            bytes.extend(header(kind, payload.len()));
            bytes.extend(payload.as_bytes());
        }
        bytes
    }

    #[test]
    fn frames_are_decoded_however_the_stream_is_cut() {
        let expected = [
            (Received::Stdout, b"out".to_vec()),
            (Received::ReadInput, Vec::new()),
            (Received::Stderr, b"error".to_vec()),
            (Received::Exit, [7].to_vec()),
        ];
        for size in [1, 2, 7, 8, 9, 11, 100] {
            let mut decoder = Decoder::default();
            let mut found: Vec<(Received, Vec<u8>)> = Vec::new();
            for chunk in stream().chunks(size) {
                let mut rest = chunk;
                while let Some(piece) = decoder.next(&mut rest).unwrap() {
                    match found.last_mut() {
                        Some((kind, payload)) if *kind == piece.kind => {
                            payload.extend(piece.payload)
                        }
                        _ => found.push((piece.kind, piece.payload.to_vec())),
                    }
                }
                assert!(rest.is_empty());
            }
            assert_eq!(found, expected, "pieces of {size} bytes");
        }
    }

    /// `TBOX_TEST_FUZZ_MS` is the time in milliseconds.
    #[test]
    fn changed_streams_are_read_or_refused() {
        let time = std::env::var("TBOX_TEST_FUZZ_MS").ok();
        let time = time.and_then(|text| text.parse().ok()).unwrap_or(300);
        let end = std::time::Instant::now() + std::time::Duration::from_millis(time);
        let (mut seed, mut inputs) = (1_u64, 0_u64);
        let mut below = |limit: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize % limit.max(1)
        };
        while std::time::Instant::now() < end {
            let mut bytes = stream();
            for _ in 0..=below(4) {
                let at = below(bytes.len());
                match below(3) {
                    0 => bytes.truncate(at),
                    1 => bytes.insert(at, below(256) as u8),
                    _ if bytes.is_empty() => {}
                    _ => bytes[at] = below(12) as u8,
                }
            }
            let mut decoder = Decoder::default();
            let (mut rest, mut payload) = (bytes.as_slice(), 0);
            while let Ok(Some(piece)) = decoder.next(&mut rest) {
                payload += piece.payload.len();
            }
            assert!(payload <= bytes.len(), "{bytes:?}");
            inputs += 1;
        }
        std::println!("{inputs} inputs");
    }

    #[test]
    fn an_unknown_frame_is_an_error() {
        let bytes = header(77, 0);
        assert_eq!(
            Decoder::default().next(&mut bytes.as_slice()),
            Err(UnknownFrame)
        );
    }
}
