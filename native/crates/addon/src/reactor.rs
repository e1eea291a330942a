//! A thread that waits for all channels and processes and calls JavaScript.

use std::collections::HashMap;
use std::os::fd::{AsFd, IntoRawFd, OwnedFd};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::Env;
use napi::bindgen_prelude::{FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use rustix::io::Errno;
use sys::event::{Event, Interest};
use sys::seqpacket::Received;
use sys::shared_poll::SharedPoll;
use sys::{descriptor, pidfd, seqpacket, signals};

use crate::error::{Code, Result, coded, from_pidfd, from_seqpacket, system};
use crate::source::{Backlog, Channel, Source};

/// Token; kind (`message`, `closed`, `exited`); text of a message or reason for a closed channel; a descriptor that came
/// with a message, which the listener closes.
type Arguments = FnArgs<(u32, &'static str, String, Option<i32>)>;
type Listener = ThreadsafeFunction<Arguments, (), Arguments, Code, false, true>;

/// The event loop. JavaScript refers to a source by its token. An event may arrive for a source that was just
/// closed.
#[napi]
pub struct Reactor {
    shared: Arc<Shared>,
}

/// A new channel.
#[napi(object)]
pub struct Pair {
    pub token: u32,
    /// Descriptor of the peer's end; the caller closes it.
    pub peer: i32,
}

struct Shared {
    poll: SharedPoll,
    sources: Mutex<Sources>,
    listener: Mutex<Listener>,
}

#[derive(Default)]
struct Sources {
    last: u32,
    open: HashMap<u32, Arc<Source>>,
}

#[napi]
impl Reactor {
    /// Starts the thread, which runs until the process exits. It keeps the process alive only after
    /// [`Self::hold`].
    #[napi(constructor)]
    pub fn new(listener: Function<'_, Arguments, ()>) -> Result<Self> {
        let listener = listener
            .build_threadsafe_function()
            .weak::<true>()
            .error_status::<Code>()
            .callee_handled::<false>()
            .build()
            .map_err(|error| coded(Errno::NOMEM, error.reason.clone()))?;
        let shared = Arc::new(Shared {
            poll: SharedPoll::create().map_err(system("epoll_create1"))?,
            sources: Mutex::default(),
            listener: Mutex::new(listener),
        });
        let running = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("tbox-reactor".to_owned())
            .spawn(move || running.run())
            .map_err(|error| coded(Errno::AGAIN, format!("start thread: {error}")))?;
        Ok(Self { shared })
    }

    /// Creates a channel and a socket for its peer.
    #[napi]
    pub fn pair(&self) -> Result<Pair> {
        let (ours, theirs) = seqpacket::pair().map_err(from_seqpacket)?;
        let token = self.shared.add(Source::Channel(Channel::new(ours)))?;
        let peer = theirs.into_raw_fd();
        Ok(Pair { token, peer })
    }

    /// Opens a channel to a listening socket in the directory.
    #[napi]
    pub fn connect(&self, directory: String, name: String) -> Result<u32> {
        let directory =
            descriptor::open_directory(Path::new(&directory)).map_err(system("open directory"))?;
        let socket = seqpacket::connect(directory.as_fd(), &name).map_err(from_seqpacket)?;
        self.shared.add(Source::Channel(Channel::new(socket)))
    }

    /// Sends a message with duplicates of the descriptors. While the socket's buffer is full, messages are queued.
    #[napi]
    pub fn send(&self, token: u32, text: String, descriptors: Vec<i32>) -> Result<()> {
        let source = self.shared.get(token)?;
        let Source::Channel(channel) = &*source else {
            return Err(system("send")(Errno::NOTSOCK));
        };
        let descriptors = descriptors
            .into_iter()
            .map(descriptor::duplicate)
            .collect::<std::result::Result<Vec<OwnedFd>, Errno>>()
            .map_err(system("duplicate descriptor"))?;
        match channel.send(text.into_bytes(), descriptors) {
            Ok(Backlog::Empty) => Ok(()),
            Ok(Backlog::Waiting) => self
                .shared
                .poll
                .modify(&*source, token.into(), Interest::READ | Interest::WRITE)
                .map_err(system("epoll_ctl")),
            Err(error) => Err(from_seqpacket(error)),
        }
    }

    /// Watches a process of this user; with a start time, only a process that started then.
    #[napi]
    pub fn watch_process(&self, pid: u32, start_time: Option<f64>) -> Result<u32> {
        let start_time = start_time.map(|ticks| ticks as u64);
        let process = pidfd::open(pid, start_time).map_err(from_pidfd)?;
        self.shared.add(Source::Process(process))
    }

    /// Returns whether a watched process is still running. It can end before its `exited` event is delivered.
    #[napi]
    pub fn is_running(&self, token: u32) -> bool {
        match self.shared.get(token).as_deref() {
            Ok(Source::Process(process)) => pidfd::is_running(process.as_fd()),
            _ => false,
        }
    }

    /// Sends a signal to a watched process.
    #[napi]
    pub fn signal(&self, token: u32, number: i32) -> Result<()> {
        match &*self.shared.get(token)? {
            Source::Process(process) => {
                signals::send(process.as_fd(), number).map_err(system("pidfd_send_signal"))
            }
            Source::Channel(_) => Err(system("pidfd_send_signal")(Errno::BADF)),
        }
    }

    /// Closes a channel or stops watching a process. Does nothing if it is closed already.
    #[napi]
    pub fn close(&self, token: u32) {
        self.shared.remove(token);
    }

    /// Keeps the process alive.
    // The recommended replacement, a clone, holds a reference that is released only when the thread ends.
    #[allow(deprecated)]
    #[napi]
    pub fn hold(&self, env: Env) -> Result<()> {
        let held = lock(&self.shared.listener).refer(&env);
        held.map_err(|error| coded(Errno::INVAL, error.reason.clone()))
    }

    /// Undoes [`Self::hold`].
    #[allow(deprecated)]
    #[napi]
    pub fn release(&self, env: Env) -> Result<()> {
        let released = lock(&self.shared.listener).unref(&env);
        released.map_err(|error| coded(Errno::INVAL, error.reason.clone()))
    }
}

impl Shared {
    fn add(&self, source: Source) -> Result<u32> {
        let source = Arc::new(source);
        let mut sources = lock(&self.sources);
        let mut token = sources.last;
        loop {
            token = token.wrapping_add(1);
            if !sources.open.contains_key(&token) {
                break;
            }
        }
        sources.last = token;
        self.poll
            .add(&*source, token.into(), Interest::READ)
            .map_err(system("epoll_ctl"))?;
        sources.open.insert(token, source);
        Ok(token)
    }

    fn get(&self, token: u32) -> Result<Arc<Source>> {
        let source = lock(&self.sources).open.get(&token).cloned();
        // The peer or JavaScript has closed the channel.
        source.ok_or_else(|| coded(Errno::PIPE, "the channel or process is closed".to_owned()))
    }

    fn remove(&self, token: u32) -> Option<()> {
        let source = lock(&self.sources).open.remove(&token)?;
        // Before the descriptor is closed: epoll keeps reporting a source while a duplicate of it is open.
        self.poll.remove(&*source).ok()
    }

    fn run(&self) {
        let mut events = Vec::new();
        // The wait fails only for wrong arguments.
        while self.poll.wait(&mut events).is_ok() {
            for event in &events {
                self.serve(*event);
            }
        }
    }

    fn serve(&self, event: Event) {
        let Ok(token) = u32::try_from(event.token) else {
            return;
        };
        let Some(source) = lock(&self.sources).open.get(&token).cloned() else {
            return;
        };
        match &*source {
            Source::Process(_) => {
                self.remove(token);
                self.notify(token, "exited", String::new(), None);
            }
            Source::Channel(channel) => {
                if let Err(reason) = self.exchange(token, &source, channel, event.ready) {
                    self.remove(token);
                    self.notify(token, "closed", reason, None);
                }
            }
        }
    }

    /// Sends queued messages and receives messages until either would block. An error ends the channel; the error's
    /// text is empty if the peer has closed the channel.
    fn exchange(
        &self,
        token: u32,
        source: &Source,
        channel: &Channel,
        ready: Interest,
    ) -> std::result::Result<(), String> {
        if ready.contains(Interest::WRITE) {
            // A peer may have sent messages before it closed. Reading these messages also finds the end.
            let left = channel.flush().unwrap_or(Backlog::Empty);
            if left == Backlog::Empty {
                let read = self.poll.modify(source, token.into(), Interest::READ);
                read.map_err(|errno| errno.to_string())?;
            }
        }
        if !ready.intersects(Interest::READ | Interest::HANGUP | Interest::ERROR) {
            return Ok(());
        }
        loop {
            match channel.receive() {
                Ok(Some(Received { text, descriptors })) => {
                    let text = String::from_utf8(text).map_err(|error| error.to_string())?;
                    // No message has more than one.
                    let descriptor = descriptors.into_iter().next();
                    self.notify(token, "message", text, descriptor);
                }
                Ok(None) => return Err(String::new()),
                Err(seqpacket::Error::WouldBlock) => return Ok(()),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    fn notify(&self, token: u32, kind: &'static str, text: String, descriptor: Option<OwnedFd>) {
        let descriptor = descriptor.map(IntoRawFd::into_raw_fd);
        let arguments = FnArgs::from((token, kind, text, descriptor));
        lock(&self.listener).call(arguments, ThreadsafeFunctionCallMode::NonBlocking);
    }
}

/// Locks a mutex. Poisoning is ignored: no holder of these locks panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
