//! Guarantees of the zygote, tested with a real one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod containers;
mod kept_overlays;
mod measure;
mod processes;
mod ready;
mod requests;
mod start;
#[path = "../support/mod.rs"]
mod support;
