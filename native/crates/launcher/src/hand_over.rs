//! Executing the Bun program.

use crate::buffer::Buffer;
use crate::kernel::{
    Descriptor, Errno, LARGEST_PROBE, Start, execute, exit, process_limit, read_link, startable,
    working_directory, write,
};

/// Name of the Bun program, in the directory of this one.
const MAIN: &[u8] = b"tbox-main";

/// Processes and threads that the Bun program starts for a command.
const FOR_COMMAND: usize = 16;
/// Processes and threads of a daemon, its helpers and a few containers.
const FOR_DAEMON: usize = LARGEST_PROBE;
/// Least limit of processes that is taken as sufficient.
const AMPLE_PROCESSES: u64 = 4096;

/// Path of the Bun program, with a final NUL.
pub type MainPath = Buffer<4200>;

/// Returns the path of the Bun program; `None` without /proc.
pub fn main_path() -> Option<MainPath> {
    let mut own = [0; 4096];
    let own = read_link(c"/proc/self/exe", &mut own).ok()?;
    let slash = own.iter().rposition(|byte| *byte == b'/')?;
    let mut path = MainPath::new();
    path.push(&own[..=slash]).push(MAIN).push(b"\0");
    path.is_complete().then_some(path)
}

/// Executes the Bun program with the arguments and the environment of this one.
pub fn hand_over(start: &Start) -> ! {
    refuse_deleted_directory();
    refuse_few_processes(start);
    if let Some(text) = main_path().as_ref().and_then(|path| path.text()) {
        let error = execute(text, start);
        let mut message = Buffer::<4400>::new();
        message.push(b"tbox: cannot execute ").push(text.to_bytes());
        message
            .push(b": error ")
            .push_number(error.0.unsigned_abs().into());
        message.push(b": reinstall tbox with all its files\n");
        let _ = write(Descriptor::STDERR, message.bytes());
    } else {
        let _ = write(
            Descriptor::STDERR,
            b"tbox: cannot find its own directory: /proc is not mounted\n",
        );
    }
    exit(125)
}

/// Ends the program in a deleted directory, where the Bun program cannot start and relative paths lead nowhere.
fn refuse_deleted_directory() {
    if working_directory(&mut [0; 4096]) == Err(Errno::NO_ENTRY) {
        let _ = write(
            Descriptor::STDERR,
            b"tbox: the working directory was deleted: change to another directory\n",
        );
        exit(125)
    }
}

/// Ends the program if the Bun program could start too few threads: it would abort without a cause that users understand.
fn refuse_few_processes(start: &Start) {
    let limit = process_limit();
    if limit >= AMPLE_PROCESSES {
        return;
    }
    let is_daemon = start.command() == Some(b"daemon");
    let needed = if is_daemon { FOR_DAEMON } else { FOR_COMMAND };
    let free = startable(needed);
    if free == needed {
        return;
    }
    let mut message = Buffer::<400>::new();
    message
        .push(b"tbox: cannot start: this user may start ")
        .push_number(free as u64)
        .push(b" more processes or threads, and tbox needs ")
        .push_number(needed as u64)
        .push(b": raise the limit (ulimit -u, now ")
        .push_number(limit)
        .push(b") or end other processes\n");
    let _ = write(Descriptor::STDERR, message.bytes());
    exit(125)
}
