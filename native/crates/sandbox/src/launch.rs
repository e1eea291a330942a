//! From a request to a running program: the list of steps.

use std::convert::Infallible;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{LaunchRequest, Network};
use protocol::monitor::Phase;
use rustix::fs::Mode;
use rustix::process::setsid;
use sys::clone::{Namespaces, Side, clone3};
use sys::seqpacket;

use crate::capabilities::{self, Set};
use crate::failure::{explained, system};
use crate::host::Host;
use crate::report::{self, Report, phase};
use crate::seccomp::Program;
use crate::steps::execution::{self, Execution};
use crate::steps::root::Store;
use crate::steps::terminal::{self, Inner, Outer};
use crate::steps::{
    confinement, devices, identity, kernel_files, pivot, protected, reaper, root, volumes,
    working_directory,
};

/// A container whose program was executed.
#[derive(Debug)]
pub struct Launched {
    pub pid: u32,
    pub pidfd: OwnedFd,
    pub stdio: Stdio,
    pub phases: Vec<Phase>,
}

/// The monitor's side of the program's standard streams.
#[derive(Debug)]
pub enum Stdio {
    Pipes {
        stdin: Option<OwnedFd>,
        stdout: OwnedFd,
        stderr: OwnedFd,
    },
    /// The terminal's master.
    Terminal(OwnedFd),
}

/// What a container may be given that was made beforehand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Prepared<'prepared> {
    /// The cgroup to be born into.
    pub cgroup: Option<BorrowedFd<'prepared>>,
    /// A network namespace in which only the loopback interface is up.
    pub network: Option<BorrowedFd<'prepared>>,
}

/// Starts the container; returns once its program was executed. Called in the monitor, which has one
/// thread and is root of the user namespace.
pub fn launch(
    host: &Host,
    request: &LaunchRequest,
    prepared: Prepared<'_>,
) -> Result<Launched, Failure> {
    let capabilities = capabilities::parse(&request.process.capabilities)?;
    let filter = host.filter(capabilities);
    let (inner, outer) = terminal::create(&request.process)?;
    let (ours, theirs) =
        seqpacket::pair().map_err(|error| explained(FailureKind::System, "report", error))?;
    let mut namespaces = Namespaces::MOUNT
        | Namespaces::PID
        | Namespaces::IPC
        | Namespaces::UTS
        | Namespaces::CGROUP;
    let own_network = request.network == Network::None;
    namespaces.set(
        Namespaces::NETWORK,
        own_network && prepared.network.is_none(),
    );
    match clone3(namespaces, prepared.cgroup)
        .map_err(|errno| system("clone", "namespaces", errno))?
    {
        Side::Child => {
            drop(ours);
            let child = Child {
                host,
                request,
                capabilities,
                filter: &filter,
                channel: theirs.as_fd(),
                network: prepared.network,
            };
            let failed = child.run(inner);
            let Err(failure) = failed;
            let _ = report::send(theirs.as_fd(), &Report::Failed { failure }, &[]);
            std::process::exit(127);
        }
        Side::Parent { pid, pidfd } => {
            let begun = phase("cloned");
            drop((inner, theirs));
            let (mut phases, master) = follow(ours.as_fd(), pidfd.as_fd())?;
            phases.insert(0, begun);
            phases.push(phase("executed"));
            Ok(Launched {
                pid,
                pidfd,
                stdio: stdio(outer, master)?,
                phases,
            })
        }
    }
}

/// The container's first process.
struct Child<'launch> {
    host: &'launch Host,
    request: &'launch LaunchRequest,
    capabilities: Set,
    filter: &'launch Program,
    channel: BorrowedFd<'launch>,
    network: Option<BorrowedFd<'launch>>,
}

