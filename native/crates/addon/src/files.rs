//! File locks, named pipes, byte streams, private sockets and clocks.

use std::ffi::OsStr;
use std::os::fd::{AsFd, IntoRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use sys::new_directory::{self, Entry};
use sys::{datagram, descriptor, fifo, lock, pidfd, private_directory, stream};

use crate::error::{Result, from_lock, from_private_directory, system};

/// Locks a file. Returns a descriptor that holds the lock until it is closed, or nothing if the lock is held
/// already.
#[napi]
pub fn lock_file(directory: String, name: String) -> Result<Option<i32>> {
    let directory =
        descriptor::open_directory(Path::new(&directory)).map_err(system("open directory"))?;
    let held = lock::try_exclusive(directory.as_fd(), &name).map_err(from_lock)?;
    Ok(held.map(IntoRawFd::into_raw_fd))
}

/// Locks a directory like a file. The lock holds even if files of the directory are removed.
#[napi]
pub fn lock_directory(directory: String) -> Result<Option<i32>> {
    let directory =
        descriptor::open_directory(Path::new(&directory)).map_err(system("open directory"))?;
    let held = lock::try_exclusive_directory(directory.as_fd()).map_err(from_lock)?;
    Ok(held.map(IntoRawFd::into_raw_fd))
}

/// Opens a directory that only `user` can enter; creates it if it is missing. Fails with EPERM for a link and for a
/// directory that is open to others or belongs to another user.
#[napi]
pub fn open_private_directory(path: String, user: u32) -> Result<i32> {
    private_directory::open(Path::new(&path), user)
        .map(IntoRawFd::into_raw_fd)
        .map_err(from_private_directory)
}

/// Returns the ID of the process that listens on the other end of a Unix socket. Fails with EPERM unless it belongs to
/// `user`.
#[napi]
pub fn check_peer(socket: i32, user: u32) -> Result<i32> {
    let socket = descriptor::duplicate(socket).map_err(system("dup"))?;
    private_directory::check_peer(socket.as_fd(), user)
        .map(|process| process.as_raw_nonzero().get())
        .map_err(from_private_directory)
}

/// Creates the directory of a container: the directories of its overlay, and `files`, an alternating list of names and
/// texts.
#[napi]
pub fn create_container_directory(path: String, files: Vec<String>) -> Result<()> {
    // The upper directory becomes the root of the container, and users other than root must be able to traverse it.
    let mut entries = vec![
        Entry::Directory {
            name: "upper",
            mode: 0o755,
        },
        Entry::Directory {
            name: "work",
            mode: 0o700,
        },
    ];
    entries.extend(files.chunks_exact(2).map(|file| Entry::File {
        name: &file[0],
        content: &file[1],
    }));
    new_directory::create(Path::new(&path), &entries).map_err(system("create directory"))
}

/// Renames the directory of an ended container, and writes `files` as [`create_container_directory`] does.
#[napi]
pub fn renew_container_directory(from: String, to: String, files: Vec<String>) -> Result<()> {
    let files: Vec<(&str, &str)> = files
        .chunks_exact(2)
        .map(|file| (file[0].as_str(), file[1].as_str()))
        .collect();
    new_directory::renew(Path::new(&from), Path::new(&to), &files)
        .map_err(system("rename directory"))
}

/// Creates a named pipe that only the user can open. The path need not be UTF-8.
#[napi]
pub fn create_fifo(path: Buffer) -> Result<()> {
    fifo::create(Path::new(OsStr::from_bytes(&path))).map_err(system("mknod"))
}

/// Sends a datagram to a Unix socket without waiting.
#[napi]
pub fn send_datagram(path: String, bytes: Buffer) -> Result<()> {
    datagram::send(Path::new(&path), &bytes).map_err(system("sendto"))
}

/// Returns two connected sockets. Only the first is non-blocking. About `buffer` bytes fit between the second and the
/// first.
#[napi]
pub fn stream_pair(buffer: u32) -> Result<Vec<i32>> {
    let (first, second) = stream::pair(buffer as usize).map_err(system("socketpair"))?;
    Ok(vec![first.into_raw_fd(), second.into_raw_fd()])
}

/// Returns the Unix sockets of this process whose other end has not read everything, each followed by the memory of the
/// unread data.
#[napi]
pub fn unread_streams() -> Result<Vec<i32>> {
    let found = stream::unread().map_err(system("read /proc/self/fd"))?;
    Ok(found
        .into_iter()
        .flat_map(|(socket, memory)| [socket, memory])
        .collect())
}

/// Switches the output processing of a terminal, which turns a line feed into carriage return and line feed.
#[napi]
pub fn set_output_processing(terminal: i32, on: bool) -> Result<()> {
    let terminal = descriptor::duplicate(terminal).map_err(system("dup"))?;
    sys::terminal::set_output_processing(terminal.as_fd(), on).map_err(system("tcsetattr"))
}

/// Returns the start time of a process in clock ticks since boot; nothing if it does not exist.
#[napi]
pub fn process_start_time(pid: u32) -> Option<f64> {
    pidfd::start_time(pid).map(|ticks| ticks as f64)
}

/// Releases the memory of the program's code and scripts. The kernel loads them again when they are used.
#[napi]
pub fn release_code() -> Result<()> {
    sys::own_code::release().map_err(system("madvise"))
}

/// Returns CLOCK_REALTIME as seconds and nanoseconds.
#[napi]
pub fn wall_clock() -> Vec<i64> {
    let time = sys::clock::wall();
    vec![time.seconds, time.nanoseconds]
}

/// Returns CLOCK_MONOTONIC in nanoseconds, exact for the first hundred days after boot. The helper uses the same
/// clock.
#[napi]
pub fn monotonic() -> f64 {
    sys::clock::monotonic().in_nanoseconds() as f64
}
