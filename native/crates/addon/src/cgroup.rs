//! cgroup v2 directories.

use std::os::fd::IntoRawFd;
use std::path::Path;

use napi_derive::napi;
use sys::cgroup;

use crate::error::{Result, of_cgroup};

#[napi]
pub fn delegated_cgroup(proc: String) -> Result<Option<String>> {
    let path = cgroup::delegated(Path::new(&proc)).map_err(of_cgroup)?;
    Ok(path.map(|path| path.to_string_lossy().into_owned()))
}

#[napi]
pub fn create_cgroup(parent: String, child: String) -> Result<()> {
    cgroup::create(Path::new(&parent), &child).map_err(of_cgroup)
}

#[napi]
pub fn remove_cgroup(parent: String, child: String) -> Result<()> {
    cgroup::remove(Path::new(&parent), &child).map_err(of_cgroup)
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
