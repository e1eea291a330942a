//! Addresses of the containers' interfaces, which identify the sender of a packet.

use std::collections::HashMap;
use std::net::IpAddr;

use protocol::net::Endpoint;

#[derive(Debug)]
struct Holder {
    namespace: u64,
    interface: String,
}

/// Network namespaces by address.
#[derive(Debug, Default)]
pub struct ContainerAddresses(HashMap<IpAddr, Holder>);

impl ContainerAddresses {
    /// Records the addresses of an interface that a namespace gets.
    pub fn add(&mut self, namespace: u64, endpoint: &Endpoint) {
        let addresses = [Some(endpoint.ipv4.into()), endpoint.ipv6.map(IpAddr::V6)];
        for address in addresses.into_iter().flatten() {
            let interface = endpoint.interface.clone();
            let holder = Holder {
                namespace,
                interface,
            };
            self.0.insert(address, holder);
        }
    }

    pub fn remove_interface(&mut self, namespace: u64, interface: &str) {
        self.0
            .retain(|_, holder| holder.namespace != namespace || holder.interface != interface);
    }

    pub fn remove_namespace(&mut self, namespace: u64) {
        self.0.retain(|_, holder| holder.namespace != namespace);
    }

    /// Returns the namespace that has an address. A helper that took over from another one knows only the interfaces
    /// that were added since.
    pub fn namespace(&self, address: IpAddr) -> Option<u64> {
        self.0.get(&address).map(|holder| holder.namespace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(interface: &str, ipv4: [u8; 4]) -> Endpoint {
        Endpoint {
            network: "n".to_owned(),
            number: 0,
            interface: interface.to_owned(),
            mac: String::new(),
            ipv4: ipv4.into(),
            ipv6: Some("fd00::2".parse().unwrap()),
            link_local: Vec::new(),
            ipv4_route: true,
            ipv6_route: true,
        }
    }

    #[test]
    fn an_address_belongs_to_a_namespace_until_its_interface_is_removed() {
        let mut addresses = ContainerAddresses::default();
        addresses.add(1, &endpoint("eth0", [10, 0, 0, 2]));
        addresses.add(2, &endpoint("eth0", [10, 0, 0, 3]));
        addresses.add(2, &endpoint("eth1", [10, 1, 0, 3]));
        let found = |addresses: &ContainerAddresses| {
            [[10, 0, 0, 2], [10, 0, 0, 3], [10, 1, 0, 3]]
                .map(|address| addresses.namespace(address.into()))
        };
        assert_eq!(found(&addresses), [Some(1), Some(2), Some(2)]);
        addresses.remove_interface(2, "eth1");
        assert_eq!(found(&addresses), [Some(1), Some(2), None]);
        addresses.remove_namespace(2);
        assert_eq!(found(&addresses), [Some(1), None, None]);
        assert_eq!(addresses.namespace("fd00::2".parse().unwrap()), None);
    }
}
