//! The start of a container: the list of steps.

use std::convert::Infallible;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{LaunchRequest, Network};
use rustix::fs::Mode;
use sys::clone::{Namespaces, clone3};
use sys::seqpacket;

use crate::failure::{explained, refused_clone, system};
use crate::host::Host;
use crate::mounts::isolation;
use crate::privileges::system_calls::SystemCalls;
use crate::privileges::{capabilities, oom_score};
use crate::program::{Place, Program};
use crate::ready::ReadySandbox;
use crate::report::{self, phase};
use crate::startup::{Launched, follow, kill};
use crate::steps::terminal::{self, ProgramStreams};
use crate::steps::{
    additional_mounts, devices, kernel_files, pivot, protected, root, shared, sysctls,
};
use crate::store::Store;

/// Resources prepared for a container.
#[derive(Debug, Clone, Copy, Default)]
pub struct Prepared<'prepared> {
    /// Cgroup to clone the container into.
    pub cgroup: Option<BorrowedFd<'prepared>>,
    /// The network namespace that the request names, or an unused one for a private namespace.
    pub network: Option<BorrowedFd<'prepared>>,
    /// An unused /dev.
    pub devices: Option<BorrowedFd<'prepared>>,
    /// First process of the container whose PID namespace is shared.
    pub pid: Option<BorrowedFd<'prepared>>,
    /// First process of the container whose IPC namespace is shared.
    pub ipc: Option<BorrowedFd<'prepared>>,
}

/// Creates a /dev for [`Prepared::devices`]. Call it in a separate process, which leaves its mount namespace.
pub fn prepare_devices(host: &Host) -> Result<OwnedFd, Failure> {
    devices::prepare(host)
}

/// Starts a container and returns once its program was executed. Call it in the monitor, which has one thread
/// and is root in the user namespace. The monitor runs `get_ready` while the container is created; the program
/// is executed only if that succeeds. A sandbox in `ready` that suits the request saves most of the steps.
pub fn launch(
    host: &Host,
    request: &LaunchRequest,
    prepared: Prepared<'_>,
    ready: Option<ReadySandbox>,
    get_ready: impl FnOnce() -> Result<(), Failure>,
) -> Result<Launched, Failure> {
    if let Some(begun) = ready.and_then(|ready| ready.begin(host, request, prepared.network)) {
        return begun.follow(host, get_ready);
    }
    let capabilities = capabilities::parse(&request.process.capabilities)?;
    let filter = SystemCalls::choose(host, &request.process, capabilities)?;
    let (program_streams, monitor_streams) = terminal::create(&request.process)?;
    let (ours, theirs) =
        seqpacket::pair().map_err(|error| explained(FailureKind::System, "report", error))?;
    // A cgroup namespace created by the clone has the monitor's cgroup as its root.
    let enters_cgroup_namespace = prepared.cgroup.is_some() && !request.shared.cgroup;
    let namespaces = namespaces(request, &prepared, enters_cgroup_namespace);
    shared::join_processes(&request.shared, prepared.pid)?;
    let restore_score = oom_score::set_for_children(request.process.oom_score_adjustment)?;
    let (child, ours) = clone3(namespaces, prepared.cgroup, ours, move || {
        let program = Program {
            process: &request.process,
            capabilities,
            system_calls: &filter,
            helper: host.helper(),
            channel: theirs.as_fd(),
        };
        let container = Container {
            host,
            request,
            program,
            prepared,
            enters_cgroup_namespace,
        };
        let Err(failure) = container.run(program_streams);
        container.program.fail(failure)
    })
    .map_err(|error| refused_clone("namespaces", &error))?;
    let cloned = vec![phase("cloned")];
    drop(restore_score);
    if let Err(failure) = get_ready() {
        kill(child.pidfd.as_fd());
        return Err(failure);
    }
    report::resume(ours.as_fd());
    follow(ours.as_fd(), child, host, monitor_streams, cloned)
}

