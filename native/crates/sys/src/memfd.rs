//! Sealed memory files: bytes that no process can change.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, memfd_create};
use rustix::io::Errno;

const SEALS: SealFlags = SealFlags::SEAL
    .union(SealFlags::SHRINK)
    .union(SealFlags::GROW)
    .union(SealFlags::WRITE);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("create memory file: {0}")]
    Create(#[source] Errno),
    #[error("fill memory file: {0}")]
    Fill(#[source] std::io::Error),
    #[error("seal memory file: {0}")]
    Seal(#[source] Errno),
    #[error("the descriptor is not a sealed memory file")]
    NotSealed,
    #[error("the memory file has {size} bytes, more than the limit of {limit}")]
    TooLong { size: u64, limit: u64 },
    #[error("read memory file: {0}")]
    Read(#[source] std::io::Error),
}

/// Creates a sealed memory file with these bytes. The file cannot be executed if the kernel can forbid that.
pub fn sealed(name: &str, bytes: &[u8]) -> Result<OwnedFd, Error> {
    // MFD_NOEXEC_SEAL exists since Linux 6.3; older kernels refuse the flag.
    let descriptor = create(name, MemfdFlags::NOEXEC_SEAL)?;
    fill_and_seal(descriptor, &mut &*bytes)
}

/// Creates a sealed, executable memory file with the content of `source`.
pub fn sealed_program(name: &str, mut source: File) -> Result<OwnedFd, Error> {
    let descriptor = create(name, MemfdFlags::EXEC)?;
    fill_and_seal(descriptor, &mut source)
}

/// Returns whether the content of the file is sealed.
pub fn is_sealed(descriptor: BorrowedFd<'_>) -> bool {
    fcntl_get_seals(descriptor).is_ok_and(|seals| seals.contains(SEALS))
}

/// Reads a sealed memory file of at most `limit` bytes. Any other file is refused before a byte is read:
/// a pipe could block the reader, and a file could change while it is read.
pub fn read_sealed(descriptor: OwnedFd, limit: u64) -> Result<Vec<u8>, Error> {
    if !is_sealed(descriptor.as_fd()) {
        return Err(Error::NotSealed);
    }
    let file = File::from(descriptor);
    let size = file.metadata().map_err(Error::Read)?.len();
    if size > limit {
        return Err(Error::TooLong { size, limit });
    }
    let mut bytes = vec![0; usize::try_from(size).map_err(|_| Error::TooLong { size, limit })?];
    std::os::unix::fs::FileExt::read_exact_at(&file, &mut bytes, 0).map_err(Error::Read)?;
    Ok(bytes)
}

fn create(name: &str, wanted: MemfdFlags) -> Result<OwnedFd, Error> {
    let plain = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match memfd_create(name, plain | wanted) {
        Err(Errno::INVAL) => memfd_create(name, plain).map_err(Error::Create),
        result => result.map_err(Error::Create),
    }
}

fn fill_and_seal(descriptor: OwnedFd, source: &mut dyn Read) -> Result<OwnedFd, Error> {
    let mut file = File::from(descriptor);
    std::io::copy(source, &mut file).map_err(Error::Fill)?;
    file.flush().map_err(Error::Fill)?;
    fcntl_add_seals(&file, SEALS).map_err(Error::Seal)?;
    Ok(OwnedFd::from(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_bytes_are_read_back_and_cannot_change() {
        let file = sealed("test", b"hello").unwrap();
        assert!(is_sealed(file.as_fd()));
        let copy = file.try_clone().unwrap();
        assert!(rustix::io::write(&copy, b"x").is_err());
        assert_eq!(read_sealed(file, 5).unwrap(), b"hello");
    }

    #[test]
    fn a_file_over_the_limit_is_refused() {
        let file = sealed("test", b"hello").unwrap();
        assert!(matches!(
            read_sealed(file, 4),
            Err(Error::TooLong { size: 5, limit: 4 })
        ));
    }

    #[test]
    fn a_file_that_is_not_a_sealed_memory_file_is_refused() {
        let (reader, _writer) = rustix::pipe::pipe().unwrap();
        assert!(matches!(read_sealed(reader, 4), Err(Error::NotSealed)));
        let open = create("test", MemfdFlags::empty()).unwrap();
        assert!(matches!(read_sealed(open, 4), Err(Error::NotSealed)));
    }
}
