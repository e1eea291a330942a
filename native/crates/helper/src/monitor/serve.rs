//! The monitor's loop. It waits for nothing but its epoll instance.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::Attachment;
use protocol::monitor::{Exited, FromMonitor, Started, ToMonitor};
use rustix::fs::{AtFlags, OFlags, fcntl_getfl, fcntl_setfl, statat, unlinkat};
use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer};
use rustix::termios::{Winsize, tcsetwinsize};
use sys::event::{Event, Interest, Poll};
use sys::seqpacket::{self, Received};
use sys::signals;

use crate::failure;
use crate::messages;
use crate::monitor::attachment::Attached;
use crate::monitor::channel::Channel;
use crate::monitor::exit::{self, Status};
use crate::monitor::input::{AtEnd, Input};
use crate::monitor::log::JsonLog;
use crate::monitor::stream::Stream;
use crate::timestamp;
use crate::watched::Watched;

const LISTENER: u64 = 0;
const PROGRAM: u64 = 1;
const STDIN: u64 = 2;
const STDOUT: u64 = 3;
const STDERR: u64 = 4;
const FIRST_FREE: u64 = 16;

/// A pipe's whole content.
const PIECE: usize = 64 * 1024;

const MOST_CHANNELS: usize = 64;
const MOST_ATTACHMENTS: usize = 256;

/// Messages handled for one connection before the others have their turn.
const MESSAGES_AT_ONCE: usize = 16;

/// How long a terminal that somebody outside the container keeps open can hold up its end.
const TERMINAL_GRACE: Duration = Duration::from_secs(1);

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
enum Stage {
    Running,
    /// PID 1 has ended, and with it every process of the container; some output may be unread.
    /// Since then, or since the last of it, nothing has come.
    Draining(Status, Instant),
    /// The log is complete.
    Ended(Exited),
}

pub struct Monitor {
    poll: Poll,
    next_token: u64,
    stage: Stage,
    started: Started,
    program: Watched,
    cgroup: Option<OwnedFd>,
    sources: [Option<Watched>; 2],
    input: Input,
    terminal: Option<OwnedFd>,
    /// Held so that the terminal survives a program that closes it for a while.
    terminal_peer: Option<OwnedFd>,
    attachments: Vec<Attached>,
    channels: Vec<Channel>,
    listener: Watched,
    /// False while connections cannot be taken, for want of descriptors.
    accepting: bool,
    /// Device and inode of the listener's file: a restarted container has another one.
    socket: Option<(u64, u64)>,
    place: Files,
    recorded: bool,
    buffer: Vec<u8>,
}

/// What is left of [`Place`].
struct Files {
    directory: OwnedFd,
    log: Option<JsonLog>,
    sockets: OwnedFd,
    socket_name: String,
    durable_exit: bool,
}

