//! Start of the zygote: creates the user namespace and everything that can fail before it serves.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use id_mapping::{apply, diagnosis, inspect, plan};
use protocol::failure::{Failure, FailureKind};
use protocol::zygote::{Mapping, MappingMode};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::mount::{MountPropagationFlags, mount_change};
use rustix::process::{
    DumpableBehavior, Pid, Signal, WaitOptions, chdir, geteuid, getpid, kill_process,
    set_child_subreaper, set_dumpable_behavior, setsid, umask, waitpid,
};
use sandbox::host::Host;
use serde::{Deserialize, Serialize};
use sys::fork::{self, Side};
use sys::{seqpacket, user_namespace};

use crate::arguments::Arguments;
use crate::messages;
use crate::zygote::net_helper;
use crate::zygote::reexecute;
use crate::zygote::run_directory;
use crate::zygote::server::Zygote;
use crate::zygote::survivors::{self, ZygoteRecord};

/// The process after [`start`].
pub enum Started {
    /// The caller. The zygote serves in another process.
    Parent,
    Zygote(Box<Zygote>),
    /// A child that could not become the zygote and has reported the reason to its parent.
    Abandoned,
}

/// Messages of the future zygote to its parent.
#[derive(Debug, Serialize, Deserialize)]
enum FromChild {
    /// The child is in a user namespace without a mapping.
    Unmapped,
    /// The child is in the user namespace of a dead zygote, which has a mapping.
    Mapped,
    Serving,
    Failed(Failure),
}

/// Starts a zygote in a child. Returns in both processes: in the parent once the child serves.
pub fn start(arguments: &Arguments) -> Result<Started, Failure> {
    if geteuid().is_root() {
        let message = "tbox runs as an ordinary user and refuses to run as root; log in as the \
                       user who is to own the containers";
        return Err(Failure::new(
            FailureKind::InvalidArgument,
            "identity",
            message,
        ));
    }
    reexecute::ensure_sealed()?;
    umask(Mode::from_raw_mode(0o077));
    let run = run_directory::open(&arguments.run)?;
    let lock = run_directory::take_lock(&run)?;
    let facts = inspect::facts()
        .map_err(|error| Failure::new(FailureKind::InvalidArgument, "subordinate-ids", error))?;
    let mut mapping = plan::plan(&facts)
        .map_err(|error| Failure::new(FailureKind::InvalidArgument, "subordinate-ids", error))?;
    loop {
        let (ours, theirs) = seqpacket::pair().map_err(|error| system("channel", error))?;
        match fork::fork().map_err(|error| system("fork", error))? {
            Side::Child => {
                drop(ours);
                return Ok(become_zygote(arguments, run, lock, theirs));
            }
            Side::Parent(child) => {
                drop(theirs);
                match map_and_wait(child, &ours, &mapping)? {
                    None => return Ok(Started::Parent),
                    // The kernel accepts one mapping for each user namespace, so another mapping needs another child.
                    Some(reason) => mapping = plan::single(&facts, reason),
                }
            }
        }
    }
}

/// Maps the child's ids and waits until it serves. Returns a reason if the kernel refuses to map ranges.
fn map_and_wait(
    child: Pid,
    channel: &OwnedFd,
    mapping: &Mapping,
) -> Result<Option<String>, Failure> {
    let begun = expect(channel, |message| {
        matches!(message, FromChild::Unmapped | FromChild::Mapped)
    })?;
    if matches!(begun, FromChild::Mapped) {
        expect(channel, |message| matches!(message, FromChild::Serving))?;
        return Ok(None);
    }
    if let Err(error) = apply::map(child, mapping) {
        let _ = kill_process(child, Signal::KILL);
        let _ = waitpid(Some(child), WaitOptions::empty());
        return match mapping.mode {
            MappingMode::Range => Ok(Some(format!(
                "the subordinate ids cannot be mapped, so only one id exists: {error}"
            ))),
            MappingMode::Single => Err(system("user-namespace", error)),
        };
    }
    messages::send_waiting(channel.as_fd(), mapping).map_err(|error| system("channel", error))?;
    expect(channel, |message| matches!(message, FromChild::Serving))?;
    Ok(None)
}

fn expect(channel: &OwnedFd, wanted: impl Fn(&FromChild) -> bool) -> Result<FromChild, Failure> {
    let received = seqpacket::receive(channel.as_fd()).map_err(|error| system("channel", error))?;
    let Some(received) = received else {
        return Err(system("zygote", "the zygote ended before it served"));
    };
    match messages::parse(&received.text, "from the zygote")? {
        FromChild::Failed(failure) => Err(failure),
        message if wanted(&message) => Ok(message),
        message => Err(system("channel", format!("unexpected {message:?}"))),
    }
}

