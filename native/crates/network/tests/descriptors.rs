//! The behaviour of listeners when the process has no descriptor left. The limit is the process's, so this test has a
//! process of its own.

use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, TcpStream};

use network::sockets::{self, SpareDescriptor};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

#[test]
fn connections_without_a_descriptor_are_reset_and_later_ones_accepted() {
    let spare = SpareDescriptor::default();
    let listener = sockets::listen_tcp((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let address = sockets::local_address(&listener).unwrap();
    let mut clients = [(); 3].map(|()| TcpStream::connect(address).unwrap());
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(64),
            ..limit
        },
    )
    .unwrap();
    let mut taken = Vec::new();
    while let Ok(copy) = listener.try_clone() {
        taken.push(copy);
    }
    for client in &mut clients[..2] {
        let refused = sockets::accept(&listener, &spare);
        assert_eq!(refused.map(drop), Err(Errno::MFILE));
        let error = client.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    taken.pop();
    let (_, from) = sockets::accept(&listener, &spare).unwrap().unwrap();
    assert_eq!(from, clients[2].local_addr().unwrap());
}
