//! Which ids exist inside the user namespace, and how they come to be there.

pub mod accounts;
pub mod apply;
pub mod diagnosis;
pub mod inspect;
pub mod plan;
pub mod ranges;
