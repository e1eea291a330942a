use super::*;
use std::net::{TcpListener, UdpSocket};

use protocol::net::PortRequest;

fn request(port: u16, protocol: Protocol) -> PortRequest {
    PortRequest {
        protocol,
        addresses: vec![Ipv4Addr::LOCALHOST.into()],
        first: port,
        last: port,
        container_port: 80,
    }
}

#[test]
fn published_ports_leave_descriptors_to_the_traffic() {
    let poll = Poll::create().unwrap();
    let mut ports = PublishedPorts::new(true, DescriptorBudget::new(1024));
    let publication = |namespace, count| Publication {
        namespace,
        ipv4: Some(Ipv4Addr::LOCALHOST),
        ipv6: None,
        ports: vec![request(0, Protocol::Udp); count],
    };
    ports.publish(&poll, &publication(1, 200)).unwrap();
    let error = ports.publish(&poll, &publication(2, 57)).unwrap_err();
    assert_eq!(error.errno, Errno::MFILE);
    assert_eq!(ports.namespaces(), [1]);
    ports.publish(&poll, &publication(2, 56)).unwrap();
}

#[test]
fn no_port_is_published_when_one_of_them_is_taken() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let poll = Poll::create().unwrap();
    let mut ports = PublishedPorts::new(true, DescriptorBudget::new(4096));
    let free = request(0, Protocol::Tcp);
    let blocked = request(port, Protocol::Udp);
    let publication = Publication {
        namespace: 1,
        ipv4: Some(Ipv4Addr::LOCALHOST),
        ipv6: None,
        ports: vec![free.clone(), blocked],
    };
    ports.publish(&poll, &publication).unwrap_err();
    assert!(ports.namespaces().is_empty());
    let publication = Publication {
        ports: vec![free],
        ..publication
    };
    let published = ports.publish(&poll, &publication).unwrap();
    assert_eq!(ports.namespaces(), [1]);
    ports.unpublish(1);
    TcpListener::bind(("127.0.0.1", published[0].port)).unwrap();
}
