//! Network namespaces that were created before a container needs them, and the traces of their uses.

use std::os::fd::OwnedFd;

use sys::network_namespace::read_traces;

/// Files that tell whether a network namespace was used, with their text before the first use.
#[derive(Debug)]
pub struct Traces {
    files: Vec<OwnedFd>,
    unused: Vec<u8>,
}

impl Traces {
    /// Returns the traces of an unused namespace; `None` if they cannot be read.
    pub fn of(files: Vec<OwnedFd>) -> Option<Self> {
        let unused = read_traces(&files).filter(|text| !text.is_empty())?;
        Some(Self { files, unused })
    }

    /// Returns whether everything that a use would have changed is as it was. Multicast packets that arrived for nobody
    /// change nothing.
    pub fn are_unchanged(&mut self) -> bool {
        let Some(now) = read_traces(&self.files) else {
            return false;
        };
        let unchanged =
            now == self.unused || without_arrivals(&now) == without_arrivals(&self.unused);
        if unchanged {
            self.unused = now;
        }
        unchanged
    }
}

/// Counters of IPv6 packets that arrived, whether or not anybody received them. `Ip6InDelivers` counts the received ones.
const ARRIVALS: [&str; 5] = [
    "Ip6InReceives",
    "Ip6InOctets",
    "Ip6InMcastPkts",
    "Ip6InMcastOctets",
    "Ip6InNoECTPkts",
];

/// Returns the traces without the counters of packets that arrived at an interface of a bridge. A packet for somebody
/// changes another counter, too.
fn without_arrivals(traces: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(traces);
    let lines = text.lines().filter(|line| {
        let name = line.split_whitespace().next();
        !name.is_some_and(|name| ARRIVALS.contains(&name))
    });
    lines.map(without_received).collect()
}

/// Number of the columns about received packets in /proc/net/dev.
const RECEIVED_COLUMNS: usize = 8;

/// Returns a line of /proc/net/dev about an interface other than loopback without what it has received, and any other line as
/// it is.
fn without_received(line: &str) -> String {
    match line.split_once(':') {
        Some((name, columns)) if name.trim_start().starts_with("eth") => {
            let sent: Vec<&str> = columns.split_whitespace().skip(RECEIVED_COLUMNS).collect();
            format!("{name}:{}", sent.join(" "))
        }
        _ => line.to_owned(),
    }
}

/// An empty network namespace whose loopback interface is up.
#[derive(Debug)]
pub struct PreparedNetwork {
    pub namespace: OwnedFd,
    /// `None` for a namespace that serves one container only.
    pub traces: Option<Traces>,
}

impl PreparedNetwork {
    /// Returns the network of a preparer's message, which has the namespace and its traces.
    pub fn of(descriptors: Vec<OwnedFd>) -> Option<Self> {
        let mut descriptors = descriptors.into_iter();
        Some(Self {
            namespace: descriptors.next()?,
            traces: Traces::of(descriptors.collect()),
        })
    }
}

/// The network namespace that the zygote holds for a container.
#[derive(Debug)]
pub enum HeldNetwork {
    Prepared(PreparedNetwork),
    /// A namespace of the net helper, by its number, with its traces. The zygote holds its descriptor until the helper
    /// releases it.
    OnBridges(u64, Traces),
}

impl HeldNetwork {
    /// Closes the traces, so that the namespace serves no other container.
    pub fn without_traces(self) -> Option<Self> {
        match self {
            Self::Prepared(PreparedNetwork { namespace, .. }) => {
                Some(Self::Prepared(PreparedNetwork {
                    namespace,
                    traces: None,
                }))
            }
            Self::OnBridges(..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of the traces, with these columns of eth0.
    fn traces(received: u32, sent: u32, delivered: u32) -> Vec<u8> {
        format!(
            "Inter-|   Receive  |  Transmit\n    lo:       0       0    0\n  \
             eth0: {received}       1    0    0    0     0          0         0      \
             {sent}       3    0    0    0     0       0          0\n\
             Ip: Forwarding InReceives\nIp: 2 0\n\
             Ip6InReceives                   \t{received}\n\
             Ip6InDelivers                   \t{delivered}\n"
        )
        .into_bytes()
    }

    #[test]
    fn only_packets_that_were_sent_or_received_are_a_use() {
        let before = without_arrivals(&traces(90, 330, 0));
        assert_eq!(without_arrivals(&traces(180, 330, 0)), before);
        assert_ne!(without_arrivals(&traces(90, 440, 0)), before);
        assert_ne!(without_arrivals(&traces(90, 330, 1)), before);
        let text = String::from_utf8(traces(90, 330, 0)).unwrap();
        let looped = text.replace("lo:       0", "lo:      84");
        assert_ne!(without_arrivals(looped.as_bytes()), before);
        let arrived = text.replace("Ip: 2 0", "Ip: 2 1");
        assert_ne!(without_arrivals(arrived.as_bytes()), before);
    }
}
