//! The DNS servers of the host. A VPN or another network may change them at any time.

use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

/// Longest time for which a changed resolv.conf is not seen.
const REFRESH: Duration = Duration::from_millis(100);

/// Reads the host's resolv.conf.
pub trait ResolvConf: Debug {
    /// Returns the text, empty if the file is missing; `None` if it is unknown.
    fn read(&mut self) -> Option<String>;
}

#[derive(Debug)]
pub struct HostResolver {
    file: Box<dyn ResolvConf>,
    read: Option<Instant>,
    servers: Vec<IpAddr>,
}

impl HostResolver {
    pub fn new(file: Box<dyn ResolvConf>) -> Self {
        Self {
            file,
            read: None,
            servers: parse(""),
        }
    }

    /// Returns the servers in order of preference; at least one.
    pub fn servers(&mut self, now: Instant) -> &[IpAddr] {
        let is_recent = |read: Instant| now.saturating_duration_since(read) < REFRESH;
        if !self.read.is_some_and(is_recent) {
            self.read = Some(now);
            if let Some(text) = self.file.read() {
                self.servers = parse(&text);
            }
        }
        &self.servers
    }
}

fn parse(text: &str) -> Vec<IpAddr> {
    let servers: Vec<IpAddr> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some("nameserver")).then(|| words.next()?.parse().ok())?
        })
        .collect();
    match servers.is_empty() {
        // The default of resolv.conf(5).
        true => vec![Ipv4Addr::LOCALHOST.into()],
        false => servers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    #[derive(Debug)]
    struct Texts(VecDeque<Option<&'static str>>);

    impl ResolvConf for Texts {
        fn read(&mut self) -> Option<String> {
            self.0.pop_front()?.map(str::to_owned)
        }
    }

    #[test]
    fn the_servers_follow_the_file_and_stay_while_it_is_unknown() {
        let texts = [
            Some("# x\nsearch a.b\nnameserver 127.0.0.53\noptions edns0\n"),
            Some("nameserver 10.1.1.1\nnameserver\t::1\nnameserver what\n"),
            None,
            Some(""),
        ];
        let mut resolver = HostResolver::new(Box::new(Texts(texts.into())));
        let start = Instant::now();
        let stub: IpAddr = [127, 0, 0, 53].into();
        assert_eq!(resolver.servers(start), [stub]);
        assert_eq!(resolver.servers(start + REFRESH / 2), [stub]);
        let changed: [IpAddr; 2] = [[10, 1, 1, 1].into(), "::1".parse().unwrap()];
        assert_eq!(resolver.servers(start + REFRESH), changed);
        assert_eq!(resolver.servers(start + REFRESH * 2), changed);
        let local: IpAddr = Ipv4Addr::LOCALHOST.into();
        assert_eq!(resolver.servers(start + REFRESH * 3), [local]);
    }
}
