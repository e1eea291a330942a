//! The JSON format of profiles, as Docker and Podman read it. Fields that neither knows are ignored.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// A reason to refuse a profile. The text names the line or the field.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// The message contains the line and the column.
    #[error("decoding seccomp profile failed: {0}")]
    Syntax(String),
    #[error("seccomp profile: {field}: {reason}")]
    Field { field: String, reason: String },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    #[serde(default)]
    pub default_action: String,
    pub default_errno_ret: Option<u32>,
    /// Podman's name of the errno.
    #[serde(default)]
    pub default_errno: String,
    /// Architectures besides the native one, whose calls fail in every profile.
    #[serde(default)]
    pub architectures: Option<Vec<IgnoredAny>>,
    #[serde(default)]
    pub arch_map: Option<Vec<IgnoredAny>>,
    #[serde(default)]
    pub flags: Option<Vec<String>>,
    #[serde(default)]
    pub listener_path: String,
    #[serde(default)]
    pub syscalls: Option<Vec<Call>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub names: Option<Vec<String>>,
    #[serde(default)]
    pub action: String,
    pub errno_ret: Option<u32>,
    /// Podman's name of the errno.
    #[serde(default)]
    pub errno: String,
    #[serde(default)]
    pub args: Option<Vec<Argument>>,
    #[serde(default)]
    pub includes: Option<Selection>,
    #[serde(default)]
    pub excludes: Option<Selection>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Argument {
    #[serde(default)]
    pub index: u32,
    #[serde(default)]
    pub value: u64,
    #[serde(default)]
    pub value_two: u64,
    #[serde(default)]
    pub op: String,
}

/// Containers and hosts that a rule includes or excludes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    #[serde(default)]
    pub caps: Option<Vec<String>>,
    #[serde(default)]
    pub arches: Option<Vec<String>>,
    pub min_kernel: Option<String>,
}

pub fn parse(text: &str) -> Result<Document, Error> {
    serde_json::from_str(text).map_err(|error| Error::Syntax(error.to_string()))
}

/// Returns an error about a field.
pub fn field(name: impl Into<String>, reason: impl Into<String>) -> Error {
    Error::Field {
        field: name.into(),
        reason: reason.into(),
    }
}
