//! The program's standard input: a pipe or the terminal, written from the input of all attached clients.

use std::os::fd::OwnedFd;

use rustix::io::writev;
use sys::event::{Interest, Poll};

use crate::monitor::queue::{Flow, Queue};
use sys::watched::Watched;

/// Bytes that may wait for the program before the monitor stops reading its clients.
const LIMIT: usize = 64 * 1024;

/// The reaction to the end of a client's input.
///
/// As in Docker, a pipe with `stdin_once` closes with the first client whose input ends or that disconnects. Any other
/// input stays open for the next client. A terminal's input ends only with the character that its user types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtEnd {
    Close,
    KeepOpen,
}

#[derive(Debug)]
pub struct Input {
    sink: Option<Watched>,
    queue: Queue,
    at_end: AtEnd,
    closing: bool,
}

impl Input {
    /// Creates the input from a non-blocking descriptor. Without one all bytes are discarded.
    pub fn new(sink: Option<OwnedFd>, token: u64, at_end: AtEnd) -> Self {
        Self {
            sink: sink.map(|descriptor| Watched::new(descriptor, token)),
            queue: Queue::default(),
            at_end,
            closing: false,
        }
    }

    /// Returns the number of bytes that [`Input::push`] may take now.
    pub fn room(&self) -> usize {
        LIMIT.saturating_sub(self.queue.len())
    }

    pub fn push(&mut self, bytes: &[u8]) {
        let Some(sink) = self.sink.as_ref().filter(|_| !self.closing) else {
            return;
        };
        let flow = self.queue.send(&[bytes], |slices| writev(sink, slices));
        self.after(flow);
    }

    pub fn flush(&mut self) {
        if let Some(sink) = &self.sink {
            let flow = self.queue.flush(|slices| writev(sink, slices));
            self.after(flow);
        }
    }

    /// Handles the end of a client's input, or its disconnection.
    pub fn client_ended(&mut self) {
        if self.at_end == AtEnd::Close {
            self.closing = true;
            self.flush();
        }
    }

    /// Discards waiting bytes and closes the input, because nothing reads it any more.
    pub fn close(&mut self) {
        self.sink = None;
        self.queue.clear();
    }

    /// Registers for writing while bytes wait. Otherwise the kernel would report a program that has closed its end
    /// again and again.
    pub fn watch(&mut self, poll: &Poll) {
        let interest = (!self.queue.is_empty()).then_some(Interest::WRITE);
        if let Some(sink) = &mut self.sink
            && sink.watch(poll, interest).is_err()
        {
            self.close();
        }
    }

    fn after(&mut self, flow: Flow) {
        match flow {
            Flow::Gone => self.close(),
            Flow::Done if self.closing => self.close(),
            Flow::Done | Flow::Full => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn input(at_end: AtEnd) -> (Input, std::fs::File) {
        let flags = rustix::pipe::PipeFlags::NONBLOCK;
        let (reader, writer) = rustix::pipe::pipe_with(flags).unwrap();
        (
            Input::new(Some(writer), 1, at_end),
            std::fs::File::from(reader),
        )
    }

    #[test]
    fn the_input_closes_after_its_last_byte() {
        let (mut input, mut program) = input(AtEnd::Close);
        let bytes = vec![b'x'; 100_000];
        input.push(&bytes);
        input.client_ended();
        input.push(b"too late");
        let mut received = Vec::<u8>::new();
        let mut buffer = [0; 65_536];
        loop {
            match program.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => received.extend(&buffer[..count]),
                Err(_) => input.flush(),
            }
        }
        assert!(received == bytes);
    }

    #[test]
    fn an_input_that_is_kept_open_outlives_its_clients() {
        let (mut input, mut program) = input(AtEnd::KeepOpen);
        input.push(b"a");
        input.client_ended();
        input.push(b"b");
        let mut buffer = [0; 10];
        assert_eq!(program.read(&mut buffer).unwrap(), 2);
        assert!(program.read(&mut buffer).is_err());
    }

    #[test]
    fn input_for_a_program_that_closed_its_stdin_is_discarded() {
        let (mut input, program) = input(AtEnd::Close);
        drop(program);
        input.push(b"a");
        input.push(b"b");
        assert_eq!(input.room(), LIMIT);
    }
}
