//! Re-executes the helper from a sealed copy in memory.

use std::convert::Infallible;
use std::ffi::CString;
use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;

use protocol::failure::{Failure, FailureKind};
use sys::{fork, memfd, signals};

/// Executes a copy of this program from a sealed memory file, unless the process already runs from one. The copy starts
/// with an empty environment, with descriptors 0 to 2 only, and with no signal blocked or ignored except SIGPIPE. A
/// container that opens the helper's program through /proc therefore gets a file that no process can write.
pub fn ensure_sealed() -> Result<(), Failure> {
    let program =
        File::open("/proc/self/exe").map_err(|error| explain("open /proc/self/exe", error))?;
    if memfd::is_sealed(program.as_fd()) && std::env::vars_os().next().is_none() {
        return Ok(());
    }
    match reexecute(program)? {}
}

fn reexecute(program: File) -> Result<Infallible, Failure> {
    let copy = memfd::sealed_program("tbox-helper", program)
        .map_err(|error| explain("copy the program", error))?;
    signals::reset().map_err(|error| explain("reset the signals", error))?;
    fork::close_others_on_exec().map_err(|error| explain("close_range", error))?;
    let arguments: Result<Vec<CString>, _> = std::env::args_os()
        .map(|text| CString::new(text.into_vec()))
        .collect();
    let arguments = arguments.map_err(|error| explain("arguments", error))?;
    let arguments: Vec<_> = arguments.iter().map(CString::as_c_str).collect();
    fork::execute(copy.as_fd(), &arguments, &[]).map_err(|error| {
        explain(
            "execute the copy in memory (vm.memfd_noexec must not be 2)",
            error,
        )
    })
}

fn explain(action: &str, error: impl std::fmt::Display) -> Failure {
    Failure::new(FailureKind::System, "protect", format!("{action}: {error}"))
}
