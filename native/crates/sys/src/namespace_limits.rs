//! The limits for namespaces of the process's own user namespace. All containers share that user namespace, and root of one
//! with `--privileged` can lower them.

use std::fs::OpenOptions;
use std::io::Write;

use rustix::io::Errno;

const KINDS: [&str; 8] = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];
const GREATEST: &[u8] = b"2147483647";

/// Performs an operation that creates namespaces. If a limit refuses it, raises the limits and tries once more. Limits of the
/// user namespaces above, which the host's administrator sets, stay in force.
pub fn within<T>(mut create: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    match create() {
        Err(Errno::NOSPC) => {
            raise();
            create()
        }
        result => result,
    }
}

fn raise() {
    for kind in KINDS {
        let path = format!("/proc/sys/user/max_{kind}_namespaces");
        // A kernel may lack a kind. The second attempt fails if a limit stays.
        let _ = OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|mut file| file.write_all(GREATEST));
    }
}
