//! Errors for JavaScript; `code` is the errno's name.

use rustix::io::Errno;
use sys::{cgroup, lock, memfd, pidfd, private_directory, seqpacket};

pub type Result<T> = std::result::Result<T, napi::Error<Code>>;

/// The name of an errno, such as `ENOENT`.
#[derive(Debug, Clone)]
pub struct Code(String);

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<napi::Status> for Code {
    fn from(status: napi::Status) -> Self {
        Self(status.as_ref().to_owned())
    }
}

/// Returns a converter for calls whose only error is an errno; `call` names the system call.
pub fn system(call: &'static str) -> impl Fn(Errno) -> napi::Error<Code> {
    move |errno| coded(errno, format!("{call}: {errno}"))
}

pub fn from_seqpacket(error: seqpacket::Error) -> napi::Error<Code> {
    use seqpacket::Error;
    let errno = match &error {
        Error::WouldBlock => Errno::AGAIN,
        Error::Closed => Errno::PIPE,
        Error::TooLong(_) => Errno::MSGSIZE,
        Error::TooManyDescriptors(_) => Errno::TOOMANYREFS,
        Error::Truncated | Error::NoMemoryFile => Errno::BADMSG,
        Error::MemoryFile(source) => memfd_errno(source),
        Error::Name(_) => Errno::NAMETOOLONG,
        Error::System { source, .. } => *source,
    };
    coded(errno, error.to_string())
}

pub fn from_cgroup(error: cgroup::Error) -> napi::Error<Code> {
    let errno = match &error {
        cgroup::Error::Name(_) => Errno::INVAL,
        cgroup::Error::File { source, .. } => *source,
    };
    coded(errno, error.to_string())
}

pub fn from_lock(error: lock::Error) -> napi::Error<Code> {
    let errno = match &error {
        lock::Error::Open { source, .. } | lock::Error::Lock { source, .. } => *source,
    };
    coded(errno, error.to_string())
}

pub fn from_private_directory(error: private_directory::Error) -> napi::Error<Code> {
    let errno = match &error {
        private_directory::Error::System { source, .. } => *source,
        _ => Errno::PERM,
    };
    coded(errno, error.to_string())
}

pub fn from_pidfd(error: pidfd::Error) -> napi::Error<Code> {
    let errno = match &error {
        pidfd::Error::Number(_) => Errno::INVAL,
        pidfd::Error::Open { source, .. } => *source,
        pidfd::Error::Reused { .. } => Errno::SRCH,
    };
    coded(errno, error.to_string())
}

fn memfd_errno(error: &memfd::Error) -> Errno {
    match error {
        memfd::Error::Create(errno) | memfd::Error::Seal(errno) => *errno,
        memfd::Error::Fill(error) | memfd::Error::Read(error) => {
            Errno::from_io_error(error).unwrap_or(Errno::IO)
        }
        memfd::Error::NotSealed => Errno::BADMSG,
        memfd::Error::TooLong { .. } => Errno::MSGSIZE,
    }
}

/// Returns an error with the errno's name as its code.
pub fn coded(errno: Errno, message: String) -> napi::Error<Code> {
    let name = NAMES.iter().find(|(known, _)| *known == errno);
    let code = match name {
        Some((_, name)) => (*name).to_owned(),
        None => format!("E{}", errno.raw_os_error()),
    };
    napi::Error::new(Code(code), message)
}

/// Names of the errnos that callers may see. Any other errno becomes `E` followed by its number.
const NAMES: &[(Errno, &str)] = &[
    (Errno::ACCESS, "EACCES"),
    (Errno::ADDRINUSE, "EADDRINUSE"),
    (Errno::AGAIN, "EAGAIN"),
    (Errno::BADF, "EBADF"),
    (Errno::BADMSG, "EBADMSG"),
    (Errno::BUSY, "EBUSY"),
    (Errno::CONNREFUSED, "ECONNREFUSED"),
    (Errno::EXIST, "EEXIST"),
    (Errno::FBIG, "EFBIG"),
    (Errno::INVAL, "EINVAL"),
    (Errno::IO, "EIO"),
    (Errno::ISDIR, "EISDIR"),
    (Errno::LOOP, "ELOOP"),
    (Errno::MFILE, "EMFILE"),
    (Errno::MSGSIZE, "EMSGSIZE"),
    (Errno::NAMETOOLONG, "ENAMETOOLONG"),
    (Errno::NFILE, "ENFILE"),
    (Errno::NODEV, "ENODEV"),
    (Errno::NOENT, "ENOENT"),
    (Errno::NOMEM, "ENOMEM"),
    (Errno::NOSPC, "ENOSPC"),
    (Errno::NOSYS, "ENOSYS"),
    (Errno::NOTDIR, "ENOTDIR"),
    (Errno::NOTEMPTY, "ENOTEMPTY"),
    (Errno::OPNOTSUPP, "EOPNOTSUPP"),
    (Errno::PERM, "EPERM"),
    (Errno::PIPE, "EPIPE"),
    (Errno::RANGE, "ERANGE"),
    (Errno::ROFS, "EROFS"),
    (Errno::SRCH, "ESRCH"),
    (Errno::TOOMANYREFS, "ETOOMANYREFS"),
];
