//! Warnings about an archive, one line for each kind: a million devices are one line.

use crate::quote::quote;

/// A kind of warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    Device,
    Owner,
    OverlayAttribute,
    Attribute,
    UnionFile,
}

#[derive(Debug, Default)]
pub struct Warnings {
    counts: Vec<WarningCount>,
}

#[derive(Debug)]
struct WarningCount {
    warning: Warning,
    count: u64,
    first: String,
}

impl Warnings {
    pub fn add(&mut self, warning: Warning, entry: &[u8]) {
        match self
            .counts
            .iter_mut()
            .find(|count| count.warning == warning)
        {
            Some(found) => found.count += 1,
            None => self.counts.push(WarningCount {
                warning,
                count: 1,
                first: quote(entry),
            }),
        }
    }

    pub fn contains(&self, warning: Warning) -> bool {
        self.counts.iter().any(|count| count.warning == warning)
    }

    /// Returns one line for each kind of warning.
    pub fn lines(&self) -> Vec<String> {
        self.counts
            .iter()
            .map(
                |WarningCount {
                     warning,
                     count,
                     first,
                 }| {
                    let (subject, reason) = words(*warning);
                    let examples = if *count == 1 { "" } else { ", …" };
                    format!("{subject}: {count} ({first}{examples}); {reason}")
                },
            )
            .collect()
    }
}

/// Returns the subject and the reason of a warning.
fn words(warning: Warning) -> (&'static str, &'static str) {
    match warning {
        Warning::Device => (
            "devices left out",
            "an unprivileged user cannot create them",
        ),
        Warning::Owner => (
            "entries given to root",
            "only one user id is available; user.tbox.owner records their owners",
        ),
        Warning::OverlayAttribute => (
            "attributes left out",
            "they are reserved for overlayfs and tbox",
        ),
        Warning::Attribute => (
            "attributes not set",
            "the kernel or the store's file system does not allow them",
        ),
        Warning::UnionFile => ("entries left out", "they are reserved for aufs"),
    }
}
