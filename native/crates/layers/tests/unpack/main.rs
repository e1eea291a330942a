//! Tests of this crate as root of a user namespace.
//!
//! Every test runs in a child process in a new user namespace. Run them as an ordinary user with a range in /etc/subuid.
//! Root names such a user: `TBOX_TEST_USER=<name> cargo test -p layers`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod copying;
mod deep;
mod escapes;
mod formats;
mod growing_blob;
mod layer_content;
mod limits;
mod metadata;
mod packing;
mod removal;
mod single_id;
mod sparse;
mod support;
mod swapped;
mod throughput;
mod upper;
mod verify;