fn become_zygote(arguments: &Arguments, run: OwnedFd, lock: OwnedFd, parent: OwnedFd) -> Started {
    match prepare(arguments, run, lock, &parent) {
        Ok(Some(zygote)) => {
            // If the parent was killed meanwhile, the zygote ends when no daemon connects.
            let _ = messages::send_waiting(parent.as_fd(), &FromChild::Serving);
            Started::Zygote(zygote)
        }
        Ok(None) => Started::Abandoned,
        Err(failure) => {
            let _ = messages::send_waiting(parent.as_fd(), &FromChild::Failed(failure));
            Started::Abandoned
        }
    }
}

/// Prepares the zygote in the child. Returns `None` if the parent has ended.
fn prepare(
    arguments: &Arguments,
    run: OwnedFd,
    lock: OwnedFd,
    parent: &OwnedFd,
) -> Result<Option<Box<Zygote>>, Failure> {
    let _ = rustix::thread::set_name(c"tbox-zygote");
    setsid().map_err(|errno| Failure::of_call("session", "setsid", errno))?;
    chdir("/").map_err(|errno| Failure::of_call("session", "chdir /", errno))?;
    // Containers keep this keyring when the user's limit of keys is reached. The call fails if it is reached already.
    let _ = sys::keyring::join_new_session();
    let handover = net_helper::take_over(run.as_fd())
        .filter(|handover| user_namespace::enter(handover.user_namespace.as_fd()).is_ok());
    let store = open_directory(&arguments.store)?;
    let entered = match &handover {
        Some(handover) => Some(handover.mapping.clone()),
        None => enter_survivors(&run, &store),
    };
    let mapping = match entered {
        Some(mapping) => {
            send(parent, &FromChild::Mapped)?;
            mapping
        }
        None => match enter_new(parent)? {
            Some(mapping) => mapping,
            None => return Ok(None),
        },
    };
    // The first call that needs capabilities in the user namespace: it fails if a security module has removed them.
    // New mounts of the host still propagate here, and none of the zygote's mounts propagates to the host.
    mount_change(
        "/",
        MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC,
    )
    .map_err(refused)?;
    let host = Host::prepare(&arguments.store, &arguments.run)?;
    // From here on no process outside the namespace can read this process's memory or open its descriptors.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|errno| Failure::of_call("protect", "dumpable", errno))?;
    set_child_subreaper(Some(getpid()))
        .map_err(|errno| Failure::of_call("subreaper", "zygote", errno))?;
    run_directory::ensure_monitors(&run)?;
    let record = ZygoteRecord {
        pid: std::process::id(),
        mapping: mapping.clone(),
    };
    record
        .write(store.as_fd())
        .map_err(|errno| Failure::of_call("zygote-record", "write", errno))?;
    let zygote = Zygote::create(host, store, run, mapping, lock, handover)?;
    redirect_standard_streams(arguments)?;
    Ok(Some(Box::new(zygote)))
}

/// Enters the user namespace of a dead zygote's containers. Returns its mapping; `None` if no container runs.
fn enter_survivors(run: &OwnedFd, store: &OwnedFd) -> Option<Mapping> {
    let ZygoteRecord { mapping, .. } = ZygoteRecord::read(store.as_fd())?;
    let namespace = survivors::user_namespace(run.as_fd())?;
    user_namespace::enter(namespace.as_fd()).ok()?;
    Some(mapping)
}

/// Enters a new user namespace. Returns its mapping, or `None` if the parent has ended.
fn enter_new(parent: &OwnedFd) -> Result<Option<Mapping>, Failure> {
    user_namespace::enter_new().map_err(refused)?;
    send(parent, &FromChild::Unmapped)?;
    let received = seqpacket::receive(parent.as_fd()).map_err(|error| system("channel", error))?;
    let parse = |received: seqpacket::Received| messages::parse(&received.text, "with the mapping");
    received.map(parse).transpose()
}

fn send(parent: &OwnedFd, message: &FromChild) -> Result<(), Failure> {
    messages::send_waiting(parent.as_fd(), message).map_err(|error| system("channel", error))
}

/// Redirects standard input and output to /dev/null, and standard error to a file.
fn redirect_standard_streams(arguments: &Arguments) -> Result<(), Failure> {
    let open_null = || File::options().read(true).write(true).open("/dev/null");
    let null = open_null().map_err(|error| system("standard-streams", error))?;
    let path = arguments.run.join("zygote.log");
    let log = File::create(path).map_err(|error| system("standard-streams", error))?;
    let result = rustix::stdio::dup2_stdin(&null)
        .and_then(|()| rustix::stdio::dup2_stdout(&null))
        .and_then(|()| rustix::stdio::dup2_stderr(&log));
    result.map_err(|errno| Failure::of_call("standard-streams", "dup2", errno))
}

fn open_directory(path: &Path) -> Result<OwnedFd, Failure> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    open(path, flags, Mode::empty())
        .map_err(|errno| Failure::of_call("open-directory", &path.to_string_lossy(), errno))
}

fn refused(errno: Errno) -> Failure {
    diagnosis::refused(errno, Path::new("/proc"))
}

fn system(step: &str, message: impl std::fmt::Display) -> Failure {
    Failure::new(FailureKind::System, step, message)
}
