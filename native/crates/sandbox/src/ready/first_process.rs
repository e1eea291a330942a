//! The first process of a prepared sandbox.

use std::convert::Infallible;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{Network, Shared};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{UnmountFlags, unmount};
use sys::mounts::{Attributes, Depth, Propagation, set_attributes};

use crate::failure::{explained, system};
use crate::host::Host;
use crate::in_root;
use crate::mounts::attach;
use crate::mounts::{empty_root, isolation, kernel_mounts, mount_point};
use crate::privileges::capabilities;
use crate::privileges::system_calls::SystemCalls;
use crate::program::Program;
use crate::ready::blueprint::Blueprint;
use crate::ready::order::Received;
use crate::report::{self, Report, phase};
use crate::steps::shared::Memory;
use crate::steps::{additional_mounts, devices, kernel_files, pivot, protected};

/// A process that becomes a container's first one.
pub struct FirstProcess<'sandbox> {
    pub host: &'sandbox Host,
    pub blueprint: &'sandbox Blueprint,
    pub network: Option<BorrowedFd<'sandbox>>,
    pub channel: BorrowedFd<'sandbox>,
}

/// An empty root, from which nothing of the host can be reached, and the mounts in it.
struct EmptyRoot {
    root: OwnedFd,
    proc: OwnedFd,
    /// `None` until the container's network namespace is known.
    sys: Option<OwnedFd>,
    devices: OwnedFd,
    namespace: Option<OwnedFd>,
}