impl Child<'_> {
    fn run(&self, streams: Inner) -> Result<Infallible, Failure> {
        let Child { host, request, .. } = self;
        let process = &request.process;
        let mut phases = vec![phase("born")];

        // What is made for the container is to be seen by its users, who are not all root.
        rustix::process::umask(Mode::from_raw_mode(0o022));
        // Before /sys is mounted, which shows the network namespace of whoever mounts it.
        self.enter_network()?;
        // Before anything is mounted: no mount of ours may reach the monitor's namespace.
        root::isolate()?;
        // In this namespace, and before the root covers the container's directory.
        let store = Store::open(host.store_path(), &request.id)?;
        // While the host's paths still mean the host's files.
        let volumes = volumes::open_volumes(&store, &request.mounts)?;
        let root = root::mount_root(&store, &request.root)?;
        kernel_files::mount_kernel_files(root.as_fd(), request.network)?;
        let devices = devices::mount_devices(root.as_fd(), host, request.shm_size)?;
        // After /dev: its terminal belongs to the container's own /dev/pts.
        self.give_streams(devices.as_fd(), streams)?;
        // After the standard mounts, which they may cover.
        volumes::attach_volumes(root.as_fd(), &volumes)?;
        // After the volumes: none of them may uncover what is protected.
        protected::mask(root.as_fd(), &request.masked_paths)?;
        protected::write_protect(root.as_fd(), &request.readonly_paths)?;
        phases.push(phase("mounted"));

        pivot::pivot(root.as_fd())?;
        phases.push(phase("pivoted"));

        self.name()?;
        // From here on every path is the container's, whoever resolves it.
        let account = identity::find_account(root.as_fd(), process)?;
        identity::own_streams(&account);
        working_directory::enter(root.as_fd(), &process.cwd)?;
        // After the working directory, which may have to be made.
        root::protect_root(root.as_fd(), &request.root)?;
        drop((store, volumes, root, devices));
        let execution = self.plan_execution(&account.home, &phases)?;
        sys::signals::reset_for_program().map_err(|errno| system("signals", "reset", errno))?;
        confinement::confine(process, &account, self.capabilities, self.filter)?;
        phases.push(phase("confined"));
        report::send(self.channel, &Report::Phases { phases }, &[])?;
        // Last: everything but the standard streams is closed by the exec.
        sys::fork::close_others_on_exec().map_err(|errno| system("exec", "descriptors", errno))?;
        if process.init {
            return reaper::start(self.channel, process.tty.is_some(), &execution);
        }
        if process.tty.is_some() {
            terminal::take_control()?;
        }
        execution::execute(&execution)
    }

    /// A container's own network has a loopback interface that is up, and nothing else.
    fn enter_network(&self) -> Result<(), Failure> {
        match (self.request.network, self.network) {
            (Network::None, Some(namespace)) => sys::network_namespace::enter(namespace)
                .map_err(|errno| system("network", "namespace", errno)),
            (Network::None, None) => {
                sys::interface::loopback_up().map_err(|errno| system("network", "lo", errno))
            }
            (Network::Host, _) => Ok(()),
        }
    }

    /// Makes the streams descriptors 0 to 2, in a session of the container's own.
    fn give_streams(&self, devices: BorrowedFd<'_>, streams: Inner) -> Result<(), Failure> {
        setsid().map_err(|errno| system("session", "setsid", errno))?;
        match streams {
            Inner::Pipes {
                stdin,
                stdout,
                stderr,
            } => terminal::install(&stdin, &stdout, &stderr),
            Inner::Terminal(size) => {
                let (master, peer) = terminal::open_terminal(devices, size)?;
                devices::mount_console(devices, peer.as_fd())?;
                report::send(self.channel, &Report::Terminal, &[master.as_fd()])?;
                terminal::install(&peer, &peer, &peer)
            }
        }
    }

    fn name(&self) -> Result<(), Failure> {
        rustix::system::sethostname(self.request.hostname.as_bytes())
            .map_err(|errno| system("hostname", &self.request.hostname, errno))?;
        let Some(domainname) = &self.request.domainname else {
            return Ok(());
        };
        rustix::system::setdomainname(domainname.as_bytes())
            .map_err(|errno| system("domainname", domainname, errno))
    }

    fn plan_execution(&self, home: &str, phases: &[Phase]) -> Result<Execution, Failure> {
        let process = &self.request.process;
        let mut env = process.env.clone();
        if !env.iter().any(|entry| entry.starts_with("HOME=")) {
            env.push(format!("HOME={home}"));
        }
        if let Some(begin) = process.trace {
            env.push(format!("TBOX_TRACE={}", trace(begin, phases)));
        }
        execution::plan(&process.args, &env)
    }
}

/// Reads the child's reports until it has become the program.
fn follow(
    channel: BorrowedFd<'_>,
    pidfd: BorrowedFd<'_>,
) -> Result<(Vec<Phase>, Option<OwnedFd>), Failure> {
    let mut phases = None;
    let mut master = None;
    while let Some((report, mut descriptors)) = report::receive(channel)? {
        match report {
            Report::Phases { phases: reported } => phases = Some(reported),
            Report::Terminal => master = descriptors.pop(),
            Report::Failed { failure } => {
                reap(pidfd);
                return Err(failure);
            }
        }
    }
    // The channel closes by the exec, or because the child died on the way.
    let Some(phases) = phases else {
        reap(pidfd);
        return Err(explained(
            FailureKind::System,
            "launch",
            "the container's first process died before its program",
        ));
    };
    Ok((phases, master))
}

fn reap(pidfd: BorrowedFd<'_>) {
    let _ = rustix::process::waitid(
        rustix::process::WaitId::PidFd(pidfd),
        rustix::process::WaitIdOptions::EXITED,
    );
}

fn stdio(outer: Option<Outer>, master: Option<OwnedFd>) -> Result<Stdio, Failure> {
    match (outer, master) {
        (
            Some(Outer {
                stdin,
                stdout,
                stderr,
            }),
            None,
        ) => Ok(Stdio::Pipes {
            stdin,
            stdout,
            stderr,
        }),
        (None, Some(master)) => Ok(Stdio::Terminal(master)),
        _ => Err(explained(
            FailureKind::System,
            "streams",
            "the container's terminal did not arrive",
        )),
    }
}

/// `phase=µs` words, counted from the moment the start was asked for.
fn trace(begin: u64, phases: &[Phase]) -> String {
    let words: Vec<String> = phases
        .iter()
        .map(|one| format!("{}={}", one.name, one.at.saturating_sub(begin) / 1000))
        .collect();
    words.join(" ")
}
