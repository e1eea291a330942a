//! A real zygote of an ordinary user, and containers of a busybox root in it.
#![allow(dead_code)]

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use protocol::launch::{
    Attachment, Framing, LaunchRequest, Log, Network, Process, Root, Seccomp, Shared, TerminalSize,
};
use protocol::monitor::{Exited, FromMonitor, Started, ToMonitor};
use protocol::zygote::{FromZygote, ToZygote};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sys::seqpacket::{self, Flags};

/// The helper under test; `TBOX_HELPER` names another build of it, such as the static one.
pub fn helper() -> PathBuf {
    let built = env!("CARGO_BIN_EXE_tbox-helper");
    std::env::var_os("TBOX_HELPER").map_or_else(|| built.into(), PathBuf::from)
}

/// Longest wait for anything; reaching it is a failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A message either way, waiting for at most [`PATIENCE`].
pub fn receive<T: DeserializeOwned>(socket: &OwnedFd) -> Option<T> {
    let received = seqpacket::receive(socket.as_fd()).unwrap()?;
    assert!(received.descriptors.is_empty());
    Some(serde_json::from_slice(&received.text).unwrap())
}

pub fn send(socket: &OwnedFd, message: &impl Serialize, descriptors: &[BorrowedFd<'_>]) {
    let text = serde_json::to_vec(message).unwrap();
    seqpacket::send(socket.as_fd(), &text, descriptors, Flags::empty()).unwrap();
}

pub fn patient(socket: OwnedFd) -> OwnedFd {
    set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE)).unwrap();
    socket
}

pub fn zygote_socket() -> String {
    format!("zygote-{}.sock", protocol::VERSION)
}

/// Waits for a condition that nothing announces.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "still waiting for {what}");
        std::thread::yield_now();
    }
}

pub fn attachment(stdin: bool, stdout: bool, stderr: bool, framing: Framing) -> Attachment {
    Attachment {
        stdin,
        stdout,
        stderr,
        framing,
    }
}

pub struct Zygote {
    directory: PathBuf,
    pub store: PathBuf,
    pub run: PathBuf,
    pub root: PathBuf,
    pub connection: OwnedFd,
}

impl Zygote {
    /// Nothing, with the reason printed, where the machine lacks what is needed.
    pub fn start() -> Option<Self> {
        let place = Place::create()?;
        let output = place.run_helper();
        assert!(output.status.success(), "{output:?}");
        let run = OwnedFd::from(fs::File::open(place.run()).unwrap());
        let connection = patient(seqpacket::connect(run.as_fd(), &zygote_socket()).unwrap());
        Some(Self {
            store: place.store(),
            run: place.run(),
            root: place.root(),
            directory: place.directory,
            connection,
        })
    }

    pub fn connect(&self) -> OwnedFd {
        let run = OwnedFd::from(fs::File::open(&self.run).unwrap());
        patient(seqpacket::connect(run.as_fd(), &zygote_socket()).unwrap())
    }

    pub fn pid(&self) -> u32 {
        send(&self.connection, &ToZygote::Hello, &[]);
        match receive(&self.connection) {
            Some(FromZygote::Welcome { pid, .. }) => pid,
            other => panic!("{other:?}"),
        }
    }

    pub fn request(&self, args: &[&str]) -> LaunchRequest {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let id = format!("{:016x}{number:048x}", std::process::id());
        let id = format!("{:032x}{}", number, &id[..32]);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(self.store.join("containers").join(&id))
            .unwrap();
        LaunchRequest {
            id,
            root: Root::Directory {
                path: self.root.to_str().unwrap().to_owned(),
                readonly: false,
            },
            mounts: Vec::new(),
            hostname: "test".to_owned(),
            domainname: None,
            network: Network::None,
            shared: Shared::default(),
            shm_size: 1 << 20,
            sysctls: Vec::new(),
            masked_paths: Vec::new(),
            readonly_paths: Vec::new(),
            process: Process {
                args: args.iter().map(|&text| text.to_owned()).collect(),
                env: vec!["PATH=/bin".to_owned()],
                cwd: "/".to_owned(),
                user: String::new(),
                groups: Vec::new(),
                keep_id: false,
                tty: None,
                open_stdin: false,
                stdin_once: false,
                umask: 0o022,
                capabilities: Vec::new(),
                no_new_privileges: true,
                seccomp: Seccomp::Unconfined,
                rlimits: Vec::new(),
                oom_score_adjustment: None,
                init: false,
                trace: None,
            },
            log: Log::None,
            attachments: Vec::new(),
            cgroup: false,
            cgroup_writable: false,
            durable_exit: true,
        }
    }

    /// Launches with these attachments and returns our ends of them.
    pub fn launch(
        &self,
        mut request: LaunchRequest,
        attachments: &[Attachment],
    ) -> (Container, Vec<UnixStream>) {
        let (ours, theirs) = seqpacket::pair().unwrap();
        let pairs: Vec<_> = attachments
            .iter()
            .map(|_| UnixStream::pair().unwrap())
            .collect();
        request.attachments = attachments.to_vec();
        let mut descriptors = vec![theirs.as_fd()];
        descriptors.extend(pairs.iter().map(|pair| pair.1.as_fd()));
        let container = Container {
            id: request.id.clone(),
            directory: self.store.join("containers").join(&request.id),
            sockets: self.run.join("monitors"),
            channel: patient(ours),
        };
        let message = ToZygote::Launch(Box::new(request));
        send(&self.connection, &message, &descriptors);
        (container, pairs.into_iter().map(|pair| pair.0).collect())
    }
}

