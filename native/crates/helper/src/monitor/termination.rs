//! The path from the exit of a container's PID 1 to its exit record.

use std::fs::File;
use std::os::fd::AsFd;
use std::time::Instant;

use protocol::monitor::{Exited, FromMonitor};

use crate::monitor::channel::Channel;
use crate::monitor::event_loop::{Drain, Monitor, Stage, TERMINAL_GRACE, TERMINAL_LIMIT};
use crate::monitor::exit_record;
use crate::monitor::exit_status::{self, Status};
use crate::monitor::memory;
use crate::monitor::stream::Stream;
use crate::timestamp;

impl Monitor {
    /// Reaps PID 1.
    pub fn reap(&mut self) {
        let status = match exit_status::reap(self.program.as_fd()) {
            Ok(Some(status)) => status,
            Ok(None) => return,
            // No other process reaps PID 1, so a further wait would never end.
            Err(_) => Status::exited(255),
        };
        let _ = self.program.watch(&self.poll, None);
        if let Some(orphans) = self.orphans.take() {
            orphans.kill();
        }
        self.stage = Stage::Draining(Drain {
            status,
            since: Instant::now(),
            left: TERMINAL_LIMIT,
        });
        self.input.close();
        self.terminal_peer = None;
        if self.terminal.is_none() {
            // The pipes contain everything that the container's processes have written, even if a process outside the
            // PID namespace still has a pipe open.
            self.drain(Stream::Stdout);
            self.drain(Stream::Stderr);
        }
    }

    /// Ends the container when its output is read, and writes the exit record.
    pub fn end_if_drained(&mut self) {
        if let Stage::Draining(drain) = &self.stage {
            let drained = drain.left == 0 || self.sources.iter().all(Option::is_none);
            if drained || drain.since.elapsed() >= TERMINAL_GRACE {
                let status = drain.status;
                self.end(status);
            }
        }
        if let Stage::Ended(exited) = &self.stage
            && !self.recorded
        {
            let exited = exited.clone();
            self.write_record(&exited);
        }
    }

    fn end(&mut self, status: Status) {
        self.close_source(Stream::Stdout);
        self.close_source(Stream::Stderr);
        let finished_at = timestamp::now();
        self.report_oom_kills();
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
        if self.files.as_ref().is_some_and(|files| files.durable_exit) {
            let record = self.write_record(&exited);
            self.report_exit(&exited);
            if let (Some(files), Some(record)) = (&self.files, record) {
                let _ = exit_record::sync(files.directory.as_fd(), &record);
            }
        } else {
            // A client that waits for a container to be removed at its exit does not wait for the disk. A daemon that has
            // the report removes the container, and needs no record.
            self.report_exit(&exited);
            self.recorded = self.channels.iter().any(Channel::has_sent_all);
            if !self.recorded {
                self.write_record(&exited);
            }
        }
        self.stage = Stage::Ended(exited);
    }

    /// Reports each new process that the kernel has killed for lack of memory.
    pub fn report_oom_kills(&mut self) {
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

    fn report_exit(&mut self, exited: &Exited) {
        self.answer_log_requests();
        for channel in &mut self.channels {
            channel.send(&FromMonitor::Exited(exited.clone()));
        }
    }

    /// Writes the exit record, unless the container was removed or restarted.
    fn write_record(&mut self, exited: &Exited) -> Option<File> {
        let Some(files) = self.files.as_ref().filter(|files| files.is_current()) else {
            self.recorded = true;
            return None;
        };
        match exit_record::write(files.directory.as_fd(), exited) {
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
