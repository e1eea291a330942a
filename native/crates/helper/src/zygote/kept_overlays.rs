//! Overlays of ended containers, which the zygote keeps for the next ones.

use protocol::work::{UsedDirectory, WorkRequest};
use sandbox::host::Host;
use sandbox::mounts::kept_overlay::KeptOverlay;

use crate::zygote::children::Children;

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
    /// that a worker may change, because an overlay does not see such changes. Forgets all overlays before layers are removed, also
    /// those that running containers might leave: the kernel frees no space of a layer while an overlay of it is mounted.
    pub fn prepare_work(
        &mut self,
        host: &Host,
        children: &mut Children,
        request: &mut WorkRequest,
    ) {
        match request {
            WorkRequest::Recycle { directories } => {
                for UsedDirectory { path, mounted, .. } in directories {
                    let id = path.rsplit('/').next().unwrap_or_default();
                    *mounted = self.find(host, id).is_some();
                }
            }
            WorkRequest::Remove { paths } => {
                for path in &*paths {
                    match container(path) {
                        Some(id) => drop(self.take(host, id)),
                        None => {
                            self.forget();
                            children.forget_overlays();
                        }
                    }
                }
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

/// Returns the id of the container whose directory a path is; `None` if it is another directory.
fn container(path: &str) -> Option<&str> {
    path.strip_prefix("containers/")
        .filter(|name| !name.starts_with('.'))
}
