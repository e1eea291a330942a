//! cgroup v2 for JavaScript.

mod location;
mod tree;

use std::os::fd::IntoRawFd;
use std::path::Path;

use napi_derive::napi;
use sys::cgroup;

use crate::error::{Result, from_cgroup};

/// Returns the cgroup v2 directory of a process, or nothing where no hierarchy is mounted. `proc` is the
/// mount point of procfs.
#[napi]
pub fn cgroup_of_process(proc: String, process: u32) -> Result<Option<String>> {
    let path = location::of_process(Path::new(&proc), process).map_err(from_cgroup)?;
    Ok(path.map(|path| path.to_string_lossy().into_owned()))
}

#[napi]
pub fn is_cgroup_delegated(directory: String) -> bool {
    location::is_delegated(Path::new(&directory))
}

/// Creates a child and returns its descriptor. `settings` alternates between file names and texts.
#[napi]
pub fn prepare_cgroup(parent: String, child: String, settings: Vec<String>) -> Result<i32> {
    let settings: Vec<_> = settings
        .chunks_exact(2)
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect();
    let directory = tree::prepare(Path::new(&parent), &child, &settings).map_err(from_cgroup)?;
    Ok(directory.into_raw_fd())
}

#[napi]
pub fn cgroup_children(directory: String) -> Result<Vec<String>> {
    cgroup::children(Path::new(&directory)).map_err(from_cgroup)
}

#[napi]
pub fn create_cgroup(parent: String, child: String) -> Result<()> {
    cgroup::create(Path::new(&parent), &child).map_err(from_cgroup)
}

#[napi]
pub fn remove_cgroup(parent: String, child: String) -> Result<()> {
    tree::remove(Path::new(&parent), &child).map_err(from_cgroup)
}

#[napi]
pub fn open_cgroup(parent: String, child: String) -> Result<i32> {
    let descriptor = cgroup::open(Path::new(&parent), &child).map_err(from_cgroup)?;
    Ok(descriptor.into_raw_fd())
}

#[napi]
pub fn read_cgroup_file(directory: String, file: String) -> Result<String> {
    cgroup::read(Path::new(&directory), &file).map_err(from_cgroup)
}

#[napi]
pub fn write_cgroup_file(directory: String, file: String, text: String) -> Result<()> {
    cgroup::write(Path::new(&directory), &file, &text).map_err(from_cgroup)
}
