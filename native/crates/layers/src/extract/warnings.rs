//! What was left out, summed up: an archive of a million devices is worth one line.

use crate::failure::quote;

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
    noted: Vec<Noted>,
}

#[derive(Debug)]
struct Noted {
    warning: Warning,
    count: u64,
    first: String,
}

impl Warnings {
    pub fn add(&mut self, warning: Warning, entry: &[u8]) {
        match self.noted.iter_mut().find(|noted| noted.warning == warning) {
            Some(noted) => noted.count += 1,
            None => self.noted.push(Noted {
                warning,
                count: 1,
                first: quote(entry),
            }),
        }
    }

    pub fn has(&self, warning: Warning) -> bool {
        self.noted.iter().any(|noted| noted.warning == warning)
    }

    /// One line for each kind.
    pub fn lines(&self) -> Vec<String> {
        self.noted
            .iter()
            .map(
                |Noted {
                     warning,
                     count,
                     first,
                 }| {
                    let (what, why) = words(*warning);
                    let examples = if *count == 1 { "" } else { ", …" };
                    format!("{what}: {count} ({first}{examples}); {why}")
                },
            )
            .collect()
    }
}

fn words(warning: Warning) -> (&'static str, &'static str) {
    match warning {
        Warning::Device => (
            "devices left out",
            "an unprivileged user cannot create them",
        ),
        Warning::Owner => (
            "entries given to root",
            "only one user id is available; their owners are noted in user.tbox.owner",
        ),
        Warning::OverlayAttribute => (
            "attributes left out",
            "overlayfs or tbox would take them for its own",
        ),
        Warning::Attribute => (
            "attributes not set",
            "the kernel or the store's file system does not allow them",
        ),
        Warning::UnionFile => (
            "entries left out",
            "they are another union file system's own",
        ),
    }
}
