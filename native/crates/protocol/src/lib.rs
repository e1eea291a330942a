//! The messages between the daemon and the helper's roles.
//!
//! Every message is one JSON text in one `SOCK_SEQPACKET` datagram, descriptors riding along as
//! `SCM_RIGHTS`. A text longer than [`INLINE_LIMIT`] travels in a sealed memfd instead: the datagram
//! is then the single byte [`SPILLED`] and the memfd is the last descriptor.
//!
//! `src/native/protocol.ts` holds the same shapes; `fixtures/` is read by the tests of both.

pub mod failure;
pub mod launch;
pub mod monitor;
pub mod net;
pub mod work;
pub mod zygote;

/// Raised whenever a message changes; a daemon speaks only to a zygote of its own version.
pub const VERSION: u32 = 10;

/// Longest JSON text, in bytes, that travels inside the datagram itself.
pub const INLINE_LIMIT: usize = 64 * 1024;

/// Content of a datagram whose JSON text travels in the memfd passed as the last descriptor.
pub const SPILLED: u8 = 0x01;

/// Longest JSON text accepted from a spilled message, in bytes.
pub const SPILLED_LIMIT: u64 = 16 * 1024 * 1024;
