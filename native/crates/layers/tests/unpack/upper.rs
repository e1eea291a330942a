//! Changes in an upper directory.

use std::fs::{self, File};
use std::path::Path;

use protocol::work::WorkRequest;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::support::fixture::{Fixture, in_user_namespace};

fn fill(root: &Path, files: &[&str]) {
    for file in files {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
}

fn whiteout(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    mknodat(CWD, path, FileType::CharacterDevice, Mode::empty(), 0).unwrap();
}

fn changes(fixture: &Fixture, lowers: &[&str]) -> Vec<String> {
    let request = WorkRequest::Changes {
        upper: "upper".to_owned(),
        lowers: lowers.iter().map(|lower| (*lower).to_owned()).collect(),
    };
    let output = fixture.root.join("output");
    let file = File::create(&output).unwrap();
    fixture.perform(&request, vec![file.into()]).unwrap();
    let text = fs::read_to_string(output).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

in_user_namespace! {
    fn changes_are_additions_modifications_and_deletions(fixture: Range) {
        let store = fixture.root.join("store");
        fill(&store.join("lower"), &["d/f", "d/gone", "file/inside", "z"]);
        fill(&store.join("upper"), &["a/b/c", "a/x", "d/f", "d/new/deep", "d/z", "file", "z"]);
        whiteout(&store.join("upper/d/gone"));
        assert_eq!(
            changes(&fixture, &["lower"]),
            [
                "A/a", "A/a/b", "A/a/b/c", "A/a/x", "C/d", "C/d/f", "D/d/gone", "A/d/new",
                "A/d/new/deep", "A/d/z", "C/file", "C/z",
            ]
        );
    }

    fn files_that_a_layer_hides_are_additions(fixture: Range) {
        let store = fixture.root.join("store");
        fill(&store.join("base"), &["d/f", "e/f"]);
        whiteout(&store.join("middle/d"));
        fill(&store.join("middle"), &["e"]);
        fill(&store.join("upper"), &["d/f", "e/f"]);
        assert_eq!(changes(&fixture, &["base"]), ["C/d", "C/d/f", "C/e", "C/e/f"]);
        assert_eq!(changes(&fixture, &["base", "middle"]), ["A/d", "A/d/f", "C/e", "A/e/f"]);
    }
}