/// Returns the namespaces to create with the clone.
fn namespaces(
    request: &LaunchRequest,
    prepared: &Prepared<'_>,
    enters_cgroup_namespace: bool,
) -> Namespaces {
    let mut namespaces = shared::created(&request.shared);
    namespaces.set(
        Namespaces::CGROUP,
        !enters_cgroup_namespace && !request.shared.cgroup,
    );
    namespaces.set(
        Namespaces::NETWORK,
        request.network == Network::None && prepared.network.is_none(),
    );
    namespaces
}

/// The container's first process.
struct Container<'launch> {
    host: &'launch Host,
    request: &'launch LaunchRequest,
    program: Program<'launch>,
    prepared: Prepared<'launch>,
    /// Whether the process creates a cgroup namespace whose root is the process's own cgroup.
    enters_cgroup_namespace: bool,
}

impl Container<'_> {
    fn run(&self, streams: ProgramStreams) -> Result<Infallible, Failure> {
        let Container {
            host,
            request,
            program,
            ..
        } = self;
        let mut phases = vec![phase("born")];

        // The container's users, who are not all root, read the files created here.
        rustix::process::umask(Mode::from_raw_mode(0o022));
        // While paths are the host's.
        let namespace = isolation::open_own_namespace();
        // Before /sys is mounted: it shows the network namespace of the process that mounts it.
        self.enter_network()?;
        // Before the cgroup hierarchy is mounted: it shows the cgroups below the namespace's root.
        if self.enters_cgroup_namespace {
            sys::namespaces::enter_new_cgroup()
                .map_err(|errno| system("cgroup", "namespace", errno))?;
        }
        let memory = shared::join_memory(&request.shared, self.prepared.ipc, request.shm_size)?;
        // In this mount namespace, and before the root covers the container's directory.
        let store = Store::open(host.store_path(), &request.id)?;
        // While paths are the host's.
        let mounts = additional_mounts::open(&store, &request.mounts)?;
        // After the sources are cloned, because the clones of `slave` binds still receive the host's mounts. Before
        // anything is mounted for the container, because the host's mounts must not propagate there.
        isolation::isolate()?;
        // Before the layers cover the mount points.
        additional_mounts::create_mount_points(&store, &request.root, &mounts)?;
        let root = root::mount_root(&store, &request.root)?;
        // Before other mounts cover the image's files.
        additional_mounts::fill(root.as_fd(), &mounts)?;
        kernel_files::mount_proc(root.as_fd(), &request.shared)?;
        kernel_files::mount_sys(
            root.as_fd(),
            request.network,
            &request.shared,
            request.cgroup_writable,
        )?;
        let devices = devices::mount_devices(root.as_fd(), host, &memory, self.prepared.devices)?;
        // After /dev: the terminal belongs to the container's /dev/pts.
        program.install_streams(devices.as_fd(), streams)?;
        program.mount_console(devices.as_fd())?;
        // After the standard mounts, which they may cover.
        additional_mounts::attach(root.as_fd(), &mounts)?;
        // While /proc/sys is writable.
        sysctls::write(root.as_fd(), &request.sysctls)?;
        // After the additional mounts, none of which must uncover a protected path.
        protected::mask(root.as_fd(), &request.masked_paths)?;
        protected::write_protect(root.as_fd(), &request.readonly_paths)?;
        phases.push(phase("mounted"));

        pivot::pivot(root.as_fd())?;
        phases.push(phase("pivoted"));

        drop((store, mounts, memory, devices));
        program.start(&Place::of(request), root, namespace, phases)
    }

    /// Enters the prepared network namespace. In a private namespace the loopback interface is up.
    fn enter_network(&self) -> Result<(), Failure> {
        match (self.request.network, self.prepared.network) {
            (Network::Host, _) => Ok(()),
            (_, Some(namespace)) => sys::network_namespace::enter(namespace)
                .map_err(|errno| system("network", "namespace", errno)),
            (Network::Namespace { namespace }, None) => Err(explained(
                FailureKind::NotFound,
                "network",
                format!("network namespace {namespace} does not exist"),
            )),
            (Network::Process { pid }, None) => Err(explained(
                FailureKind::NotRunning,
                "network",
                format!("cannot join network of a non running container: process {pid} has ended"),
            )),
            (Network::None, None) => {
                sys::interface::loopback_up().map_err(|errno| system("network", "lo", errno))
            }
        }
    }
}
