//! The output streams of a program.

/// An output stream. With a terminal all output is [`Stream::Stdout`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    /// Returns the name in log records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }

    /// Returns 0 for stdout, 1 for stderr.
    pub fn index(self) -> usize {
        match self {
            Self::Stdout => 0,
            Self::Stderr => 1,
        }
    }

    /// Returns the eight-byte header before a piece in Docker's multiplexed framing.
    pub fn header(self, length: usize) -> [u8; 8] {
        let number = match self {
            Self::Stdout => 1,
            Self::Stderr => 2,
        };
        let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        [number, 0, 0, 0, length[0], length[1], length[2], length[3]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_contains_the_stream_and_the_length() {
        assert_eq!(Stream::Stdout.header(3), [1, 0, 0, 0, 0, 0, 0, 3]);
        assert_eq!(Stream::Stderr.header(0x0102_0304), [2, 0, 0, 0, 1, 2, 3, 4]);
    }
}
