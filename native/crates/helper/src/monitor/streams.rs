//! Transfer between the program's streams, its log and its clients.

use std::time::Instant;

use rustix::io::{Errno, ioctl_fionread};
use sys::event::Interest;
use sys::watched::Watched;

use crate::monitor::attachment::AttachedClient;
use crate::monitor::event_loop::{Monitor, Stage};
use crate::monitor::stream::Stream;
use crate::timestamp;

impl Monitor {
    pub fn read_output(&mut self, stream: Stream) {
        let Some(source) = &self.sources[stream.index()] else {
            return;
        };
        let mut buffer = std::mem::take(&mut self.buffer);
        match rustix::io::read(source, &mut buffer) {
            Ok(count) if count > 0 => {
                self.deliver(stream, &buffer[..count]);
                if let Stage::Draining(drain) = &mut self.stage {
                    drain.since = Instant::now();
                    drain.left = drain.left.saturating_sub(count);
                }
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            // End of file. A terminal reports EIO instead.
            Ok(_) | Err(_) => self.close_source(stream),
        }
        self.buffer = buffer;
    }

    /// Reads the bytes that a pipe contains after the program's end, and closes it. A process that has survived the
    /// program may go on writing.
    pub fn drain(&mut self, stream: Stream) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut left = self.sources[stream.index()].as_ref().map_or(0, unread);
        while left > 0
            && let Some(source) = &self.sources[stream.index()]
        {
            let room = left.min(buffer.len());
            match rustix::io::read(source, &mut buffer[..room]) {
                Ok(count) if count > 0 => {
                    left -= count;
                    self.deliver(stream, &buffer[..count]);
                }
                Err(Errno::INTR) => {}
                Ok(_) | Err(_) => break,
            }
        }
        self.close_source(stream);
        self.buffer = buffer;
    }

    /// Passes a piece of output to all clients and to the log.
    fn deliver(&mut self, stream: Stream, piece: &[u8]) {
        for client in &mut self.clients {
            client.offer(stream, piece);
        }
        if let Some(log) = self.log() {
            log.write(stream, piece, &timestamp::now());
        }
    }

    pub fn close_source(&mut self, stream: Stream) {
        if let Some(mut source) = self.sources[stream.index()].take() {
            let _ = source.watch(&self.poll, None);
        }
    }

    pub fn serve_client(&mut self, index: usize, ready: Interest) {
        if ready.intersects(Interest::HANGUP | Interest::ERROR) {
            self.clients[index].hang_up();
        } else if ready.contains(Interest::WRITE) {
            self.clients[index].flush();
        }
        if ready.contains(Interest::READ) {
            self.take_input(index);
        }
    }

    /// Reads a client's input for the program, at most as much as the program's input queue has room for.
    pub fn take_input(&mut self, index: usize) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let client = &mut self.clients[index];
        while client.sends() && self.input.room() > 0 {
            let room = self.input.room().min(buffer.len());
            match client.receive(&mut buffer[..room]) {
                Ok(0) => self.input.client_ended(),
                Ok(count) => self.input.push(&buffer[..count]),
                Err(_) => break,
            }
            if !client.hung_up() {
                break;
            }
        }
        self.buffer = buffer;
    }

    /// Closes the connections of clients that need nothing more.
    pub fn close_finished_clients(&mut self) {
        let ended = matches!(self.stage, Stage::Ended(_));
        let finished =
            |client: &AttachedClient| client.is_over() || (ended && !client.has_output());
        for client in self.clients.extract_if(.., |client| finished(client)) {
            client.close(&self.poll);
        }
    }
}

/// Returns the number of bytes that a pipe contains.
fn unread(pipe: &Watched) -> usize {
    let count = ioctl_fionread(pipe).unwrap_or(0);
    usize::try_from(count).unwrap_or(usize::MAX)
}
