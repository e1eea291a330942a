//! Reading, writing, waiting, and facts about files.

use core::ffi::CStr;

use super::call::{Errno, call, number};
use super::descriptor::{CURRENT_DIRECTORY, Descriptor};

/// Reads available bytes; 0 is the end of the file.
pub fn read(from: Descriptor, buffer: &mut [u8]) -> Result<usize, Errno> {
    let arguments = [from.argument(), buffer.as_mut_ptr() as usize, buffer.len()];
    // SAFETY: the kernel writes at most the buffer's length.
    unsafe { call(number::READ, arguments) }
}

/// Writes bytes; returns how many the kernel took.
pub fn write(to: Descriptor, bytes: &[u8]) -> Result<usize, Errno> {
    let arguments = [to.argument(), bytes.as_ptr() as usize, bytes.len()];
    // SAFETY: the kernel reads at most the slice's length.
    unsafe { call(number::WRITE, arguments) }
}

/// A descriptor to wait for (`struct pollfd`).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Wait {
    descriptor: i32,
    events: i16,
    returned: i16,
}

layout!(Wait, "linux/poll.h: struct pollfd", 8, events = "events" at 4, returned = "revents" at 6);

const READABLE: i16 = 1;
const WRITABLE: i16 = 4;

impl Wait {
    /// Returns an entry that the kernel skips.
    pub const NONE: Self = Self {
        descriptor: -1,
        events: 0,
        returned: 0,
    };

    pub fn to_read(descriptor: Descriptor) -> Self {
        Self {
            descriptor: descriptor.0,
            events: READABLE,
            returned: 0,
        }
    }

    pub fn to_write(descriptor: Descriptor) -> Self {
        Self {
            events: WRITABLE,
            ..Self::to_read(descriptor)
        }
    }

    pub fn also_to_write(self, wanted: bool) -> Self {
        let more = if wanted { WRITABLE } else { 0 };
        Self {
            events: self.events | more,
            ..self
        }
    }

    /// Returns whether the descriptor is ready, also for an error or a hang-up, which the next call reports.
    pub fn ready(&self) -> bool {
        self.returned & !WRITABLE != 0
    }

    pub fn writable(&self) -> bool {
        self.returned & WRITABLE != 0
    }
}

/// Waits until one of the descriptors is ready. Returns false when the time limit, in seconds, is over.
pub fn poll(waits: &mut [Wait], limit: Option<i64>) -> Result<bool, Errno> {
    // `struct timespec`
    let limit = limit.map(|seconds| [seconds, 0]);
    let time = limit
        .as_ref()
        .map_or(0, |time| core::ptr::from_ref(time) as usize);
    let arguments = [waits.as_mut_ptr() as usize, waits.len(), time];
    // SAFETY: the kernel reads and writes the entries, and reads the time; the missing arguments mean no mask.
    unsafe { call(number::PPOLL, arguments) }.map(|ready| ready > 0)
}

/// Facts that identify a version of a file, and its access rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileIdentity {
    pub device_major: u32,
    pub device_minor: u32,
    pub inode: u64,
    pub size: u64,
    pub modified_seconds: i64,
    pub modified_nanoseconds: u32,
    pub mode: u16,
    pub owner: u32,
}

/// The beginning of `struct statx`; the kernel writes 256 bytes.
#[repr(C)]
#[derive(Default)]
struct Statx {
    head: [u32; 4],
    links: u32,
    owner: u32,
    group: u32,
    mode: u16,
    spare: u16,
    inode: u64,
    size: u64,
    blocks: u64,
    attributes_mask: u64,
    times: [(i64, u32, i32); 4],
    special: [u32; 2],
    device: [u32; 2],
    rest: [u64; 14],
}

layout!(Statx, "linux/stat.h: struct statx", 256, owner = "stx_uid" at 20, mode = "stx_mode" at 28, inode = "stx_ino" at 32,
    size = "stx_size" at 40, times = "stx_atime" at 64, special = "stx_rdev_major" at 128, device = "stx_dev_major" at 136);