impl FirstProcess<'_> {
    pub fn run(&self) -> Infallible {
        let _ = rustix::thread::set_name(c"tbox-ready");
        let Err(failure) = self.become_container();
        let _ = report::send(self.channel, &Report::Failed { failure }, &[]);
        std::process::exit(127)
    }

    fn become_container(&self) -> Result<Infallible, Failure> {
        let empty = self.prepare()?;
        report::send(self.channel, &Report::Ready, &[])?;
        match Received::wait(self.channel) {
            Some(order) => self.execute(empty, order),
            None => std::process::exit(0),
        }
    }

    /// Does the steps that no request decides.
    fn prepare(&self) -> Result<EmptyRoot, Failure> {
        // The container's users, who are not all root, read the files created here.
        rustix::process::umask(Mode::from_raw_mode(0o022));
        let namespace = isolation::open_own_namespace();
        // Before /sys is mounted: it shows the network namespace of the process that mounts it.
        self.enter_private_network()?;
        // Before the cgroup hierarchy is mounted: it shows the cgroups below the namespace's root.
        if self.blueprint.cgroup {
            sys::namespaces::enter_new_cgroup()
                .map_err(|errno| system("cgroup", "namespace", errno))?;
        }
        // Before anything is mounted for the container, because the host's mounts must not propagate there.
        isolation::isolate()?;
        let root = empty_root::mount_root().map_err(|errno| system("empty-root", "/", errno))?;
        kernel_files::mount_proc(root.as_fd(), &Shared::default())?;
        match self.blueprint.private_network {
            true => self.mount_sys(root.as_fd())?,
            false => keep_hosts_sys(root.as_fd())?,
        }
        let memory = Memory::Private {
            size: self.blueprint.shm_size,
        };
        let devices = devices::mount_devices(root.as_fd(), self.host, &memory, None)?;
        let mounted_now = |path: &&String| {
            self.blueprint.private_network || kernel_mounts::containing(path) != Some("/sys")
        };
        self.protect(root.as_fd(), mounted_now)?;
        set_attributes(
            root.as_fd(),
            Attributes::READONLY,
            Propagation::Unchanged,
            Depth::One,
        )
        .map_err(|errno| system("empty-root", "/", errno))?;
        let open = |name: &str| {
            in_root::open_without_links(root.as_fd(), name, OFlags::PATH | OFlags::DIRECTORY)
                .map_err(|errno| system("empty-root", name, errno))
        };
        let proc = open("proc")?;
        let sys = match self.blueprint.private_network {
            true => Some(open("sys")?),
            false => None,
        };
        // The kernel walks through every thread of the machine here.
        pivot::pivot(root.as_fd())?;
        Ok(EmptyRoot {
            root,
            proc,
            sys,
            devices,
            namespace,
        })
    }

    /// Does the steps that the request decides, and executes the program.
    fn execute(&self, empty: EmptyRoot, order: Received) -> Result<Infallible, Failure> {
        let mut phases = vec![phase("born")];
        let Received {
            process,
            place,
            root,
            network,
            streams,
            mounts,
        } = order;
        let capabilities = capabilities::parse(&process.capabilities)?;
        let program = Program {
            process: &process,
            capabilities,
            system_calls: &SystemCalls::choose(self.host, &process, capabilities)?,
            helper: self.host.helper(),
            channel: self.channel,
        };
        if let Some(network) = network {
            sys::network_namespace::enter(network.as_fd())
                .map_err(|errno| system("network", "namespace", errno))?;
        }
        // Over the empty root, which cannot be reached from then on.
        attach::attach(root.as_fd(), empty.root.as_fd())
            .map_err(|errno| system("mount-root", "/", errno))?;
        move_mount(&empty.proc, root.as_fd(), "proc")?;
        match &empty.sys {
            Some(sys) => move_mount(sys, root.as_fd(), "sys")?,
            None => self.mount_sys(root.as_fd())?,
        }
        move_mount(&empty.devices, root.as_fd(), "dev")?;
        // After /dev: the terminal belongs to the container's /dev/pts.
        program.install_streams(empty.devices.as_fd(), streams)?;
        program.mount_console(empty.devices.as_fd())?;
        // After the standard mounts, which they may cover.
        additional_mounts::attach(root.as_fd(), &mounts)?;
        if empty.sys.is_none() {
            self.protect(root.as_fd(), |path| {
                kernel_mounts::containing(path) == Some("/sys")
            })?;
            unmount("/sys", UnmountFlags::DETACH)
                .map_err(|errno| system("empty-root", "/sys", errno))?;
        }
        phases.push(phase("mounted"));

        pivot::enter(root.as_fd())?;
        phases.push(phase("pivoted"));

        let EmptyRoot { namespace, .. } = empty;
        drop(mounts);
        program.start(&place, root, namespace, phases)
    }

    fn enter_private_network(&self) -> Result<(), Failure> {
        match (self.blueprint.private_network, self.network) {
            (false, _) => Ok(()),
            (true, Some(namespace)) => sys::network_namespace::enter(namespace)
                .map_err(|errno| system("network", "namespace", errno)),
            (true, None) => {
                sys::interface::loopback_up().map_err(|errno| system("network", "lo", errno))
            }
        }
    }

    fn mount_sys(&self, root: BorrowedFd<'_>) -> Result<(), Failure> {
        let shared = Shared::default();
        kernel_files::mount_sys(root, Network::None, &shared, self.blueprint.cgroup_writable)
    }

    /// Covers the selected protected paths, and makes the read-only ones read-only.
    fn protect(
        &self,
        root: BorrowedFd<'_>,
        selected: impl Fn(&&String) -> bool,
    ) -> Result<(), Failure> {
        let chosen =
            |paths: &[String]| -> Vec<String> { paths.iter().filter(&selected).cloned().collect() };
        protected::mask(root, &chosen(&self.blueprint.masked_paths))?;
        protected::write_protect(root, &chosen(&self.blueprint.readonly_paths))
    }
}

/// Mounts the host's /sys until the container's network namespace is known: the kernel allows a new /sys only in a mount
/// namespace that has one.
fn keep_hosts_sys(root: BorrowedFd<'_>) -> Result<(), Failure> {
    attach::clone_path("/sys", Depth::Tree)
        .and_then(|mount| attach::restrict(mount, Attributes::empty(), Depth::Tree))
        .map_err(|errno| system("sysfs", "/sys", errno))
        .and_then(|mount| {
            attach::attach(mount.as_fd(), mount_point::ensure(root, "sys")?.as_fd())
                .map_err(|errno| system("sysfs", "/sys", errno))
        })
}

/// Moves a mount, with everything below it, to its place in the container's root.
fn move_mount(mount: &OwnedFd, root: BorrowedFd<'_>, name: &str) -> Result<(), Failure> {
    attach::attach(mount.as_fd(), mount_point::ensure(root, name)?.as_fd()).map_err(|errno| {
        match errno {
            Errno::INVAL => explained(
                FailureKind::System,
                "standard-mounts",
                format!("move /{name}: the prepared mount no longer exists"),
            ),
            _ => system("standard-mounts", name, errno),
        }
    })
}
