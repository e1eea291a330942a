//! The tasks of the zygote's forks.

use std::os::fd::OwnedFd;

use protocol::zygote::Mapping;
use sandbox::host::Host;

use crate::monitor::exec::Exec;
use crate::monitor::launch::Launch;
use crate::net::inheritance::NetHelperStart;
use crate::worker;
use crate::zygote::preparer::Preparation;
use crate::zygote::standby_monitor::Standby;

/// The result of the loop: the zygote has ended, or this process is a fork with a task.
pub enum Outcome {
    Ended,
    Monitor {
        host: Host,
        launch: Launch,
    },
    /// A monitor that waits for its work.
    StandbyMonitor {
        host: Host,
        standby: Standby,
    },
    Preparer {
        host: Host,
        preparation: Preparation,
    },
    Exec {
        host: Host,
        exec: Exec,
    },
    NetHelper {
        mapping: Mapping,
        start: NetHelperStart,
    },
    Worker {
        host: Host,
        store: OwnedFd,
        mapping: Mapping,
        job: Box<worker::Job>,
    },
}

/// The task of a fork.
pub enum Task {
    Monitor(Launch),
    /// A monitor that waits for its work.
    StandbyMonitor(Standby),
    Preparer(Preparation),
    Exec(Exec),
    NetHelper {
        /// The helper's end of the channel to the zygote.
        zygote: OwnedFd,
        daemon: OwnedFd,
    },
    Worker(Box<worker::Job>),
}
