//! The containers' name server. It answers for the containers of the same networks and forwards all other questions.

pub mod host_resolver;
mod message;
mod question;
mod questions;
pub mod server;
mod streams;
mod table;
mod upstream;

/// The port of DNS servers.
const PORT: u16 = 53;
