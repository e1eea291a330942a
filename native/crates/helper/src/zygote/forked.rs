//! The parts of the zygote's state that each fork takes along.

use sys::fork;

use crate::zygote::server::Zygote;
use crate::zygote::standby_monitor::Standby;
use crate::zygote::tasks::{Outcome, Task};

impl Zygote {
    /// Takes what a fork needs for its task out of the zygote's state, and closes everything else.
    pub fn into_outcome(self, task: Task) -> Outcome {
        match task {
            Task::Monitor(launch) => Outcome::Monitor {
                host: self.host,
                launch,
            },
            Task::StandbyMonitor(standby) => self.into_standby_monitor(standby),
            Task::Preparer(preparation) => Outcome::Preparer {
                host: self.host,
                preparation,
            },
            Task::Exec(exec) => Outcome::Exec {
                host: self.host,
                exec,
            },
            Task::NetHelper { zygote, daemon } => Outcome::NetHelper {
                mapping: self.mapping,
                start: self.net_helper.into_start(zygote, self.run, daemon),
            },
            Task::Worker(job) => Outcome::Worker {
                host: self.host,
                store: self.store,
                mapping: self.mapping,
                job,
            },
        }
    }

    /// Closes and forgets the zygote's state: freeing it would copy the memory that this process shares with the zygote.
    fn into_standby_monitor(self, standby: Standby) -> Outcome {
        let Self {
            host,
            store,
            run,
            mapping,
            poll,
            signals,
            listener,
            lock,
            connections,
            children,
            prepared,
            net_helper,
            shared,
            ..
        } = self;
        let watched = (poll, signals, listener, connections);
        let held = (store, run, lock, shared, mapping);
        let mut kept = standby.descriptors();
        kept.extend(host.descriptors());
        fork::abandon((watched, held, children, prepared, net_helper), &kept);
        Outcome::StandbyMonitor { host, standby }
    }
}
