//! Safe kernel calls, made through rustix, or through libc where rustix lacks one.

pub mod cgroup;
pub mod clock;
pub mod clone;
pub mod datagram;
pub mod descriptor;
mod errno;
pub mod event;
pub mod fork;
pub mod inet;
pub mod interface;
pub mod keyring;
pub mod lock;
pub mod memfd;
pub mod mounts;
pub mod namespaces;
pub mod network_namespace;
pub mod pidfd;
pub mod private_directory;
pub mod program;
pub mod seccomp;
pub mod seqpacket;
pub mod shared_poll;
pub mod signals;
pub mod stream;
pub mod terminal;
pub mod user_namespace;
pub mod watched;
