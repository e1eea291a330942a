//! Safe kernel calls: over rustix where it has one, over libc where it lacks one.
pub mod cgroup;
pub mod descriptor;
pub mod event;
pub mod fork;
pub mod lock;
pub mod memfd;
pub mod pidfd;
pub mod seqpacket;
pub mod shared_poll;
pub mod signals;
pub mod stream;
pub mod user_namespace;
