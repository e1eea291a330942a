//! Frames for the daemon, sent without waiting for it.

use crate::frames::{HEADER, header};
use crate::kernel::{Descriptor, Errno, send_now};

/// Maximum number of bytes of a frame's payload.
pub const LARGEST: usize = 16 * 1024;

/// One frame that the kernel has not taken completely. No other frame is read from its source until it is empty.
pub struct Outgoing {
    bytes: [u8; HEADER + LARGEST],
    sent: usize,
    end: usize,
}

impl Outgoing {
    pub fn new() -> Self {
        Self {
            bytes: [0; HEADER + LARGEST],
            sent: 0,
            end: 0,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.sent == self.end
    }

    /// Returns the buffer for a payload; `send` sends its first bytes.
    pub fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[HEADER..]
    }

    /// Starts to send a frame with the first `length` bytes of `room`. The last frame must have been sent.
    pub fn send(&mut self, kind: u8, length: usize, socket: Descriptor) -> Result<(), Errno> {
        self.bytes[..HEADER].copy_from_slice(&header(kind, length));
        self.sent = 0;
        self.end = HEADER + length;
        self.advance(socket)
    }

    /// Starts to send a frame with one byte.
    pub fn send_byte(&mut self, kind: u8, byte: u8, socket: Descriptor) -> Result<(), Errno> {
        self.room()[0] = byte;
        self.send(kind, 1, socket)
    }

    /// Sends as many bytes as the kernel takes now.
    pub fn advance(&mut self, socket: Descriptor) -> Result<(), Errno> {
        while !self.is_empty() {
            match send_now(socket, &self.bytes[self.sent..self.end]) {
                Ok(count) => self.sent += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
