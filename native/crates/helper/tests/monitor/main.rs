//! Guarantees of the monitor, tested with a zygote and containers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod input;
mod lifetime;
mod output;
mod requests;
#[path = "../support/mod.rs"]
mod support;
mod terminal;
