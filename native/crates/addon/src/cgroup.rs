//! cgroup v2 directories.

use std::os::fd::IntoRawFd;
use std::path::Path;

use napi_derive::napi;
use sys::cgroup;

use crate::error::{Result, of_cgroup};

#[napi]
pub fn cgroup_of_process(proc: String, process: u32) -> Result<Option<String>> {
    let path = cgroup::directory_of(Path::new(&proc), process).map_err(of_cgroup)?;
    Ok(path.map(|path| path.to_string_lossy().into_owned()))
}

#[napi]
pub fn is_cgroup_delegated(directory: String) -> bool {
    cgroup::is_delegated(Path::new(&directory))
}

/// The settings are files and texts in turn.
#[napi]
pub fn prepare_cgroup(parent: String, child: String, settings: Vec<String>) -> Result<i32> {
    let settings: Vec<_> = settings
        .chunks_exact(2)
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect();
    let directory = cgroup::prepare(Path::new(&parent), &child, &settings).map_err(of_cgroup)?;
    Ok(directory.into_raw_fd())
}

#[napi]
pub fn cgroup_children(directory: String) -> Result<Vec<String>> {
    cgroup::children(Path::new(&directory)).map_err(of_cgroup)
}

#[napi]
pub fn create_cgroup(parent: String, child: String) -> Result<()> {
    cgroup::create(Path::new(&parent), &child).map_err(of_cgroup)
}

#[napi]
pub fn remove_cgroup(parent: String, child: String) -> Result<()> {
    cgroup::remove_tree(Path::new(&parent), &child).map_err(of_cgroup)
}

#[napi]
pub fn open_cgroup(parent: String, child: String) -> Result<i32> {
    let descriptor = cgroup::open(Path::new(&parent), &child).map_err(of_cgroup)?;
    Ok(descriptor.into_raw_fd())
}

#[napi]
pub fn read_cgroup_file(directory: String, file: String) -> Result<String> {
    cgroup::read(Path::new(&directory), &file).map_err(of_cgroup)
}

#[napi]
pub fn write_cgroup_file(directory: String, file: String, text: String) -> Result<()> {
    cgroup::write(Path::new(&directory), &file, &text).map_err(of_cgroup)
}
