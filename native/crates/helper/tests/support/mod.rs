//! A zygote of an ordinary user, and containers with a busybox root.
#![allow(dead_code)]

pub mod container;
pub mod directories;
pub mod messages;
pub mod streams;
pub mod zygote;
