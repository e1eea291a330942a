//! The monitor's state and event loop. It never blocks except in its epoll instance.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use protocol::launch::Attachment;
use protocol::monitor::{Exited, FromMonitor, LogEnd, Started};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer};
use sys::event::{Event, Interest, Poll};
use sys::signals;
use sys::watched::Watched;

use crate::monitor::attachment::AttachedClient;
use crate::monitor::channel::Channel;
use crate::monitor::container_files::ContainerFiles;
use crate::monitor::exit_status::Status;
use crate::monitor::input::Input;
use crate::monitor::left_overlay::LeftOverlay;
use crate::monitor::log::JsonLog;
use crate::monitor::memory;
use crate::monitor::orphans::Orphans;
use crate::monitor::stdio::{ProgramStreams, set_nonblocking};
use crate::monitor::stream::Stream;

const LISTENER: u64 = 0;
const PROGRAM: u64 = 1;
const STDIN: u64 = 2;
const STDOUT: u64 = 3;
const STDERR: u64 = 4;
const MEMORY: u64 = 5;
const SIGNALS: u64 = 6;
const FIRST_FREE: u64 = 16;

const SIGUSR1: i32 = 10;

/// Size of the buffer for output and input: more than the capacity of a pipe. The allocator gets a buffer of this size from the
/// kernel, which provides only the pages that are written.
const BUFFER: usize = 256 * 1024;

/// Longest wait for the end of the output once the program has ended, if a process outside the container keeps the
/// terminal open.
pub const TERMINAL_GRACE: Duration = Duration::from_secs(1);

/// Maximum number of bytes that are read from a terminal after the program's end: more than the kernel buffers.
pub const TERMINAL_LIMIT: usize = 1024 * 1024;

/// Time until the next attempt to write the exit record after a failure.
const RECORD_RETRY: Duration = Duration::from_secs(1);

/// Time until the next attempt to accept connections after a failure.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Stages of a container's life.
#[derive(Debug)]
pub enum Stage {
    Running,
    /// PID 1 has ended. Some output may be unread.
    Draining(Drain),
    /// The log is complete.
    Ended(Exited),
}

/// The reading of the last output.
#[derive(Debug)]
pub struct Drain {
    pub status: Status,
    /// The time of the last output, or of the program's end.
    pub since: Instant,
    /// Maximum number of bytes that are still read: a process that has survived the program may go on writing.
    pub left: usize,
}

pub struct Monitor {
    pub poll: Poll,
    next_token: u64,
    pub stage: Stage,
    pub started: Started,
    pub program: Watched,
    /// The container's mount namespace, held until its end is reported: the kernel takes some time to unmount everything.
    pub mounts: Option<OwnedFd>,
    /// The overlay of the root, given to the zygote at the end.
    pub left: Option<LeftOverlay>,
    /// Processes of a container without a PID namespace.
    pub orphans: Option<Orphans>,
    /// The cgroup's `memory.events`, which counts the processes killed for lack of memory.
    pub memory: Option<Watched>,
    /// The number of killed processes that the daemon knows of.
    pub oom_kills: u64,
    pub sources: [Option<Watched>; 2],
    pub input: Input,
    pub terminal: Option<OwnedFd>,
    /// The program's side of the terminal, held so that the terminal survives a program that closes it for a while.
    pub terminal_peer: Option<OwnedFd>,
    pub clients: Vec<AttachedClient>,
    pub channels: Vec<Channel>,
    /// `None` for an exec, which only the daemon that started it knows.
    pub listener: Option<Watched>,
    /// Reports SIGUSR1, by which the zygote or a daemon asks for the socket that was removed. The signal is blocked since
    /// the fork. `None` for an exec.
    signals: Option<OwnedFd>,
    /// False after a connection could not be accepted, for example for lack of descriptors.
    pub accepting: bool,
    /// `None` for an exec, which has no log, exit record or socket.
    pub files: Option<ContainerFiles>,
    /// Whether the exit record is written, or none is needed.
    pub recorded: bool,
    pub buffer: Vec<u8>,
}

