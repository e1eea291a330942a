//! A zygote of an ordinary user, and launches of containers in it.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Instant;

use protocol::launch::{Attachment, LaunchRequest, Log, Network, Process, Root, Seccomp, Shared};
use protocol::zygote::{FromZygote, ToZygote};
use sys::seqpacket::{self, Flags};

use super::container::Container;
use super::directories::{TestDirectories, next_number};
use super::messages::{PATIENCE, patient, receive, send, zygote_socket};

/// A running zygote. The process ends when this value is dropped.
pub struct Zygote {
    directory: PathBuf,
    pub store: PathBuf,
    pub run: PathBuf,
    pub root: PathBuf,
    pub connection: OwnedFd,
}

impl Zygote {
    /// Starts a zygote. Prints the reason and returns `None` where the machine cannot run the tests.
    pub fn start() -> Option<Self> {
        let directories = TestDirectories::create()?;
        let output = directories.run_helper();
        assert!(output.status.success(), "{output:?}");
        let run = OwnedFd::from(fs::File::open(directories.run()).unwrap());
        let connection = patient(seqpacket::connect(run.as_fd(), &zygote_socket()).unwrap());
        Some(Self {
            store: directories.store(),
            run: directories.run(),
            root: directories.root(),
            directory: directories.directory,
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

    /// Returns a request for a container that executes these arguments in the busybox root.
    pub fn request(&self, args: &[&str]) -> LaunchRequest {
        let number = next_number();
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
                keep_id: None,
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
            isolated: false,
            durable_exit: true,
        }
    }

    /// Launches a container with these attachments. Returns the clients' ends of their sockets.
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
        // The kernel makes the directories below the work directory of an overlay inaccessible.
        let containers = fs::read_dir(self.store.join("containers"));
        for container in containers.into_iter().flatten().flatten() {
            for name in ["work", "work/incompat", "work/incompat/volatile"] {
                let directory = container.path().join("work").join(name);
                let _ = fs::set_permissions(directory, fs::Permissions::from_mode(0o700));
            }
        }
        // A monitor may be writing its exit record just now.
        let begun = Instant::now();
        while fs::remove_dir_all(&self.directory).is_err()
            && self.directory.exists()
            && begun.elapsed() < PATIENCE
        {
            std::thread::yield_now();
        }
    }
}
