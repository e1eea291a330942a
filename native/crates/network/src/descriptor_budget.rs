//! The descriptors of the helper, divided among the kinds of traffic, so that no kind can use the descriptors of
//! another.

/// The most flows of one kind that a container may have, however many descriptors there are: each takes memory too.
const MOST_PER_CONTAINER: usize = 32_768;

/// Fewest descriptors that remain for namespaces and requests.
const RESERVED: usize = 512;

/// The descriptors for traffic.
#[derive(Debug, Clone, Copy)]
pub struct DescriptorBudget {
    listeners: usize,
    flows: usize,
}

/// The kinds of traffic, by their share. The shares add up to the whole budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    TcpRelays,
    PendingTcp,
    OutgoingUdp,
    UdpClients,
    NameQuestions,
    NameStreams,
}

impl Share {
    /// Returns the share in sixteenths, and the descriptors of one flow.
    fn parts(self) -> (usize, usize) {
        match self {
            Self::TcpRelays => (8, 2),
            Self::PendingTcp => (2, 1),
            Self::OutgoingUdp => (2, 2),
            Self::UdpClients => (2, 1),
            Self::NameQuestions => (1, 1),
            Self::NameStreams => (1, 2),
        }
    }
}

impl DescriptorBudget {
    /// Divides the descriptors of a process that may have this many open.
    pub fn new(limit: usize) -> Self {
        let listeners = limit / 4;
        Self {
            listeners,
            flows: limit.saturating_sub(RESERVED.max(limit / 8) + listeners),
        }
    }

    /// Returns how many sockets of published ports there may be.
    pub fn listeners(self) -> usize {
        self.listeners
    }

    /// Returns the limits for one kind of flow: in total, and for one container, which gets at most half of the total.
    pub fn flows(self, share: Share) -> (usize, usize) {
        let (sixteenths, descriptors) = share.parts();
        let total = (self.flows / 16 * sixteenths / descriptors).max(2);
        (total, (total / 2).min(MOST_PER_CONTAINER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_flows_together_fit_into_the_limit() {
        let all = [
            Share::TcpRelays,
            Share::PendingTcp,
            Share::OutgoingUdp,
            Share::UdpClients,
            Share::NameQuestions,
            Share::NameStreams,
        ];
        for limit in [1024, 4096, 20_000, 1 << 20] {
            let budget = DescriptorBudget::new(limit);
            let used = all.map(|share| budget.flows(share).0 * share.parts().1);
            let used: usize = used.into_iter().sum();
            let used = used + budget.listeners();
            assert!(used + RESERVED <= limit, "{used} of {limit}");
        }
    }

    #[test]
    fn one_container_leaves_half_of_each_kind_to_the_others() {
        let budget = DescriptorBudget::new(20_000);
        let (total, own) = budget.flows(Share::TcpRelays);
        assert_eq!(own, total / 2);
        assert_eq!(
            DescriptorBudget::new(1 << 24).flows(Share::TcpRelays).1,
            32_768
        );
    }
}
