//! The monitor's loop. It waits for nothing but its epoll instance.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use protocol::launch::Attachment;
use protocol::monitor::{Exited, FromMonitor, Started};
use rustix::fs::{AtFlags, OFlags, fcntl_getfl, fcntl_setfl, statat, unlinkat};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer};
use sys::event::{Event, Interest, Poll};

use crate::monitor::attachment::Attached;
use crate::monitor::channel::Channel;
use crate::monitor::exit::Status;
use crate::monitor::input::{AtEnd, Input};
use crate::monitor::log::JsonLog;
use crate::monitor::memory;
use crate::monitor::orphans::Orphans;
use crate::monitor::stream::Stream;
use crate::timestamp;
use sys::watched::Watched;

const LISTENER: u64 = 0;
const PROGRAM: u64 = 1;
const STDIN: u64 = 2;
const STDOUT: u64 = 3;
const STDERR: u64 = 4;
const MEMORY: u64 = 5;
const FIRST_FREE: u64 = 16;

/// A pipe's whole content.
const PIECE: usize = 64 * 1024;

/// How long a terminal that somebody outside the container keeps open can hold up its end.
pub(super) const TERMINAL_GRACE: Duration = Duration::from_secs(1);

/// How often an exit record that could not be written is tried again.
const RECORD_AGAIN: Duration = Duration::from_secs(1);

/// How long connections wait when none could be taken.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Where the container's files and the monitor's socket lie.
#[derive(Debug)]
pub struct Place {
    pub directory: OwnedFd,
    pub log: Option<JsonLog>,
    pub sockets: OwnedFd,
    pub socket_name: String,
    pub listener: OwnedFd,
    pub durable_exit: bool,
}

/// The host's ends of the program's streams; none of them waits.
#[derive(Debug)]
pub struct Streams {
    pub stdin: Option<OwnedFd>,
    pub stdout: OwnedFd,
    pub stderr: Option<OwnedFd>,
    pub terminal: Option<OwnedFd>,
    pub at_end: AtEnd,
}

/// How far the container has come.
#[derive(Debug)]
pub(super) enum Stage {
    Running,
    /// PID 1 has ended, and with it every process of the container; some output may be unread.
    /// Since then, or since the last of it, nothing has come.
    Draining(Status, Instant),
    /// The log is complete.
    Ended(Exited),
}

pub struct Monitor {
    pub(super) poll: Poll,
    pub(super) next_token: u64,
    pub(super) stage: Stage,
    pub(super) started: Started,
    pub(super) program: Watched,
    /// Of a container that has no pid namespace of its own.
    pub(super) orphans: Option<Orphans>,
    /// Of the kernel, which counts there whom it killed for want of memory.
    pub(super) memory: Option<Watched>,
    /// How many of them the daemon was told of.
    pub(super) oom_kills: u64,
    pub(super) sources: [Option<Watched>; 2],
    pub(super) input: Input,
    pub(super) terminal: Option<OwnedFd>,
    /// Held so that the terminal survives a program that closes it for a while.
    pub(super) terminal_peer: Option<OwnedFd>,
    pub(super) attachments: Vec<Attached>,
    pub(super) channels: Vec<Channel>,
    /// Nothing for one more program of a container: only whoever had it started knows of it.
    pub(super) listener: Option<Watched>,
    /// False while connections cannot be taken, for want of descriptors.
    pub(super) accepting: bool,
    /// Device and inode of the listener's file: a restarted container has another one.
    pub(super) socket: Option<(u64, u64)>,
    pub(super) place: Option<Files>,
    pub(super) recorded: bool,
    pub(super) buffer: Vec<u8>,
}

/// What is left of [`Place`].
pub(super) struct Files {
    pub(super) directory: OwnedFd,
    pub(super) log: Option<JsonLog>,
    pub(super) sockets: OwnedFd,
    pub(super) socket_name: String,
    pub(super) durable_exit: bool,
}