/// `STATX_BASIC_STATS`
const BASIC: usize = 0x7ff;

/// Returns facts about the file at a path, following links.
pub fn status(path: &CStr) -> Result<FileIdentity, Errno> {
    status_at(CURRENT_DIRECTORY, path, 0)
}

/// Returns facts about an open file.
pub fn status_of(descriptor: Descriptor) -> Result<FileIdentity, Errno> {
    /// `AT_EMPTY_PATH`
    const ITSELF: usize = 0x1000;
    status_at(descriptor.argument(), c"", ITSELF)
}

/// Opens a directory as a place for paths, not for reading.
pub fn open_directory(path: &CStr) -> Result<Descriptor, Errno> {
    /// `O_PATH | O_DIRECTORY | O_CLOEXEC`
    const PLACE: usize = if cfg!(target_arch = "aarch64") {
        0o12_040_000
    } else {
        0o12_200_000
    };
    let arguments = [CURRENT_DIRECTORY, path.as_ptr() as usize, PLACE];
    // SAFETY: the path ends with NUL.
    unsafe { call(number::OPENAT, arguments) }.and_then(Descriptor::opened)
}

/// Opens a file for reading.
pub fn open_file(path: &CStr) -> Result<Descriptor, Errno> {
    /// `O_RDONLY | O_CLOEXEC`
    const READING: usize = 0o2_000_000;
    let arguments = [CURRENT_DIRECTORY, path.as_ptr() as usize, READING];
    // SAFETY: the path ends with NUL.
    unsafe { call(number::OPENAT, arguments) }.and_then(Descriptor::opened)
}

fn status_at(directory: usize, path: &CStr, flags: usize) -> Result<FileIdentity, Errno> {
    let mut found = Statx::default();
    let place = &raw mut found as usize;
    let arguments = [directory, path.as_ptr() as usize, flags, BASIC, place];
    // SAFETY: the path ends with NUL, and `Statx` has the 256 bytes that the kernel writes.
    unsafe { call(number::STATX, arguments) }?;
    let (modified_seconds, modified_nanoseconds, _) = found.times[3];
    Ok(FileIdentity {
        device_major: found.device[0],
        device_minor: found.device[1],
        inode: found.inode,
        size: found.size,
        modified_seconds,
        modified_nanoseconds,
        mode: found.mode,
        owner: found.owner,
    })
}

/// Returns whether a descriptor belongs to a terminal.
pub fn is_terminal(descriptor: Descriptor) -> bool {
    /// `TCGETS`
    const GET_SETTINGS: usize = 0x5401;
    let mut settings = [0u64; 8];
    let arguments = [
        descriptor.argument(),
        GET_SETTINGS,
        settings.as_mut_ptr() as usize,
    ];
    // SAFETY: the kernel writes its `struct termios`, 36 bytes, which fit.
    unsafe { call(number::IOCTL, arguments) }.is_ok()
}

/// Returns the target of a symbolic link. A target that does not fit is cut off.
pub fn read_link<'a>(path: &CStr, buffer: &'a mut [u8]) -> Result<&'a [u8], Errno> {
    let place = buffer.as_mut_ptr() as usize;
    let arguments = [
        CURRENT_DIRECTORY,
        path.as_ptr() as usize,
        place,
        buffer.len(),
    ];
    // SAFETY: the path ends with NUL; the kernel writes at most the buffer's length.
    let length = unsafe { call(number::READLINKAT, arguments) }?;
    Ok(&buffer[..length])
}

/// Returns the current directory with its final NUL.
pub fn working_directory(buffer: &mut [u8]) -> Result<&[u8], Errno> {
    let arguments = [buffer.as_mut_ptr() as usize, buffer.len()];
    // SAFETY: the kernel writes at most the buffer's length.
    let length = unsafe { call(number::GETCWD, arguments) }?;
    Ok(&buffer[..length])
}

const _: () = assert!(size_of::<Statx>() == 256);
