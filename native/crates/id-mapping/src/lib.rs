//! The id mapping of the user namespace: `inspect` collects the facts, `plan` decides without side effects, `apply`
//! writes the mapping, and `diagnosis` explains why a machine refuses user namespaces.

pub mod accounts;
pub mod apply;
pub mod diagnosis;
pub mod inspect;
pub mod plan;
pub mod ranges;