impl Monitor {
    pub fn create(
        place: Place,
        pidfd: OwnedFd,
        cgroup: Option<OwnedFd>,
        streams: Streams,
        started: Started,
    ) -> Result<Self, Errno> {
        let poll = Poll::create()?;
        fcntl_setfl(
            &place.listener,
            fcntl_getfl(&place.listener)? | OFlags::NONBLOCK,
        )?;
        let mut listener = Watched::new(place.listener, LISTENER);
        listener.watch(&poll, Some(Interest::READ))?;
        let mut program = Watched::new(pidfd, PROGRAM);
        program.watch(&poll, Some(Interest::READ))?;
        let peer_flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let peer = |terminal: &OwnedFd| ioctl_tiocgptpeer(terminal, peer_flags).ok();
        let stderr = streams.stderr.map(|source| Watched::new(source, STDERR));
        let socket = file_identity(&place.sockets, &place.socket_name);
        Ok(Self {
            poll,
            next_token: FIRST_FREE,
            stage: Stage::Running,
            started,
            program,
            cgroup,
            sources: [Some(Watched::new(streams.stdout, STDOUT)), stderr],
            input: Input::new(streams.stdin, STDIN, streams.at_end),
            terminal_peer: streams.terminal.as_ref().and_then(peer),
            terminal: streams.terminal,
            attachments: Vec::new(),
            channels: Vec::new(),
            listener,
            accepting: true,
            socket,
            place: Files {
                directory: place.directory,
                log: place.log,
                sockets: place.sockets,
                socket_name: place.socket_name,
                durable_exit: place.durable_exit,
            },
            recorded: false,
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
        let _ = self.listener.watch(&self.poll, interest);
    }

    fn is_finished(&self) -> bool {
        self.recorded
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

    // The program's output.

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

    fn deliver(&mut self, stream: Stream, piece: &[u8]) {
        for attached in &mut self.attachments {
            attached.offer(stream, piece);
        }
        if let Some(log) = &mut self.place.log {
            log.write(stream, piece, &timestamp::now());
        }
    }

    fn end_source(&mut self, stream: Stream) {
        if let Some(mut source) = self.sources[stream.index()].take() {
            let _ = source.watch(&self.poll, None);
        }
    }

    // The program's end.

    fn collect(&mut self) {
        let status = match exit::collect(self.program.as_fd()) {
            Ok(Some(status)) => status,
            Ok(None) => return,
            // Nobody else can have collected it; to wait on would be to wait for ever.
            Err(_) => Status::exited(255),
        };
        let _ = self.program.watch(&self.poll, None);
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

    fn end_if_drained(&mut self) {
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
        if let Some(log) = &mut self.place.log {
            log.finish(&finished_at);
        }
        let exited = Exited {
            pid: self.started.pid,
            code: status.code,
            signal: status.signal,
            oom_killed: self
                .cgroup
                .as_ref()
                .is_some_and(|cgroup| exit::oom_killed(cgroup.as_fd())),
            started_at: self.started.started_at.clone(),
            finished_at,
        };
        let record = self.record(&exited);
        self.answer();
        for channel in &mut self.channels {
            channel.send(&FromMonitor::Exited(exited.clone()));
        }
        if self.place.durable_exit
            && let Some(file) = record
        {
            let _ = exit::sync_record(self.place.directory.as_fd(), &file);
        }
        self.stage = Stage::Ended(exited);
    }

    /// Writes the exit record unless the container is gone or has been started anew.
    fn record(&mut self, exited: &Exited) -> Option<File> {
        if !self.owns_socket() {
            self.recorded = true;
            return None;
        }
        match exit::write_record(self.place.directory.as_fd(), exited) {
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

    // Clients.

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

    // Connections.

    fn accept(&mut self) {
        loop {
            match seqpacket::accept(self.listener.as_fd(), false) {
                Ok(socket) => {
                    if self.channels.len() < MOST_CHANNELS && is_own(&socket) {
                        self.connect(socket);
                    }
                }
                Err(seqpacket::Error::WouldBlock) => return,
                Err(_) => {
                    self.accepting = false;
                    return;
                }
            }
        }
    }

    fn serve_channel(&mut self, index: usize) {
        self.channels[index].flush();
        for _ in 0..MESSAGES_AT_ONCE {
            let failure = match self.channels[index].receive() {
                Ok(None) => return,
                Ok(Some(received)) => match self.obey(index, received) {
                    Ok(()) => continue,
                    Err(failure) => failure,
                },
                Err(error) => failure::explained(FailureKind::InvalidArgument, "message", error),
            };
            self.channels[index].send(&FromMonitor::Refused(failure));
            self.channels[index].close();
            return;
        }
    }

    fn obey(&mut self, index: usize, received: Received) -> Result<(), Failure> {
        let Received {
            text,
            mut descriptors,
        } = received;
        let message: ToMonitor = messages::parse(&text, "to the monitor")?;
        let expected = usize::from(matches!(message, ToMonitor::Attach(_)));
        if descriptors.len() != expected {
            let found = descriptors.len();
            return Err(messages::wrong_descriptors("the message", expected, found));
        }
        match message {
            ToMonitor::Attach(wants) => {
                if self.attachments.len() >= MOST_ATTACHMENTS {
                    return Err(invalid(format!("more than {MOST_ATTACHMENTS} attachments")));
                }
                if let Some(socket) = descriptors.pop() {
                    self.attach(socket, wants);
                }
            }
            ToMonitor::Signal { number } => {
                if !(1..=signals::MOST).contains(&number) {
                    return Err(invalid(format!("signal {number} does not exist")));
                }
                // A program that has just ended needs no signal.
                let _ = signals::send(self.program.as_fd(), number);
            }
            ToMonitor::Resize { columns, rows } => self.resize(columns, rows),
            ToMonitor::AwaitLog { generation, size } => {
                let known = crate::monitor::log::Position { generation, size };
                self.channels[index].await_log(known);
            }
        }
        Ok(())
    }

    fn resize(&self, columns: u16, rows: u16) {
        if let Some(terminal) = &self.terminal {
            let size = Winsize {
                ws_row: rows,
                ws_col: columns,
                ws_xpixel: 0,
                ws_ypixel: 0,
            };
            let _ = tcsetwinsize(terminal, size);
        }
    }

    fn answer(&mut self) {
        if let Some(log) = &self.place.log {
            let position = log.position();
            for channel in &mut self.channels {
                channel.answer(position);
            }
        }
    }

    /// Takes the socket away and tells those who came too late to be served.
    fn leave(&mut self) {
        if self.owns_socket() {
            let name = self.place.socket_name.as_str();
            let _ = unlinkat(&self.place.sockets, name, AtFlags::empty());
        }
        self.accept();
    }

    fn owns_socket(&self) -> bool {
        let found = file_identity(&self.place.sockets, &self.place.socket_name);
        self.socket.is_some() && found == self.socket
    }

    fn token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }
}

fn file_identity(directory: &OwnedFd, name: &str) -> Option<(u64, u64)> {
    let status = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some((status.st_dev, status.st_ino))
}

fn is_own(socket: &OwnedFd) -> bool {
    socket_peercred(socket).is_ok_and(|peer| peer.uid == geteuid())
}

fn invalid(message: String) -> Failure {
    failure::explained(FailureKind::InvalidArgument, "message", message)
}
