//! Errors of extracting an entry.

use rustix::io::Errno;

use crate::archive::ArchiveError;
use crate::quote::quote;
use crate::remove::RemoveError;

/// An entry that cannot be extracted, and the reason.
#[derive(Debug, thiserror::Error)]
#[error("entry {}", quote(.name))]
pub struct ExtractError {
    /// Name from the archive.
    pub name: Vec<u8>,
    #[source]
    pub problem: Problem,
}

#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error("its name leads out of the layer")]
    Outside,
    #[error("its name is longer than {0} bytes")]
    LongName(usize),
    #[error("its name has a part longer than {0} bytes")]
    LongPart(usize),
    #[error("{0} would replace an existing entry of another type")]
    Overwrite(&'static str),
    #[error("its name is reserved for whiteouts")]
    Reserved,
    #[error("it would replace the layer's root with something that is not a directory")]
    RootKind,
    #[error("it makes the layer's root opaque, which overlayfs does not support")]
    OpaqueRoot,
    #[error("{} is not a directory", quote(.0))]
    NotDirectory(Vec<u8>),
    #[error("the symbolic link {} leads to nothing in this layer", quote(.0))]
    Dangling(Vec<u8>),
    #[error("the target of its hard link, {}, is not an earlier entry of this layer", quote(.0))]
    NoTarget(Vec<u8>),
    #[error("the target of its hard link, {}, is a directory", quote(.0))]
    DirectoryTarget(Vec<u8>),
    #[error("the target of its link is empty or longer than {0} bytes")]
    LinkLength(usize),
    #[error(
        "its {kind} id {id} is outside the available range {available}: \
         add ids to /etc/sub{kind}"
    )]
    Unmapped {
        /// `uid` or `gid`.
        kind: &'static str,
        id: i64,
        available: String,
    },
    #[error("the layer has more than the limit of {0} entries")]
    TooManyEntries(u64),
    #[error("the layer's files exceed {0} bytes in total, the limit set by the free space")]
    TooLarge(u64, #[source] Errno),
    #[error("its attribute {} is larger than the kernel allows", quote(.0))]
    AttributeSize(Vec<u8>),
    #[error("setting its attribute {}", quote(.name))]
    Attribute {
        name: Vec<u8>,
        #[source]
        errno: Errno,
    },
    #[error("{action}")]
    System {
        action: &'static str,
        #[source]
        errno: Errno,
    },
    #[error(transparent)]
    Remove(#[from] RemoveError),
}

/// Converts an error of the kernel to the problem of an action.
pub fn during(action: &'static str) -> impl FnOnce(Errno) -> Problem {
    move |errno| Problem::System { action, errno }
}
