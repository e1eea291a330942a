//! The DNS servers of the host. resolv.conf is checked at every use, because a VPN or another network may change it at
//! any time.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use rustix::fs::stat;

/// Inode, size and modification time, which differ after every change of the file.
type Stamp = (u64, u64, i64, i64);

#[derive(Debug)]
pub struct HostResolver {
    path: PathBuf,
    stamp: Option<Stamp>,
    servers: Vec<IpAddr>,
}

impl HostResolver {
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            stamp: None,
            servers: Vec::new(),
        }
    }

    /// Returns the servers in order of preference; at least one.
    pub fn servers(&mut self) -> &[IpAddr] {
        let stamp = stat(&self.path)
            .map(|status| {
                let time = (status.st_mtime, status.st_mtime_nsec as i64);
                (status.st_ino, status.st_size as u64, time.0, time.1)
            })
            .ok();
        if stamp.is_none() || stamp != self.stamp {
            let text = std::fs::read_to_string(&self.path).unwrap_or_default();
            self.servers = parse(&text);
            self.stamp = stamp;
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

    #[test]
    fn the_servers_follow_a_replaced_file() {
        let path = std::env::temp_dir().join(format!("tbox-resolv-{}", std::process::id()));
        std::fs::write(
            &path,
            "# x\nsearch a.b\nnameserver 127.0.0.53\noptions edns0\n",
        )
        .unwrap();
        let mut resolver = HostResolver::new(&path);
        let local: IpAddr = [127, 0, 0, 53].into();
        assert_eq!(resolver.servers(), [local]);
        let other = path.with_extension("new");
        std::fs::write(
            &other,
            "nameserver 10.1.1.1\nnameserver\t::1\nnameserver what\n",
        )
        .unwrap();
        std::fs::rename(&other, &path).unwrap();
        let expected: [IpAddr; 2] = [[10, 1, 1, 1].into(), "::1".parse().unwrap()];
        assert_eq!(resolver.servers(), expected);
        std::fs::remove_file(&path).unwrap();
        let local: IpAddr = Ipv4Addr::LOCALHOST.into();
        assert_eq!(resolver.servers(), [local]);
    }
}
