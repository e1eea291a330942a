//! Unpacking, removing and measuring in a real user namespace.
//!
//! Every test runs in a child of its own that is root in a fresh user namespace. Run as an ordinary
//! user with a range in /etc/subuid; root names one: `TBOX_TEST_USER=<name> cargo test -p layers`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod arriving;
mod cases;
mod escapes;
mod limits;
mod metadata;
mod names;
mod removal;
mod single;
mod sparse;
mod support;
mod throughput;
mod verify;