impl Drop for Zygote {
    fn drop(&mut self) {
        let text = serde_json::to_vec(&ToZygote::Shutdown).unwrap();
        let _ = seqpacket::send(self.connection.as_fd(), &text, &[], Flags::empty());
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Directories for a zygote that may or may not start.
pub struct Place {
    pub directory: PathBuf,
}

impl Place {
    pub fn create() -> Option<Self> {
        if rustix::process::geteuid().is_root() {
            let itself = std::env::current_exe().unwrap();
            println!(
                "skipped: containers belong to an ordinary user; run this test as one: \
                 setpriv --reuid=USER --regid=USER --init-groups {}",
                itself.display()
            );
            return None;
        }
        let Some(busybox) = ["/bin/busybox", "/usr/bin/busybox"]
            .into_iter()
            .find(|path| Path::new(path).exists())
        else {
            println!("skipped: there is no busybox");
            return None;
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("tbox-helper-{}-{number}", std::process::id());
        let place = Self {
            directory: std::env::temp_dir().join(name),
        };
        for path in [
            "store/containers",
            "store/layers",
            "run",
            "root/bin",
            "root/tmp",
        ] {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true).mode(0o700);
            builder.create(place.directory.join(path)).unwrap();
        }
        let program = place.root().join("bin/busybox");
        fs::copy(busybox, &program).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        for name in [
            "sh", "cat", "wc", "stty", "sleep", "true", "yes", "head", "grep", "echo",
        ] {
            std::os::unix::fs::symlink("busybox", place.root().join("bin").join(name)).unwrap();
        }
        Some(place)
    }

    pub fn store(&self) -> PathBuf {
        self.directory.join("store")
    }

    pub fn run(&self) -> PathBuf {
        self.directory.join("run")
    }

    pub fn root(&self) -> PathBuf {
        self.directory.join("root")
    }

    pub fn run_helper(&self) -> Output {
        Command::new(helper())
            .arg("zygote")
            .args([
                Path::new("--store"),
                &self.store(),
                Path::new("--run"),
                &self.run(),
            ])
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

pub struct Container {
    pub id: String,
    pub directory: PathBuf,
    sockets: PathBuf,
    pub channel: OwnedFd,
}

impl Container {
    pub fn next(&self) -> FromMonitor {
        receive(&self.channel).expect("the monitor left without a word")
    }

    pub fn started(&self) -> Started {
        match self.next() {
            FromMonitor::Started(started) => started,
            other => panic!("{other:?}"),
        }
    }

    pub fn exited(&self) -> Exited {
        match self.next() {
            FromMonitor::Exited(exited) => exited,
            other => panic!("{other:?}"),
        }
    }

    pub fn say(&self, message: &ToMonitor) {
        send(&self.channel, message, &[]);
    }

    pub fn kill(&self) {
        self.say(&ToMonitor::Signal { number: 9 });
    }

    /// A new client over the launch channel.
    pub fn attach(&self, wants: Attachment) -> UnixStream {
        let (ours, theirs) = UnixStream::pair().unwrap();
        send(&self.channel, &ToMonitor::Attach(wants), &[theirs.as_fd()]);
        ours
    }

    /// A new connection to the monitor's own socket.
    pub fn reconnect(&self) -> Result<OwnedFd, seqpacket::Error> {
        let sockets = OwnedFd::from(fs::File::open(&self.sockets).unwrap());
        seqpacket::connect(sockets.as_fd(), &self.socket_name()).map(patient)
    }

    pub fn socket_name(&self) -> String {
        format!("{}.sock", &self.id[..32])
    }

    pub fn has_socket(&self) -> bool {
        self.sockets.join(self.socket_name()).exists()
    }

    pub fn record(&self) -> Exited {
        serde_json::from_slice(&fs::read(self.directory.join("exit.json")).unwrap()).unwrap()
    }

    /// The records of one log file: stream and text.
    pub fn log(&self, name: &str) -> Vec<(String, String)> {
        let text = fs::read_to_string(self.directory.join("log").join(name)).unwrap_or_default();
        text.lines()
            .map(|line| {
                let value: serde_json::Value = serde_json::from_str(line).unwrap();
                let field = |name: &str| value[name].as_str().unwrap().to_owned();
                (field("stream"), field("log"))
            })
            .collect()
    }
}

/// Everything up to the end.
pub fn read_all(mut stream: &UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Exactly this much.
pub fn read_exactly(mut stream: &UnixStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

/// Everything up to and with this text.
pub fn read_until(stream: &UnixStream, text: &str) -> String {
    let mut bytes = Vec::new();
    while !String::from_utf8_lossy(&bytes).contains(text) {
        bytes.extend(read_exactly(stream, 1));
    }
    String::from_utf8(bytes).unwrap()
}

pub fn write_and_end(mut stream: &UnixStream, bytes: &[u8]) {
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
}

/// What each stream got, from Docker's framing.
pub fn demultiplex(mut bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    while !bytes.is_empty() {
        let (header, rest) = bytes.split_at(8);
        let length = u32::from_be_bytes(header[4..].try_into().unwrap()) as usize;
        assert_eq!(header[1..4], [0; 3]);
        let (piece, rest) = rest.split_at(length);
        match header[0] {
            1 => stdout.extend_from_slice(piece),
            2 => stderr.extend_from_slice(piece),
            other => panic!("stream {other}"),
        }
        bytes = rest;
    }
    (stdout, stderr)
}

pub fn terminal(columns: u16, rows: u16) -> Option<TerminalSize> {
    Some(TerminalSize { columns, rows })
}

/// Bytes without a pattern, the same every time.
pub fn noise(count: usize, mut seed: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(count + 8);
    while bytes.len() < count {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        bytes.extend(seed.to_ne_bytes());
    }
    bytes.truncate(count);
    bytes
}
