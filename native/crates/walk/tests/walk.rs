//! Walks over trees that change meanwhile.
#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;
use walk::{Step, Walk};

/// A temporary directory.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("walk-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn sorted(&self) -> Walk {
        Walk::sorted(File::open(&self.0).unwrap().as_fd()).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Visits everything; `<` marks the return from a directory. `meanwhile` runs after each step.
fn visit(mut walk: Walk, mut meanwhile: impl FnMut(&str)) -> Vec<String> {
    let mut steps = Vec::new();
    while let Some(step) = walk.step().unwrap() {
        let path = String::from_utf8(walk.path().to_vec()).unwrap();
        let step_text = match step {
            Step::Entry(entry) => {
                meanwhile(&path);
                match entry.kind() {
                    FileType::Directory if walk.enter(&entry).unwrap().is_none() => {
                        format!("{path} gone")
                    }
                    _ => path,
                }
            }
            Step::Left(left) => {
                assert!(path.ends_with(left.entry.name.to_str().unwrap()));
                format!("{path} <")
            }
        };
        steps.push(step_text);
    }
    steps
}

fn fill(root: &Path, directories: &[&str], files: &[&str]) {
    for directory in directories {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    for file in files {
        fs::write(root.join(file), file).unwrap();
    }
}

#[test]
fn a_sorted_walk_visits_every_entry_by_name_and_returns_from_each_directory() {
    let scratch = Scratch::new("sorted");
    fill(&scratch.0, &["b/d", "e"], &["a", "b/c", "b/d/x", "f"]);
    assert_eq!(
        visit(scratch.sorted(), |_| {}),
        [
            "a", "b", "b/c", "b/d", "b/d/x", "b/d <", "b <", "e", "e <", "f"
        ]
    );
}

#[test]
fn an_unsorted_walk_visits_the_same_entries() {
    let scratch = Scratch::new("unsorted");
    let names: Vec<String> = (0..2000).map(|number| format!("d/{number}")).collect();
    fill(&scratch.0, &["d"], &[]);
    for name in &names {
        fs::create_dir(scratch.0.join(name)).unwrap();
    }
    let unsorted = Walk::unsorted(File::open(&scratch.0).unwrap().as_fd()).unwrap();
    let mut found = visit(unsorted, |_| {});
    let mut expected = visit(scratch.sorted(), |_| {});
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_directory_that_is_not_entered_is_skipped() {
    let scratch = Scratch::new("skipped");
    fill(&scratch.0, &["a"], &["a/x", "b"]);
    let mut walk = scratch.sorted();
    let mut paths = Vec::new();
    while let Some(step) = walk.step().unwrap() {
        assert!(matches!(step, Step::Entry(_)));
        paths.push(walk.path().to_vec());
    }
    assert_eq!(paths, [b"a", b"b"]);
}

#[test]
fn symbolic_links_are_entries_and_never_followed() {
    let scratch = Scratch::new("links");
    fill(&scratch.0, &["a"], &["a/x"]);
    symlink("/", scratch.0.join("b")).unwrap();
    symlink("a", scratch.0.join("c")).unwrap();
    let mut walk = scratch.sorted();
    let mut links = 0;
    while let Some(step) = walk.step().unwrap() {
        if let Step::Entry(entry) = step
            && entry.kind() == FileType::Symlink
        {
            links += 1;
            assert!(walk.enter(&entry).unwrap().is_none());
        }
    }
    assert_eq!(links, 2);
}

#[test]
fn entries_that_disappear_during_the_walk_are_skipped() {
    let scratch = Scratch::new("vanishing");
    fill(&scratch.0, &["b", "c"], &["a", "b/x", "d", "e"]);
    let steps = visit(scratch.sorted(), |path| match path {
        "a" => fs::remove_file(scratch.0.join("d")).unwrap(),
        "b" => fs::remove_dir_all(scratch.0.join("b")).unwrap(),
        _ => {}
    });
    assert_eq!(steps, ["a", "b gone", "c", "c <", "e"]);
}

#[test]
fn a_directory_that_is_removed_after_it_was_entered_is_empty() {
    let scratch = Scratch::new("removed");
    fill(&scratch.0, &["a", "b"], &["a/x"]);
    let mut walk = scratch.sorted();
    let mut paths = Vec::new();
    while let Some(step) = walk.step().unwrap() {
        paths.push(walk.path().to_vec());
        if let Step::Entry(entry) = step {
            walk.enter(&entry).unwrap().unwrap();
            if walk.path() == b"a" {
                fs::remove_dir_all(scratch.0.join("a")).unwrap();
            }
        }
    }
    assert_eq!(paths, [b"a", b"a", b"b", b"b"]);
}

#[test]
fn a_directory_that_becomes_something_else_is_not_entered() {
    let scratch = Scratch::new("changing");
    fill(&scratch.0, &["a", "b", "c"], &[]);
    let steps = visit(scratch.sorted(), |path| {
        let path = scratch.0.join(path);
        fs::remove_dir(&path).unwrap();
        if path.ends_with("a") {
            symlink("/", &path).unwrap();
        } else if path.ends_with("b") {
            fs::write(&path, "").unwrap();
        }
    });
    assert_eq!(steps, ["a gone", "b gone", "c gone"]);
}

#[test]
fn directories_that_are_moved_lead_the_walk_nowhere_else() {
    let scratch = Scratch::new("moved");
    let depth = walk::MAX_OPEN + 10;
    let top = scratch.0.join("top");
    let deepest = top.join("d/".repeat(depth));
    fs::create_dir_all(&deepest).unwrap();
    let mut walk = Walk::sorted(File::open(&top).unwrap().as_fd()).unwrap();
    let error = loop {
        match walk.step() {
            Ok(Some(Step::Entry(entry))) => {
                walk.enter(&entry).unwrap().unwrap();
                if walk.path().len() == depth * 2 - 1 {
                    // The directory's parent is closed by now, and `..` leads to another directory.
                    fs::rename(top.join("d/d/d"), scratch.0.join("elsewhere")).unwrap();
                }
            }
            Ok(Some(Step::Left(_))) => {}
            Ok(None) => panic!("the move was not noticed"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.errno, rustix::io::Errno::STALE);
    assert!(error.to_string().contains("moved during the walk"));
}
