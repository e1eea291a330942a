//! The request to run a command line: see `src/api/streams/command-stream.ts`.

use core::ffi::CStr;

use crate::buffer::Buffer;
use crate::frames::{REQUEST, header};
use crate::hand_over::main_path;
use crate::kernel::{self, Descriptor, FileIdentity, Start};

/// Facts about this process; the strings of command line and environment follow.
type Facts = Buffer<8192>;

/// Sends the request. Returns `None` if the request cannot express the state of this process.
pub fn send(start: &Start, socket: Descriptor) -> Option<()> {
    let strings = start.strings()?;
    let facts = facts(start)?;
    let length = facts.bytes().len() + strings.len();
    let mut head = Buffer::<8200>::new();
    head.push(&header(REQUEST, length)).push(facts.bytes());
    kernel::send(socket, [head.bytes(), strings]).ok()
}

fn facts(start: &Start) -> Option<Facts> {
    let mut facts = Facts::new();
    push_identity(&mut facts, &kernel::status(main_path()?.text()?).ok()?);
    push_link(&mut facts, c"/proc/self/ns/mnt")?;
    push_link(&mut facts, c"/proc/self/ns/user")?;
    let mut directory = [0; 4096];
    facts.push(kernel::working_directory(&mut directory).ok()?);
    for stream in [Descriptor::STDOUT, Descriptor::STDERR] {
        if kernel::is_terminal(stream) {
            facts.push_number(stream.number());
        }
    }
    facts.push(b"\0");
    facts
        .push_number(start.arguments().count() as u64)
        .push(b"\0");
    facts.is_complete().then_some(facts)
}

/// Appends the identity of the Bun program. The daemon must be the same program.
fn push_identity(facts: &mut Facts, file: &FileIdentity) {
    let seconds = file.modified_seconds.unsigned_abs();
    let numbers = [
        u64::from(file.device_major),
        u64::from(file.device_minor),
        file.inode,
        file.size,
        seconds,
        u64::from(file.modified_nanoseconds),
    ];
    for number in numbers {
        facts.push_number(number).push(b" ");
    }
    facts.push(b"\0");
}

fn push_link(facts: &mut Facts, path: &CStr) -> Option<()> {
    let mut target = [0; 64];
    facts
        .push(kernel::read_link(path, &mut target).ok()?)
        .push(b"\0");
    Some(())
}
