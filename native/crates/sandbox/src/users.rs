//! Users and groups inside a container.

pub(crate) mod accounts;
pub mod copy_owner;
pub(crate) mod id_map;
