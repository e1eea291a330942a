//! From a request to a running program: the list of steps.

use std::convert::Infallible;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{LaunchRequest, Network};
use protocol::monitor::Phase;
use rustix::fs::Mode;
use sys::clone::{Namespaces, Side, clone3};
use sys::seqpacket;

use crate::capabilities;
use crate::failure::{explained, system};
use crate::host::Host;
use crate::oom_score;
use crate::program::{Program, follow, kill, show_console, stdio};
use crate::report::{self, Report, phase};
use crate::steps::root::Store;
use crate::steps::terminal::{self, Inner};
use crate::steps::{
    devices, keep_id, kernel_files, pivot, protected, root, shared, sysctls, volumes,
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
    /// A network namespace in which nobody has been; that of the sandbox where the request names one.
    pub network: Option<BorrowedFd<'prepared>>,
    /// A /dev that nobody has had.
    pub devices: Option<BorrowedFd<'prepared>>,
    /// First processes of the containers whose namespaces are shared.
    pub pid: Option<BorrowedFd<'prepared>>,
    pub ipc: Option<BorrowedFd<'prepared>>,
}

/// Makes what [`Prepared::devices`] takes. Called in a process of its own, whose mount namespace it leaves.
pub fn prepare_devices(host: &Host) -> Result<OwnedFd, Failure> {
    devices::prepare(host)
}