impl Monitor {
    /// Without a place there are no log, no record and no socket.
    pub fn create(
        place: Option<Place>,
        pidfd: OwnedFd,
        cgroup: Option<OwnedFd>,
        streams: Streams,
        started: Started,
    ) -> Result<Self, Errno> {
        let poll = Poll::create()?;
        let socket = place
            .as_ref()
            .and_then(|place| file_identity(&place.sockets, &place.socket_name));
        let (listener, place) = place.map(Place::split).unzip();
        let listener = listener.map(|one| listen(&poll, one)).transpose()?;
        let memory = cgroup.and_then(|cgroup| memory::watch(&poll, cgroup.as_fd(), MEMORY));
        let mut program = Watched::new(pidfd, PROGRAM);
        program.watch(&poll, Some(Interest::READ))?;
        let peer_flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let peer = |terminal: &OwnedFd| ioctl_tiocgptpeer(terminal, peer_flags).ok();
        let stderr = streams.stderr.map(|source| Watched::new(source, STDERR));
        Ok(Self {
            poll,
            next_token: FIRST_FREE,
            stage: Stage::Running,
            started,
            program,
            orphans: None,
            memory,
            oom_kills: 0,
            sources: [Some(Watched::new(streams.stdout, STDOUT)), stderr],
            input: Input::new(streams.stdin, STDIN, streams.at_end),
            terminal_peer: streams.terminal.as_ref().and_then(peer),
            terminal: streams.terminal,
            attachments: Vec::new(),
            channels: Vec::new(),
            listener,
            accepting: true,
            socket,
            recorded: place.is_none(),
            place,
            buffer: vec![0; PIECE],
        })
    }

    /// Serves a stream socket from the next piece of output on.
    pub fn attach(&mut self, socket: OwnedFd, wants: Attachment) {
        let token = self.token();
        self.attachments.push(Attached::new(socket, token, wants));
    }

    /// Serves a connection, which first hears what has happened so far.
    pub fn connect(&mut self, socket: OwnedFd) {
        let mut channel = Channel::new(socket, self.token());
        channel.send(&FromMonitor::Started(self.started.clone()));
        if let Stage::Ended(exited) = &self.stage {
            channel.send(&FromMonitor::Exited(exited.clone()));
        }
        self.channels.push(channel);
    }

    /// Runs until the container has ended, its record is in place and every client has what is
    /// its own or is gone.
    pub fn serve(mut self) {
        let mut events = Vec::new();
        self.settle();
        while !self.is_finished() {
            let timeout = self.timeout();
            if self.poll.wait(&mut events, timeout).is_err() {
                return;
            }
            self.accepting = true;
            for event in &events {
                self.dispatch(*event);
            }
            self.settle();
        }
        self.leave();
    }

    fn dispatch(&mut self, event: Event) {
        match event.token {
            LISTENER => self.accept(),
            PROGRAM => self.collect(),
            MEMORY => self.count_oom_kills(),
            STDIN => self.input.flush(),
            STDOUT => self.read(Stream::Stdout),
            STDERR => self.read(Stream::Stderr),
            token => {
                if let Some(index) = self.attachments.iter().position(|a| a.token() == token) {
                    self.serve_attachment(index, event.ready);
                } else if let Some(index) = self.channels.iter().position(|c| c.token() == token) {
                    self.serve_channel(index);
                }
            }
        }
    }

    /// Draws the consequences of what was just done: what can be finished is, what cannot is
    /// watched for.
    fn settle(&mut self) {
        for index in 0..self.attachments.len() {
            // A client that is gone causes no events, but may have left input.
            if self.attachments[index].hung_up() {
                self.take_input(index);
            }
        }
        if let Some(orphans) = &mut self.orphans {
            orphans.collect();
        }
        self.end_if_drained();
        self.release_attachments();
        self.answer();
        self.channels.retain(Channel::is_open);
        self.watch();
    }

    fn watch(&mut self) {
        let running = matches!(self.stage, Stage::Running);
        let wait = running && self.attachments.iter().any(Attached::is_full);
        for source in &mut self.sources {
            let interest = (!wait).then_some(Interest::READ);
            if let Some(watched) = source
                && watched.watch(&self.poll, interest).is_err()
            {
                *source = None;
            }
        }
        let has_room = self.input.room() > 0;
        self.input.watch(&self.poll);
        for attached in &mut self.attachments {
            attached.watch(&self.poll, has_room);
        }
        for channel in &mut self.channels {
            channel.watch(&self.poll);
        }
        let interest = self.accepting.then_some(Interest::READ);
        if let Some(listener) = &mut self.listener {
            let _ = listener.watch(&self.poll, interest);
        }
    }

    fn is_finished(&self) -> bool {
        matches!(self.stage, Stage::Ended(_))
            && self.recorded
            && self.attachments.is_empty()
            && !self.channels.iter().any(Channel::has_pending)
    }

