//! A text buffer of fixed size, because this program allocates no memory.

use core::ffi::CStr;
use core::fmt;

/// Bytes on the stack. Bytes that do not fit make the buffer incomplete.
pub struct Buffer<const SIZE: usize> {
    bytes: [u8; SIZE],
    length: usize,
    complete: bool,
}

impl<const SIZE: usize> Buffer<SIZE> {
    pub fn new() -> Self {
        Self {
            bytes: [0; SIZE],
            length: 0,
            complete: true,
        }
    }

    pub fn push(&mut self, bytes: &[u8]) -> &mut Self {
        let end = self.length + bytes.len();
        match self.bytes.get_mut(self.length..end) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.length = end;
            }
            None => self.complete = false,
        }
        self
    }

    /// Appends a number in decimal.
    pub fn push_number(&mut self, number: u64) -> &mut Self {
        // A write to this buffer cannot fail: bytes that do not fit are recorded.
        let _ = fmt::Write::write_fmt(self, format_args!("{number}"));
        self
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Returns the bytes, which must end with the only NUL.
    pub fn text(&self) -> Option<&CStr> {
        CStr::from_bytes_with_nul(self.bytes()).ok()
    }

    pub fn is_complete(&self) -> bool {
        self.complete
    }
}

impl<const SIZE: usize> fmt::Write for Buffer<SIZE> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Buffer;

    #[test]
    fn a_buffer_keeps_what_fits_and_reports_the_rest() {
        let mut buffer = Buffer::<6>::new();
        buffer.push(b"ab").push_number(120);
        assert_eq!(buffer.bytes(), b"ab120");
        assert!(buffer.is_complete());
        buffer.push(b"xy");
        assert_eq!(buffer.bytes(), b"ab120");
        assert!(!buffer.is_complete());
    }
}
