//! The messages between the daemon and the helper's roles.
//!
//! Every message is one JSON text in one `SOCK_SEQPACKET` datagram; descriptors are sent with it as
//! `SCM_RIGHTS`. A text longer than [`INLINE_LIMIT`] is sent in a sealed memfd instead: the datagram
//! is then the single byte [`SPILLED`] and the memfd is the last descriptor.
//!
//! `src/native/` defines the same messages in TypeScript; the tests of both languages read `fixtures/`.

pub mod failure;
pub mod file_name;
pub mod keep_id;
pub mod launch;
pub mod monitor;
pub mod net;
pub mod work;
pub mod zygote;

/// Protocol version, raised with every change of a message. A daemon uses only a zygote of its own version.
pub const VERSION: u32 = 17;

/// Longest JSON text, in bytes, that is sent in the datagram itself.
pub const INLINE_LIMIT: usize = 64 * 1024;

/// Content of a datagram whose JSON text is in the memfd sent as the last descriptor.
pub const SPILLED: u8 = 0x01;

/// Longest JSON text accepted from a memfd, in bytes.
pub const SPILLED_LIMIT: u64 = 16 * 1024 * 1024;
