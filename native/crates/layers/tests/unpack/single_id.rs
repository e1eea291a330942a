//! Unpacking if only one user id is available.

use crate::support::fixture::in_user_namespace;
use crate::support::tar::{Header, Tar};
use crate::support::tree::attribute;

in_user_namespace! {
    fn unavailable_owners_are_recorded_and_reported(fixture: Single) {
        let archive = Tar::new()
            .add(Header::new(b'0', "f").owner(33, 1_000_000).mode(0o4711), "x")
            .add(Header::new(b'5', "d").owner(5, 0).mode(0o1770), "")
            .add(Header::new(b'0', "d/hidden").owner(5, 5).mode(0), "x")
            .add(Header::new(b'2', "l").link("f").owner(1, 1), "")
            .file("root", "")
            .finish();
        let unpacked = fixture.unpack(&archive).unwrap();
        assert!(!unpacked.owners_kept);
        assert_eq!(unpacked.warnings.len(), 1);
        assert!(unpacked.warnings[0].starts_with("entries given to root: 4 (f, …)"));
        let layer = fixture.path(&unpacked);
        let owner = |name: &str| attribute(&layer.join(name), "user.tbox.owner");
        assert_eq!(owner("f").as_deref(), Some(&b"33:1000000"[..]));
        assert_eq!(owner("d").as_deref(), Some(&b"5:0"[..]));
        assert_eq!(owner("d/hidden").as_deref(), Some(&b"5:5"[..]));
        assert_eq!(owner("root"), None);

        let again = fixture
            .unpack_as(&archive, Some(&unpacked.diff_id), crate::support::fixture::LIMITS)
            .unwrap();
        assert!(!again.owners_kept);
        let hex = unpacked.diff_id.strip_prefix("sha256:").unwrap();
        fixture.remove(&format!("layers/sha256/{hex}")).unwrap();

        let ours = fixture.unpack(&Tar::new().file("f", "").finish()).unwrap();
        assert!(ours.owners_kept && ours.warnings.is_empty());
    }
}
