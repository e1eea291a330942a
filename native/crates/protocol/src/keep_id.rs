//! The user of a container that is the caller.

use serde::{Deserialize, Serialize};

/// Ids of a container that are mapped to the caller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeepId {
    /// A user of the container's passwd file, instead of `uid` and `gid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The user; the program's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The group; the program's, or the primary group of another user, if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gid: Option<u32>,
    /// Whether the container has never run, so that its files still have the image's owners.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_start: bool,
}
