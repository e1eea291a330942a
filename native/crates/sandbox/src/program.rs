//! The last steps of a start, for a container's first program and for later ones: from a process in its
//! namespaces to the program.

use std::convert::Infallible;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use protocol::launch::{LaunchRequest, Process, Root};
use protocol::monitor::Phase;
use rustix::process::setsid;
use serde::{Deserialize, Serialize};

use crate::failure::system;
use crate::privileges::capabilities::Set;
use crate::privileges::system_calls::SystemCalls;
use crate::report::{self, Report, phase};
use crate::steps::execution::{self, Execution};
use crate::steps::terminal::{self, ProgramStreams};
use crate::steps::working_directory::Missing;
use crate::steps::{
    confinement, devices, identity, keep_id, names, reaper, root, root_owned, working_directory,
};
use crate::users::accounts::Account;

/// A program to be executed by the calling process.
pub(crate) struct Program<'launch> {
    pub process: &'launch Process,
    pub capabilities: Set,
    pub system_calls: &'launch SystemCalls,
    /// The helper's program.
    pub helper: BorrowedFd<'launch>,
    /// Channel to the monitor.
    pub channel: BorrowedFd<'launch>,
}

/// Settings of a container that are applied just before its first program.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    /// `None` if the UTS namespace is the host's.
    hostname: Option<String>,
    domainname: Option<String>,
    /// Whether the root is read-only.
    readonly: bool,
    /// Whether the root has a layer of the container's own.
    layered: bool,
}

impl Place {
    pub fn of(request: &LaunchRequest) -> Self {
        let private = !request.shared.uts;
        let (Root::Layers { readonly, .. } | Root::Directory { readonly, .. }) = request.root;
        Self {
            hostname: private.then(|| request.hostname.clone()),
            domainname: request.domainname.clone().filter(|_| private),
            readonly,
            layered: matches!(request.root, Root::Layers { .. }),
        }
    }
}

impl Program<'_> {
    /// Executes the first program of a container. Call it once every path resolves in the container's root.
    pub fn start(
        &self,
        place: &Place,
        root: OwnedFd,
        namespace: Option<OwnedFd>,
        phases: Vec<Phase>,
    ) -> Result<Infallible, Failure> {
        names::set(place.hostname.as_deref(), place.domainname.as_deref())?;
        let account = self.enter_working_directory(root.as_fd(), Missing::Create)?;
        let kept = keep_id::find_ids(root.as_fd(), self.process, &account)?;
        if let Some(ids) = kept.filter(|_| place.layered) {
            root_owned::keep(root.as_fd(), self.process, ids)?;
        }
        // After the working directory, which may have to be created, and changes of owners.
        root::protect_root(root.as_fd(), place.readonly)?;
        drop(root);
        report::wait(self.channel)?;
        if let Some(ids) = kept {
            // After every step that needs the rights of the user namespace that owns the mounts.
            keep_id::enter(self.channel, ids)?;
        }
        self.execute(&account, phases, namespace)
    }

    /// Creates a session and makes the streams descriptors 0 to 2.
    pub fn install_streams(
        &self,
        devices: BorrowedFd<'_>,
        streams: ProgramStreams,
    ) -> Result<(), Failure> {
        setsid().map_err(|errno| system("session", "setsid", errno))?;
        match streams {
            ProgramStreams::Pipes {
                stdin,
                stdout,
                stderr,
            } => terminal::install(&stdin, &stdout, &stderr),
            ProgramStreams::Terminal(size) => {
                let (master, peer) = terminal::open_terminal(devices, size)?;
                report::send(self.channel, &Report::Terminal, &[master.as_fd()])?;
                terminal::install(&peer, &peer, &peer)
            }
        }
    }

    /// Mounts the program's terminal, if it has one, as /dev/console.
    pub fn mount_console(&self, devices: BorrowedFd<'_>) -> Result<(), Failure> {
        match self.process.tty {
            Some(_) => devices::mount_console(devices, rustix::stdio::stdin().as_fd()),
            None => Ok(()),
        }
    }

    /// Resolves the program's user and enters its working directory.
    pub fn enter_working_directory(
        &self,
        root: BorrowedFd<'_>,
        missing: Missing,
    ) -> Result<Account, Failure> {
        let account = identity::find_account(root, self.process)?;
        working_directory::enter(root, &self.process.cwd, missing)?;
        Ok(account)
    }

    /// Gives up all rights that the program does not have, and executes it. The monitor holds the mount `namespace`
    /// until it has reported the program's end.
    pub fn execute(
        &self,
        account: &Account,
        phases: Vec<Phase>,
        namespace: Option<OwnedFd>,
    ) -> Result<Infallible, Failure> {
        let process = self.process;
        identity::own_streams(account);
        let execution = self.plan(&account.home, &phases)?;
        sys::signals::reset_for_program().map_err(|errno| system("signals", "reset", errno))?;
        // Before the process has the rights of the container's other programs: some kernels let these take the
        // descriptors of a process that exits, as this one does after a failed exec.
        let mut kept = vec![self.channel];
        kept.extend(process.init.then_some(self.helper));
        kept.extend(namespace.as_ref().map(AsFd::as_fd));
        sys::fork::end_without_others(&kept, |closed| {
            let Err(failure) = closed
                .map_err(|errno| system("exec", "descriptors", errno))
                .and_then(|()| self.finish(account, phases, namespace.as_ref(), &execution));
            self.fail(failure)
        })
    }

    /// Confines the process and executes the program.
    fn finish(
        &self,
        account: &Account,
        mut phases: Vec<Phase>,
        namespace: Option<&OwnedFd>,
        execution: &Execution,
    ) -> Result<Infallible, Failure> {
        let process = self.process;
        confinement::confine(process, account, self.capabilities, self.system_calls)?;
        phases.push(phase("confined"));
        report::send(
            self.channel,
            &Report::Phases { phases },
            namespace.map(AsFd::as_fd).as_slice(),
        )?;
        // The exec closes the kept descriptors.
        sys::fork::close_others_on_exec().map_err(|errno| system("exec", "descriptors", errno))?;
        if process.init {
            return reaper::start(self.helper, self.channel, process.tty.is_some(), execution);
        }
        if process.tty.is_some() {
            terminal::take_control()?;
        }
        execution::execute(execution)
    }

    /// Reports a failure to the monitor and ends the process.
    pub fn fail(&self, failure: Failure) -> ! {
        let _ = report::send(self.channel, &Report::Failed { failure }, &[]);
        std::process::exit(127)
    }

    fn plan(&self, home: &str, phases: &[Phase]) -> Result<Execution, Failure> {
        let mut env = self.process.env.clone();
        // An empty HOME counts as none.
        env.retain(|entry| entry != "HOME=");
        if !env.iter().any(|entry| entry.starts_with("HOME=")) {
            env.push(format!("HOME={home}"));
        }
        if let Some(begin) = self.process.trace {
            env.push(format!("TBOX_TRACE={}", trace(begin, phases)));
        }
        execution::plan(&self.process.args, &env)
    }
}

/// Returns the phases as `phase=µs` words, counted from the start request.
fn trace(begin: u64, phases: &[Phase]) -> String {
    let words: Vec<String> = phases
        .iter()
        .map(|one| format!("{}={}", one.name, one.at.saturating_sub(begin) / 1000))
        .collect();
    words.join(" ")
}
