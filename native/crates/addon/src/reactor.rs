//! One thread that waits for every channel and process, and wakes JavaScript up.

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
use sys::shared_poll::SharedPoll;
use sys::{descriptor, pidfd, seqpacket, signals};

use crate::error::{Code, Result, coded, from_pidfd, from_seqpacket, system};
use crate::source::{Backlog, Channel, Source};

/// Token, kind (`message`, `closed`, `exited`), and the text of a message or why a channel broke.
type Arguments = FnArgs<(u32, &'static str, String)>;
type Wake = ThreadsafeFunction<Arguments, (), Arguments, Code, false, true>;

/// Sources are known to JavaScript by token. An event may still arrive for one closed meanwhile.
#[napi]
pub struct Reactor {
    shared: Arc<Shared>,
}

#[napi(object)]
pub struct Pair {
    pub token: u32,
    /// The other end, for a peer; the caller closes it.
    pub peer: i32,
}

struct Shared {
    poll: SharedPoll,
    sources: Mutex<Sources>,
    wake: Mutex<Wake>,
}

#[derive(Default)]
struct Sources {
    last: u32,
    open: HashMap<u32, Arc<Source>>,
}

#[napi]
impl Reactor {
    /// Starts the thread; it lives as long as the process. It does not keep the process alive
    /// before [`Self::hold`].
    #[napi(constructor)]
    pub fn new(listener: Function<'_, Arguments, ()>) -> Result<Self> {
        let wake = listener
            .build_threadsafe_function()
            .weak::<true>()
            .error_status::<Code>()
            .callee_handled::<false>()
            .build()
            .map_err(|error| coded(Errno::NOMEM, error.reason.clone()))?;
        let shared = Arc::new(Shared {
            poll: SharedPoll::create().map_err(system("epoll_create1"))?,
            sources: Mutex::default(),
            wake: Mutex::new(wake),
        });
        let running = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("tbox-reactor".to_owned())
            .spawn(move || running.run())
            .map_err(|error| coded(Errno::AGAIN, format!("start a thread: {error}")))?;
        Ok(Self { shared })
    }

    /// A new channel and the other end of it.
    #[napi]
    pub fn pair(&self) -> Result<Pair> {
        let (ours, theirs) = seqpacket::pair().map_err(from_seqpacket)?;
        let token = self.shared.add(Source::Channel(Channel::new(ours)))?;
        let peer = theirs.into_raw_fd();
        Ok(Pair { token, peer })
    }

    /// A channel to a listening socket of the directory.
    #[napi]
    pub fn connect(&self, directory: String, name: String) -> Result<u32> {
        let directory = descriptor::open_directory(Path::new(&directory))
            .map_err(system("open the directory"))?;
        let socket = seqpacket::connect(directory.as_fd(), &name).map_err(from_seqpacket)?;
        self.shared.add(Source::Channel(Channel::new(socket)))
    }

    /// Sends one message with copies of the descriptors. What the socket has no room for is sent
    /// as soon as it has.
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
            .map_err(system("copy a descriptor"))?;
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

    /// Watches a process of this user; with a start time, only the one that started then.
    #[napi]
    pub fn watch_process(&self, pid: u32, start_time: Option<f64>) -> Result<u32> {
        let start_time = start_time.map(|ticks| ticks as u64);
        let process = pidfd::open(pid, start_time).map_err(from_pidfd)?;
        self.shared.add(Source::Process(process))
    }

    /// Whether a watched process has not ended, even if that was not reported yet.
    #[napi]
    pub fn is_running(&self, token: u32) -> bool {
        match self.shared.get(token).as_deref() {
            Ok(Source::Process(process)) => pidfd::is_running(process.as_fd()),
            _ => false,
        }
    }

    /// Signals a watched process.
    #[napi]
    pub fn signal(&self, token: u32, number: i32) -> Result<()> {
        match &*self.shared.get(token)? {
            Source::Process(process) => {
                signals::send(process.as_fd(), number).map_err(system("pidfd_send_signal"))
            }
            Source::Channel(_) => Err(system("pidfd_send_signal")(Errno::BADF)),
        }
    }

    /// Ends the watch or the channel; nothing when it is closed already.
    #[napi]
    pub fn close(&self, token: u32) {
        self.shared.remove(token);
    }

    /// Keeps the process alive.
    // Deprecated in favour of clones, which cannot be taken back without dropping the thread's own.
    #[allow(deprecated)]
    #[napi]
    pub fn hold(&self, env: Env) -> Result<()> {
        let held = lock(&self.shared.wake).refer(&env);
        held.map_err(|error| coded(Errno::INVAL, error.reason.clone()))
    }

    /// Undoes [`Self::hold`].
    #[allow(deprecated)]
    #[napi]
    pub fn release(&self, env: Env) -> Result<()> {
        let released = lock(&self.shared.wake).unref(&env);
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
        // The peer closed it, or JavaScript did.
        source.ok_or_else(|| coded(Errno::PIPE, "the channel or process is closed".to_owned()))
    }

    fn remove(&self, token: u32) -> Option<()> {
        let source = lock(&self.sources).open.remove(&token)?;
        // Before the descriptor is closed: a copy of it elsewhere would go on reporting.
        self.poll.remove(&*source).ok()
    }

    fn run(&self) {
        let mut events = Vec::new();
        // The only errors of a wait are those of a wrong call.
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
                self.tell(token, "exited", String::new());
            }
            Source::Channel(channel) => {
                if let Err(reason) = self.exchange(token, &source, channel, event.ready) {
                    self.remove(token);
                    self.tell(token, "closed", reason);
                }
            }
        }
    }

    /// Sends and receives what can be now. An error is the end of the channel: empty when the peer
    /// closed it.
    fn exchange(
        &self,
        token: u32,
        source: &Source,
        channel: &Channel,
        ready: Interest,
    ) -> std::result::Result<(), String> {
        if ready.contains(Interest::WRITE) {
            // A peer that is gone may have sent something before; reading finds its end.
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
                Ok(Some(text)) => {
                    let text = String::from_utf8(text).map_err(|error| error.to_string())?;
                    self.tell(token, "message", text);
                }
                Ok(None) => return Err(String::new()),
                Err(seqpacket::Error::WouldBlock) => return Ok(()),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    fn tell(&self, token: u32, kind: &'static str, text: String) {
        let arguments = FnArgs::from((token, kind, text));
        lock(&self.wake).call(arguments, ThreadsafeFunctionCallMode::NonBlocking);
    }
}

/// No holder of these locks panics; a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