/// Starts the container; returns once its program was executed. Called in the monitor, which has one
/// thread and is root of the user namespace. It gets ready while the container is made: the program is
/// executed only after that, and never if it fails.
pub fn launch(
    host: &Host,
    request: &LaunchRequest,
    prepared: Prepared<'_>,
    get_ready: impl FnOnce() -> Result<(), Failure>,
) -> Result<Launched, Failure> {
    let capabilities = capabilities::parse(&request.process.capabilities)?;
    let filter = host.filter(capabilities);
    let (inner, outer) = terminal::create(&request.process)?;
    let (ours, theirs) =
        seqpacket::pair().map_err(|error| explained(FailureKind::System, "report", error))?;
    let mut namespaces = shared::made(&request.shared);
    // A namespace that is made by the clone has the monitor's cgroup as its root.
    let own_cgroup = prepared.cgroup.is_some() && !request.shared.cgroup;
    namespaces.set(Namespaces::CGROUP, !own_cgroup && !request.shared.cgroup);
    let own_network = request.network == Network::None;
    namespaces.set(
        Namespaces::NETWORK,
        own_network && prepared.network.is_none(),
    );
    shared::join_processes(&request.shared, prepared.pid)?;
    let score = oom_score::lend(request.process.oom_score_adjustment)?;
    match clone3(namespaces, prepared.cgroup)
        .map_err(|errno| system("clone", "namespaces", errno))?
    {
        Side::Child => {
            drop(ours);
            let program = Program {
                process: &request.process,
                capabilities,
                filter: &filter,
                channel: theirs.as_fd(),
            };
            let child = Child {
                host,
                request,
                program,
                prepared,
                own_cgroup,
            };
            let failed = child.run(inner);
            let Err(failure) = failed;
            let _ = report::send(theirs.as_fd(), &Report::Failed { failure }, &[]);
            std::process::exit(127);
        }
        Side::Parent { pid, pidfd } => {
            let begun = phase("cloned");
            drop((inner, theirs, score));
            if let Err(failure) = get_ready() {
                kill(pidfd.as_fd());
                return Err(failure);
            }
            report::let_go_on(ours.as_fd());
            let (mut phases, master) = follow(ours.as_fd(), pidfd.as_fd(), |ids| {
                keep_id::map(ours.as_fd(), host, pid, ids)
            })?;
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
    program: Program<'launch>,
    prepared: Prepared<'launch>,
    /// Whether it was born into a cgroup that is to be the root of what it sees.
    own_cgroup: bool,
}

impl Child<'_> {
    fn run(&self, streams: Inner) -> Result<Infallible, Failure> {
        let Child {
            host,
            request,
            program,
            ..
        } = self;
        let mut phases = vec![phase("born")];

        // What is made for the container is to be seen by its users, who are not all root.
        rustix::process::umask(Mode::from_raw_mode(0o022));
        // Before /sys is mounted, which shows the network namespace of whoever mounts it.
        self.enter_network()?;
        // Before the hierarchy is mounted, which shows what is below the namespace's root.
        if self.own_cgroup {
            sys::namespaces::enter_new_cgroup()
                .map_err(|errno| system("cgroup", "namespace", errno))?;
        }
        // Before anything is mounted: no mount of ours may reach the monitor's namespace.
        root::isolate()?;
        let memory = shared::join_memory(&request.shared, self.prepared.ipc, request.shm_size)?;
        // In this namespace, and before the root covers the container's directory.
        let store = Store::open(host.store_path(), &request.id)?;
        // While the host's paths still mean the host's files.
        let volumes = volumes::open_volumes(&store, &request.mounts)?;
        // Before they are covered by the layers.
        volumes::make_targets(&store, &request.root, &volumes)?;
        let root = root::mount_root(&store, &request.root)?;
        kernel_files::mount_kernel_files(
            root.as_fd(),
            request.network,
            &request.shared,
            request.cgroup_writable,
        )?;
        let devices = devices::mount_devices(root.as_fd(), host, &memory, self.prepared.devices)?;
        // After /dev: its terminal belongs to the container's own /dev/pts.
        program.give_streams(devices.as_fd(), streams)?;
        show_console(devices.as_fd(), &request.process)?;
        // After the standard mounts, which they may cover.
        volumes::attach_volumes(root.as_fd(), &volumes)?;
        // While /proc/sys can be written to.
        sysctls::write(root.as_fd(), &request.sysctls)?;
        // After the volumes: none of them may uncover what is protected.
        protected::mask(root.as_fd(), &request.masked_paths)?;
        protected::write_protect(root.as_fd(), &request.readonly_paths)?;
        phases.push(phase("mounted"));

        pivot::pivot(root.as_fd())?;
        phases.push(phase("pivoted"));

        self.name()?;
        // From here on every path is the container's, whoever resolves it.
        let account = program.settle(root.as_fd())?;
        // After the working directory, which may have to be made.
        root::protect_root(root.as_fd(), &request.root)?;
        drop((store, volumes, memory, root, devices));
        report::wait(program.channel)?;
        if request.process.keep_id {
            // After everything that needs the rights of the namespace that the mounts belong to.
            keep_id::enter(program.channel, &account)?;
        }
        program.become_it(&account, phases)
    }

    /// In a namespace of the container's own the loopback interface is up, whoever made it.
    fn enter_network(&self) -> Result<(), Failure> {
        match (self.request.network, self.prepared.network) {
            (
                Network::None | Network::Namespace { .. } | Network::Process { .. },
                Some(namespace),
            ) => sys::network_namespace::enter(namespace)
                .map_err(|errno| system("network", "namespace", errno)),
            (Network::Namespace { namespace: sandbox }, None) => Err(explained(
                FailureKind::NotFound,
                "network",
                format!("network sandbox {sandbox} is gone"),
            )),
            (Network::Process { pid }, None) => Err(explained(
                FailureKind::NotFound,
                "network",
                format!("the network of process {pid} is gone"),
            )),
            (Network::None, None) => {
                sys::interface::loopback_up().map_err(|errno| system("network", "lo", errno))
            }
            (Network::Host, _) => Ok(()),
        }
    }

    fn name(&self) -> Result<(), Failure> {
        if self.request.shared.uts {
            return Ok(());
        }
        rustix::system::sethostname(self.request.hostname.as_bytes())
            .map_err(|errno| system("hostname", &self.request.hostname, errno))?;
        let Some(domainname) = &self.request.domainname else {
            return Ok(());
        };
        rustix::system::setdomainname(domainname.as_bytes())
            .map_err(|errno| system("domainname", domainname, errno))
    }
}
