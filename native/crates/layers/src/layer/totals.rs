//! Size and number of entries of a layer, recorded on its root.

use std::os::fd::BorrowedFd;

use rustix::fs::{XattrFlags, fgetxattr, fsetxattr};
use rustix::io::Errno;

use crate::store::StoreError;

/// Attribute on the root of a layer: `<size> <entries> <owners kept, 0 or 1>`. Overlayfs hides attributes with its own
/// prefix from containers, and no archive can set them.
const TOTALS: &str = "user.overlay.tbox.found";

/// Totals of an unpacked layer.
pub struct LayerTotals {
    /// Size of all files together, in bytes.
    pub size: u64,
    pub entries: u64,
    /// Whether every file has the owner of its entry.
    pub owners_kept: bool,
}

impl LayerTotals {
    pub fn write(&self, layer: BorrowedFd<'_>) -> Result<(), StoreError> {
        let owners_kept = u8::from(self.owners_kept);
        let text = format!("{} {} {owners_kept}", self.size, self.entries);
        match fsetxattr(layer, TOTALS, text.as_bytes(), XattrFlags::empty()) {
            // Without the attribute, the layer is measured.
            Ok(()) | Err(Errno::OPNOTSUPP) => Ok(()),
            Err(errno) => Err(StoreError::during("recording the size of", "the layer")(
                errno,
            )),
        }
    }

    /// Returns `None` if the file system stores no attributes.
    pub fn read(layer: BorrowedFd<'_>) -> Option<Self> {
        let mut buffer = [0; 64];
        let length = fgetxattr(layer, TOTALS, &mut buffer).ok()?;
        let text = std::str::from_utf8(&buffer[..length]).ok()?;
        let fields: Vec<_> = text.split(' ').map(str::parse::<u64>).collect();
        match fields[..] {
            [Ok(size), Ok(entries), Ok(owners_kept)] => Some(Self {
                size,
                entries,
                owners_kept: owners_kept == 1,
            }),
            _ => None,
        }
    }
}
