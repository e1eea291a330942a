//! Comparing layers with their blobs.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;

use protocol::work::{FromWorker, WorkRequest};

use crate::support::sandbox::{LIMITS, sandboxed};
use crate::support::tar::{Header, Tar};

sandboxed! {
    fn a_layer_is_intact_until_anything_of_it_changes(sandbox: Range) {
        let archive = Tar::new()
            .directory("d")
            .file("d/f", "text")
            .symlink("d/l", "f")
            .add(Header::new(b'0', "owned").owner(1, 2), "x")
            .finish();
        let unpacked = sandbox.unpack(&archive).unwrap();
        let layer = sandbox.path(&unpacked);
        let intact = || {
            let blob = File::open(sandbox.root.join("blob")).unwrap();
            let request = WorkRequest::Verify { diff_id: unpacked.diff_id.clone(), limits: LIMITS };
            let answer = sandbox.perform(&request, vec![blob.into()]).unwrap();
            assert_eq!(fs::read_dir(sandbox.root.join("store/layers/.staging")).unwrap().count(), 0);
            match answer {
                FromWorker::Verified { intact } => intact,
                other => panic!("{other:?}"),
            }
        };
        assert!(intact());
        let time = layer.join("d/f").metadata().unwrap().modified().unwrap();
        fs::write(layer.join("d/f"), "tex!").unwrap();
        File::options().write(true).open(layer.join("d/f")).unwrap().set_modified(time).unwrap();
        assert!(!intact(), "a byte");
        fs::write(layer.join("d/f"), "text").unwrap();
        File::options().write(true).open(layer.join("d/f")).unwrap().set_modified(time).unwrap();
        assert!(intact());
        fs::set_permissions(layer.join("owned"), Permissions::from_mode(0o600)).unwrap();
        assert!(!intact(), "a mode");
        fs::set_permissions(layer.join("owned"), Permissions::from_mode(0o644)).unwrap();
        fs::write(layer.join("more"), "").unwrap();
        assert!(!intact(), "one more file");
        fs::remove_dir_all(&layer).unwrap();
        assert!(!intact(), "no layer");
    }
}
