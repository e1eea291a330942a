//! Event tokens of the helper's own descriptors.

use network::event_token::{EventSource, EventToken};

pub const ZYGOTE: u64 = 0;
pub const WORKER: u64 = 1;
pub const NEXT_ZYGOTE: u64 = 2;
/// Daemons have this index and the following ones.
pub const FIRST_DAEMON: u64 = 3;

/// Returns the token of a descriptor of the helper itself.
pub fn helper_token(index: u64) -> u64 {
    EventToken::single(EventSource::Helper, index)
}