impl Monitor {
    /// Creates the monitor of a program that has been started. `files` are the container's files and the listener of
    /// the monitor's socket.
    pub fn create(
        files: Option<(ContainerFiles, OwnedFd)>,
        pidfd: OwnedFd,
        cgroup: Option<OwnedFd>,
        streams: ProgramStreams,
        started: Started,
    ) -> Result<Self, Errno> {
        let poll = Poll::create()?;
        let (files, listener) = files.unzip();
        let listener = listener.map(|one| listen(&poll, one)).transpose()?;
        let signals = files.as_ref().map(|_| watch_signals(&poll)).transpose()?;
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
            mounts: None,
            left: None,
            orphans: None,
            memory,
            oom_kills: 0,
            sources: [Some(Watched::new(streams.stdout, STDOUT)), stderr],
            input: Input::new(streams.stdin, STDIN, streams.at_end),
            terminal_peer: streams.terminal.as_ref().and_then(peer),
            terminal: streams.terminal,
            clients: Vec::new(),
            channels: Vec::new(),
            listener,
            signals,
            accepting: true,
            recorded: files.is_none(),
            files,
            buffer: vec![0; BUFFER],
        })
    }

    /// Serves a client's stream socket, from the next piece of output on.
    pub fn attach(&mut self, socket: OwnedFd, wants: Attachment) {
        let token = self.new_token();
        let mut client = AttachedClient::new(socket, token, wants);
        if wants.after_log {
            match self.log() {
                Some(log) => client.continue_log(log.end(), log.unfinished()),
                None => client.continue_log(LogEnd::default(), [&[], &[]]),
            }
        }
        self.clients.push(client);
    }

    /// Serves a daemon's connection. The first messages report the container's state. Only the first daemon, which started
    /// the container, learns the phases: a later one reads the reports of all containers before its first answer.
    pub fn connect(&mut self, socket: OwnedFd) {
        let mut channel = Channel::new(socket, self.new_token());
        channel.send(&FromMonitor::Started(self.started.clone()));
        self.started.phases.clear();
        if let Stage::Ended(exited) = &self.stage {
            channel.send(&FromMonitor::Exited(exited.clone()));
        }
        self.channels.push(channel);
    }

    /// Runs until the container has ended, its exit record is written, and every client has received its output or has
    /// disconnected.
    pub fn serve(mut self) {
        let mut events = Vec::new();
        self.update();
        while !self.is_finished() {
            if matches!(self.stage, Stage::Ended(_)) {
                // A client that does not read its output must not keep the mounts after the end was reported: the next
                // container may get the directory, and the layers may be removed.
                self.mounts = None;
                self.left = None;
            }
            let timeout = self.timeout();
            if self.poll.wait(&mut events, timeout).is_err() {
                return;
            }
            self.accepting = true;
            for event in &events {
                self.dispatch(*event);
            }
            self.update();
        }
        self.leave();
    }

    fn dispatch(&mut self, event: Event) {
        match event.token {
            LISTENER => self.accept(),
            PROGRAM => self.reap(),
            MEMORY => self.report_oom_kills(),
            SIGNALS => self.listen_again(),
            STDIN => self.input.flush(),
            STDOUT => self.read_output(Stream::Stdout),
            STDERR => self.read_output(Stream::Stderr),
            token => {
                if let Some(index) = self.clients.iter().position(|c| c.token() == token) {
                    self.serve_client(index, event.ready);
                } else if let Some(index) = self.channels.iter().position(|c| c.token() == token) {
                    self.serve_channel(index);
                }
            }
        }
    }

    fn listen_again(&mut self) {
        let Some(signals) = &self.signals else {
            return;
        };
        while let Ok(Some(_)) = signals::read(signals.as_fd()) {}
        let listener = self.files.as_mut().map(ContainerFiles::listen_again);
        if let Some(Ok(listener)) = listener
            && let Ok(listener) = listen(&self.poll, listener)
        {
            self.listener = Some(listener);
        }
    }

    /// Finishes everything that the last events have completed, and registers the descriptors for the next ones.
    fn update(&mut self) {
        for index in 0..self.clients.len() {
            // A disconnected client causes no more events, but its last input may be unread.
            if self.clients[index].hung_up() {
                self.take_input(index);
            }
        }
        if let Some(orphans) = &mut self.orphans {
            orphans.reap();
        }
        self.end_if_drained();
        self.close_finished_clients();
        self.answer_log_requests();
        self.channels.retain(Channel::is_open);
        self.watch();
    }

    fn watch(&mut self) {
        let running = matches!(self.stage, Stage::Running);
        let wait = running && self.clients.iter().any(AttachedClient::is_full);
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
        for client in &mut self.clients {
            client.watch(&self.poll, has_room);
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
            && self.clients.is_empty()
            && !self.channels.iter().any(Channel::has_pending)
    }

    fn timeout(&self) -> Option<Duration> {
        match &self.stage {
            Stage::Draining(drain) => Some(TERMINAL_GRACE.saturating_sub(drain.since.elapsed())),
            Stage::Ended(_) if !self.recorded => Some(RECORD_RETRY),
            _ if !self.accepting => Some(ACCEPT_RETRY),
            _ => None,
        }
    }

    /// Answers the daemons that wait for the log to grow.
    pub fn answer_log_requests(&mut self) {
        if let Some(log) = self.log() {
            let position = log.position();
            for channel in &mut self.channels {
                channel.answer(position);
            }
        }
    }

    /// Removes the socket, and reports the exit to daemons that are still waiting to be accepted.
    fn leave(&mut self) {
        if let Some(files) = &self.files
            && files.is_current()
        {
            files.remove_socket();
        }
        self.accept();
        if let Some((left, files)) = self.left.as_ref().zip(self.files.as_ref()) {
            left.send(files.directory.as_fd());
        }
    }

    pub fn log(&mut self) -> Option<&mut JsonLog> {
        self.files.as_mut()?.log.as_mut()
    }

    fn new_token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }
}

fn watch_signals(poll: &Poll) -> Result<OwnedFd, Errno> {
    let signals = signals::descriptor([SIGUSR1])?;
    poll.add(&signals, SIGNALS, Interest::READ)?;
    Ok(signals)
}

fn listen(poll: &Poll, listener: OwnedFd) -> Result<Watched, Errno> {
    set_nonblocking(&listener)?;
    let mut listener = Watched::new(listener, LISTENER);
    listener.watch(poll, Some(Interest::READ))?;
    Ok(listener)
}