    fn timeout(&self) -> Option<Duration> {
        match &self.stage {
            Stage::Draining(_, since) => Some(TERMINAL_GRACE.saturating_sub(since.elapsed())),
            Stage::Ended(_) if !self.recorded => Some(RECORD_AGAIN),
            _ if !self.accepting => Some(ACCEPT_AGAIN),
            _ => None,
        }
    }

    fn read(&mut self, stream: Stream) {
        let index = stream.index();
        let Some(source) = &self.sources[index] else {
            return;
        };
        let mut buffer = std::mem::take(&mut self.buffer);
        match rustix::io::read(source, &mut buffer) {
            Ok(count) if count > 0 => {
                self.deliver(stream, &buffer[..count]);
                if let Stage::Draining(_, since) = &mut self.stage {
                    *since = Instant::now();
                }
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            // The end; of a terminal, EIO is.
            Ok(_) | Err(_) => self.end_source(stream),
        }
        self.buffer = buffer;
    }

    pub(super) fn deliver(&mut self, stream: Stream, piece: &[u8]) {
        for attached in &mut self.attachments {
            attached.offer(stream, piece);
        }
        if let Some(log) = self.log() {
            log.write(stream, piece, &timestamp::now());
        }
    }

    pub(super) fn end_source(&mut self, stream: Stream) {
        if let Some(mut source) = self.sources[stream.index()].take() {
            let _ = source.watch(&self.poll, None);
        }
    }

    fn serve_attachment(&mut self, index: usize, ready: Interest) {
        if ready.intersects(Interest::HANGUP | Interest::ERROR) {
            self.attachments[index].hang_up();
        } else if ready.contains(Interest::WRITE) {
            self.attachments[index].flush();
        }
        if ready.contains(Interest::READ) {
            self.take_input(index);
        }
    }

    fn take_input(&mut self, index: usize) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let attached = &mut self.attachments[index];
        while attached.sends() && self.input.room() > 0 {
            let room = self.input.room().min(buffer.len());
            match attached.receive(&mut buffer[..room]) {
                Ok(0) => self.input.client_ended(),
                Ok(count) => self.input.push(&buffer[..count]),
                Err(_) => break,
            }
            if !attached.hung_up() {
                break;
            }
        }
        self.buffer = buffer;
    }

    fn release_attachments(&mut self) {
        let ended = matches!(self.stage, Stage::Ended(_));
        let over = |attached: &Attached| attached.is_over() || (ended && !attached.has_output());
        for attached in self.attachments.extract_if(.., |attached| over(attached)) {
            attached.close(&self.poll);
        }
    }

    pub(super) fn answer(&mut self) {
        if let Some(log) = self.log() {
            let position = log.position();
            for channel in &mut self.channels {
                channel.answer(position);
            }
        }
    }

    /// Takes the socket away and tells those who came too late to be served.
    fn leave(&mut self) {
        if let Some(place) = &self.place
            && self.owns_socket()
        {
            let _ = unlinkat(&place.sockets, place.socket_name.as_str(), AtFlags::empty());
        }
        self.accept();
    }

    pub(super) fn owns_socket(&self) -> bool {
        let found = self
            .place
            .as_ref()
            .and_then(|place| file_identity(&place.sockets, &place.socket_name));
        self.socket.is_some() && found == self.socket
    }

    pub(super) fn log(&mut self) -> Option<&mut JsonLog> {
        self.place.as_mut()?.log.as_mut()
    }

    fn token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }
}

impl Place {
    fn split(self) -> (OwnedFd, Files) {
        let files = Files {
            directory: self.directory,
            log: self.log,
            sockets: self.sockets,
            socket_name: self.socket_name,
            durable_exit: self.durable_exit,
        };
        (self.listener, files)
    }
}

fn listen(poll: &Poll, listener: OwnedFd) -> Result<Watched, Errno> {
    fcntl_setfl(&listener, fcntl_getfl(&listener)? | OFlags::NONBLOCK)?;
    let mut listener = Watched::new(listener, LISTENER);
    listener.watch(poll, Some(Interest::READ))?;
    Ok(listener)
}

fn file_identity(directory: &OwnedFd, name: &str) -> Option<(u64, u64)> {
    let status = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some((status.st_dev, status.st_ino))
}
