//! Bytes that wait for a slow reader.

use std::collections::VecDeque;
use std::io::IoSlice;

use rustix::io::Errno;

/// The result of an attempt to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Everything was taken.
    Done,
    /// The reader takes no more bytes now.
    Full,
    /// The reader has closed its end.
    Gone,
}

/// Capacity that an empty queue keeps.
const KEPT_CAPACITY: usize = 8192;

#[derive(Debug, Default)]
pub struct Queue {
    bytes: VecDeque<u8>,
}

impl Queue {
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// Discards all bytes and frees their memory.
    pub fn clear(&mut self) {
        self.bytes = VecDeque::new();
    }

    /// Writes as many bytes as `write` takes.
    pub fn flush(&mut self, mut write: impl FnMut(&[IoSlice<'_>]) -> Result<usize, Errno>) -> Flow {
        while !self.bytes.is_empty() {
            let (front, back) = self.bytes.as_slices();
            match write(&[IoSlice::new(front), IoSlice::new(back)]) {
                Ok(0) | Err(Errno::AGAIN) => return Flow::Full,
                Ok(count) => drop(self.bytes.drain(..count)),
                Err(Errno::INTR) => {}
                Err(_) => {
                    self.clear();
                    return Flow::Gone;
                }
            }
        }
        if self.bytes.capacity() > KEPT_CAPACITY {
            self.clear();
        }
        Flow::Done
    }

    /// Writes these bytes after the waiting ones, and keeps those that are not taken.
    pub fn send(
        &mut self,
        parts: &[&[u8]],
        mut write: impl FnMut(&[IoSlice<'_>]) -> Result<usize, Errno>,
    ) -> Flow {
        let mut taken = 0;
        if self.bytes.is_empty() {
            let slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
            taken = match write(&slices) {
                Ok(count) => count,
                Err(Errno::AGAIN | Errno::INTR) => 0,
                Err(_) => return Flow::Gone,
            };
        }
        for part in parts {
            let skipped = taken.min(part.len());
            taken -= skipped;
            self.push(&part[skipped..]);
        }
        if self.bytes.is_empty() {
            Flow::Done
        } else {
            Flow::Full
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes at most `room` bytes of everything written to it.
    fn reader(
        room: usize,
        taken: &mut Vec<u8>,
    ) -> impl FnMut(&[IoSlice<'_>]) -> Result<usize, Errno> {
        let mut left = room;
        move |slices| {
            let all: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
            let count = all.len().min(left);
            taken.extend(&all[..count]);
            left -= count;
            if count == 0 {
                Err(Errno::AGAIN)
            } else {
                Ok(count)
            }
        }
    }

    #[test]
    fn bytes_arrive_in_order_however_many_the_reader_takes() {
        for room in 0..12 {
            let (mut queue, mut taken) = (Queue::default(), Vec::new());
            let flow = queue.send(&[b"head", b"body"], reader(room, &mut taken));
            assert_eq!(flow, if room >= 8 { Flow::Done } else { Flow::Full });
            let flow = queue.send(&[b"tail"], |_| Err(Errno::AGAIN));
            assert_eq!(flow, Flow::Full);
            assert_eq!(queue.flush(reader(99, &mut taken)), Flow::Done);
            assert_eq!(taken, b"headbodytail");
        }
    }

    #[test]
    fn a_closed_reader_is_distinguished_from_a_slow_one() {
        let mut queue = Queue::default();
        assert_eq!(queue.send(&[b"x"], |_| Err(Errno::PIPE)), Flow::Gone);
        queue.push(b"x");
        assert_eq!(queue.flush(|_| Err(Errno::PIPE)), Flow::Gone);
        assert!(queue.is_empty());
    }
}
