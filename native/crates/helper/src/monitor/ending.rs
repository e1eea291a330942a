//! From the end of a container's PID 1 to its exit record.

use std::fs::File;
use std::os::fd::AsFd;
use std::time::Instant;

use protocol::monitor::{Exited, FromMonitor};
use rustix::io::Errno;

use crate::monitor::exit::{self, Status};
use crate::monitor::memory;
use crate::monitor::serve::{Monitor, Stage, TERMINAL_GRACE};
use crate::monitor::stream::Stream;
use crate::timestamp;

impl Monitor {
    pub(super) fn collect(&mut self) {
        let status = match exit::collect(self.program.as_fd()) {
            Ok(Some(status)) => status,
            Ok(None) => return,
            // Nobody else can have collected it; to wait on would be to wait for ever.
            Err(_) => Status::exited(255),
        };
        let _ = self.program.watch(&self.poll, None);
        if let Some(orphans) = self.orphans.take() {
            orphans.end();
        }
        self.stage = Stage::Draining(status, Instant::now());
        self.input.close();
        self.terminal_peer = None;
        if self.terminal.is_none() {
            // Every writer has ended: what a pipe holds now is all it will ever hold, even if
            // somebody outside the container has it open.
            self.drain(Stream::Stdout);
            self.drain(Stream::Stderr);
        }
    }

    fn drain(&mut self, stream: Stream) {
        let mut buffer = std::mem::take(&mut self.buffer);
        while let Some(source) = &self.sources[stream.index()] {
            match rustix::io::read(source, &mut buffer) {
                Ok(count) if count > 0 => self.deliver(stream, &buffer[..count]),
                Err(Errno::INTR) => {}
                Ok(_) | Err(_) => self.end_source(stream),
            }
        }
        self.buffer = buffer;
    }

    pub(super) fn end_if_drained(&mut self) {
        if let Stage::Draining(status, since) = &self.stage {
            let drained = self.sources.iter().all(Option::is_none);
            if drained || since.elapsed() >= TERMINAL_GRACE {
                let status = *status;
                self.end(status);
            }
        }
        if let Stage::Ended(exited) = &self.stage
            && !self.recorded
        {
            let exited = exited.clone();
            self.record(&exited);
        }
    }

    fn end(&mut self, status: Status) {
        self.end_source(Stream::Stdout);
        self.end_source(Stream::Stderr);
        let finished_at = timestamp::now();
        self.count_oom_kills();
        if let Some(log) = self.log() {
            log.finish(&finished_at);
        }
        let exited = Exited {
            pid: self.started.pid,
            code: status.code,
            signal: status.signal,
            oom_killed: self.oom_kills > 0,
            started_at: self.started.started_at.clone(),
            finished_at,
        };
        if self.place.as_ref().is_some_and(|place| place.durable_exit) {
            let record = self.record(&exited);
            self.tell(&exited);
            if let (Some(place), Some(file)) = (&self.place, record) {
                let _ = exit::sync_record(place.directory.as_fd(), &file);
            }
        } else {
            // Whoever waits for a container that is removed at its end need not wait for the disk.
            self.tell(&exited);
            self.record(&exited);
        }
        self.stage = Stage::Ended(exited);
    }

    /// Tells of every time that the kernel killed for want of memory, as soon as it has.
    pub(super) fn count_oom_kills(&mut self) {
        let Some(events) = &self.memory else {
            return;
        };
        let kills = memory::kills(events.as_fd());
        if kills > self.oom_kills {
            self.oom_kills = kills;
            for channel in &mut self.channels {
                channel.send(&FromMonitor::OutOfMemory);
            }
        }
    }

    fn tell(&mut self, exited: &Exited) {
        self.answer();
        for channel in &mut self.channels {
            channel.send(&FromMonitor::Exited(exited.clone()));
        }
    }

    /// Writes the exit record unless the container is gone or has been started anew.
    fn record(&mut self, exited: &Exited) -> Option<File> {
        let Some(place) = self.place.as_ref().filter(|_| self.owns_socket()) else {
            self.recorded = true;
            return None;
        };
        match exit::write_record(place.directory.as_fd(), exited) {
            Ok(file) => {
                self.recorded = true;
                Some(file)
            }
            Err(error) => {
                self.recorded = error.kind() == std::io::ErrorKind::NotFound;
                None
            }
        }
    }
}
