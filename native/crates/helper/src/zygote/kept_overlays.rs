//! Overlays of ended containers, which the zygote keeps for the next ones.

use protocol::work::{UsedDirectory, WorkRequest};
use sandbox::host::Host;
use sandbox::mounts::kept_overlay::KeptOverlay;

/// Overlays that are kept. Each takes a descriptor, which every fork closes.
const MOST_KEPT: usize = 24;

/// The overlays, the latest last.
#[derive(Debug, Default)]
pub struct KeptOverlays {
    kept: Vec<KeptOverlay>,
}

impl KeptOverlays {
    pub fn add(&mut self, overlay: KeptOverlay) {
        if self.kept.len() >= MOST_KEPT {
            self.kept.remove(0);
        }
        self.kept.push(overlay);
    }

    /// Takes the overlay whose upper directory is the container's.
    pub fn take(&mut self, host: &Host, id: &str) -> Option<KeptOverlay> {
        let index = self.find(host, id)?;
        Some(self.kept.remove(index))
    }

    /// Notes in a request about directories of ended containers which of them have an overlay. Forgets the overlay of a directory
    /// that a worker may change, because an overlay does not see such changes. Forgets all overlays before other directories
    /// are removed: the kernel frees no space of a layer while an overlay of it is mounted.
    pub fn prepare_work(&mut self, host: &Host, request: &mut WorkRequest) {
        match request {
            WorkRequest::Recycle { directories } => {
                for UsedDirectory { path, mounted, .. } in directories {
                    let id = path.rsplit('/').next().unwrap_or_default();
                    *mounted = self.find(host, id).is_some();
                }
            }
            WorkRequest::Remove { paths } if !paths.iter().all(|path| is_container(path)) => {
                self.forget();
            }
            WorkRequest::Merge { upper, .. } | WorkRequest::CommitLayer { upper, .. } => {
                let id = upper.split('/').nth(1).unwrap_or_default();
                drop(self.take(host, id));
            }
            _ => {
                if let Some(container) = request.container() {
                    drop(self.take(host, &container.id));
                }
            }
        }
    }

    pub fn forget(&mut self) {
        self.kept.clear();
    }

    fn find(&self, host: &Host, id: &str) -> Option<usize> {
        if self.kept.is_empty() {
            return None;
        }
        let upper = host.upper_directory(id)?;
        self.kept.iter().rposition(|one| one.parts.upper == upper)
    }
}

/// Returns whether a path is the directory of one container.
fn is_container(path: &str) -> bool {
    path.strip_prefix("containers/")
        .is_some_and(|name| !name.starts_with('.'))
}
