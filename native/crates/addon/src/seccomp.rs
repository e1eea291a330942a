//! Seccomp profiles of users.

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use rustix::io::Errno;
use seccomp::{Architecture, Profile, Target};

use crate::error::{Result, coded};

/// A BPF program in the kernel's format, and the flags of its installation.
#[napi(object)]
pub struct SeccompFilter {
    pub program: Buffer,
    pub flags: u32,
}

/// Compiles a profile in Docker's or Podman's format for a container with these capabilities, without `CAP_`. Returns
/// `None` for an empty profile, which means no filter. Fails with EINVAL and a text that names the line or the field.
#[napi]
pub fn compile_seccomp(
    profile: String,
    capabilities: Vec<String>,
) -> Result<Option<SeccompFilter>> {
    let target = Target {
        architecture: Architecture::NATIVE,
        has: &|name| capabilities.iter().any(|one| one == name),
        kernel: kernel(),
    };
    let compiled = Profile::parse(&profile)
        .and_then(|profile| profile.compile(&target))
        .map_err(|error| coded(Errno::INVAL, error.to_string()))?;
    Ok(compiled.map(|compiled| SeccompFilter {
        program: sys::seccomp::to_bytes(&compiled.filter).into(),
        flags: compiled.flags,
    }))
}

/// Returns the major and minor version of the kernel.
fn kernel() -> (u32, u32) {
    let name = rustix::system::uname();
    let release = name.release().to_string_lossy();
    let mut numbers = release
        .split(|character: char| !character.is_ascii_digit())
        .filter_map(|text| text.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}
