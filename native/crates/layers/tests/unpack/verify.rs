//! Verifying layers against their blobs.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;

use protocol::work::{FromWorker, WorkRequest};

use crate::support::fixture::{LIMITS, in_user_namespace};
use crate::support::tar::{Header, Tar};

in_user_namespace! {
    fn a_present_layer_is_compared_with_every_blob(fixture: Range) {
        let archive = Tar::new().file("f", "text").finish();
        let first = fixture.unpack(&archive).unwrap();
        assert_eq!(fixture.unpack_as(&archive, Some(&first.diff_id), LIMITS).unwrap().size, first.size);
        let other = fixture.unpack_as(b"not a tar at all", Some(&first.diff_id), LIMITS).unwrap_err();
        assert!(other.message.contains("is expected"), "{}", other.message);
    }

    fn verify_reports_any_change_of_a_layer(fixture: Range) {
        let archive = Tar::new()
            .directory("d")
            .file("d/f", "text")
            .symlink("d/l", "f")
            .add(Header::new(b'0', "owned").owner(1, 2), "x")
            .finish();
        let unpacked = fixture.unpack(&archive).unwrap();
        let layer = fixture.path(&unpacked);
        let intact = || {
            let blob = File::open(fixture.root.join("blob")).unwrap();
            let request = WorkRequest::Verify { diff_id: unpacked.diff_id.clone(), limits: LIMITS };
            let answer = fixture.perform(&request, vec![blob.into()]).unwrap();
            assert_eq!(fs::read_dir(fixture.root.join("store/layers/.staging")).unwrap().count(), 0);
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
