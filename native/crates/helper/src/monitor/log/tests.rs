use super::*;
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

const TIME: &str = "2026-01-02T03:04:05.123456789Z";

struct Directory(PathBuf);

impl Directory {
    fn create(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tbox-log-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("log")).unwrap();
        Self(path)
    }

    fn open(&self, max_size: u64, max_file: u32) -> JsonLog {
        let directory = File::open(&self.0).unwrap();
        JsonLog::open(directory.as_fd(), max_size, max_file).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join("log").join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn records(path: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let field = |name: &str| value[name].as_str().unwrap().to_owned();
            (field("stream"), field("log"))
        })
        .collect()
}

fn texts(path: &Path) -> Vec<String> {
    records(path).into_iter().map(|record| record.1).collect()
}

#[test]
fn each_line_is_one_record_however_the_output_is_split() {
    let directory = Directory::create("lines");
    let mut log = directory.open(0, 1);
    log.write(Stream::Stdout, b"one\ntw", TIME);
    log.write(Stream::Stderr, b"err", TIME);
    log.write(Stream::Stdout, b"o\n\nthree", TIME);
    log.finish(TIME);
    let expected = [
        ("stdout", "one\n"),
        ("stdout", "two\n"),
        ("stdout", "\n"),
        ("stdout", "three"),
        ("stderr", "err"),
    ];
    let path = directory.file(files::NAME);
    let found = records(&path);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!((found.0.as_str(), found.1.as_str()), expected);
    }
    assert_eq!(log.position().size, fs::metadata(path).unwrap().len());
}

#[test]
fn long_lines_are_split_without_loss() {
    let directory = Directory::create("long");
    let mut line = "ü".repeat(40_000).into_bytes();
    line.insert(0, b'a');
    line.push(b'\n');
    for step in [1, 7, 4096, 65_536] {
        let _ = fs::remove_file(directory.file(files::NAME));
        let mut log = directory.open(0, 1);
        line.chunks(step)
            .for_each(|piece| log.write(Stream::Stdout, piece, TIME));
        let parts = texts(&directory.file(files::NAME));
        assert!(parts.concat().into_bytes() == line);
        assert!(parts.iter().all(|part| part.len() <= record::PART));
        assert!(
            parts[..parts.len() - 1]
                .iter()
                .all(|part| !part.ends_with('\n'))
        );
        assert_eq!(parts.len(), 5);
    }
}

#[test]
fn files_are_rotated_between_records_and_the_newest_are_kept() {
    let directory = Directory::create("rotate");
    let mut log = directory.open(300, 3);
    for number in 0..20 {
        log.write(Stream::Stdout, format!("line {number}\n").as_bytes(), TIME);
    }
    let files: Vec<_> = ["container.log.2", "container.log.1", files::NAME]
        .iter()
        .map(|name| directory.file(name))
        .collect();
    let kept: Vec<String> = files.iter().flat_map(|path| texts(path)).collect();
    assert!(
        files
            .iter()
            .all(|path| fs::metadata(path).unwrap().len() <= 300)
    );
    assert!(!directory.file("container.log.3").exists());
    let expected: Vec<_> = (20 - kept.len()..20)
        .map(|n| format!("line {n}\n"))
        .collect();
    assert_eq!(kept, expected);
    assert_eq!(log.position().generation, 6);

    // A batch that spans several files behaves the same.
    let mut log = directory.open(300, 3);
    let many: String = (0..50).map(|n| format!("more {n}\n")).collect();
    log.write(Stream::Stdout, many.as_bytes(), TIME);
    let kept: Vec<String> = files.iter().flat_map(|path| texts(path)).collect();
    let expected: Vec<_> = (50 - kept.len()..50)
        .map(|n| format!("more {n}\n"))
        .collect();
    assert_eq!(kept, expected);
}

#[test]
fn a_single_file_is_replaced_when_it_is_full_and_its_readers_keep_it() {
    let directory = Directory::create("single");
    let mut log = directory.open(200, 1);
    let first = std::fs::File::open(directory.file(files::NAME)).unwrap();
    for number in 0..5 {
        log.write(Stream::Stdout, format!("{number}\n").as_bytes(), TIME);
    }
    assert_eq!(texts(&directory.file(files::NAME)), ["4\n"]);
    let text = std::io::read_to_string(first).unwrap();
    assert!(text.starts_with(r#"{"log":"0\n""#), "{text}");
    let entries = std::fs::read_dir(directory.file(files::NAME).parent().unwrap()).unwrap();
    assert_eq!(entries.count(), 1);
}

#[test]
fn a_record_longer_than_a_file_is_kept_whole() {
    let directory = Directory::create("oversized");
    let mut log = directory.open(100, 2);
    log.write(Stream::Stdout, b"a\n", TIME);
    log.write(
        Stream::Stdout,
        &[b"b".repeat(500), b"\n".to_vec()].concat(),
        TIME,
    );
    assert_eq!(texts(&directory.file("container.log.1")), ["a\n"]);
    assert_eq!(texts(&directory.file(files::NAME))[0].len(), 501);
}

#[test]
fn an_incomplete_record_is_removed_at_every_length() {
    let directory = Directory::create("torn");
    let mut log = directory.open(0, 1);
    log.write(Stream::Stdout, b"one\ntwo\n", TIME);
    let whole = fs::read(directory.file(files::NAME)).unwrap();
    let first = whole.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    for length in 0..=whole.len() {
        fs::write(directory.file(files::NAME), &whole[..length]).unwrap();
        let mut log = directory.open(0, 1);
        log.write(Stream::Stdout, b"next\n", TIME);
        let before = usize::from(length >= first) + usize::from(length == whole.len());
        let found = texts(&directory.file(files::NAME));
        assert_eq!(found.len(), before + 1, "cut at {length}");
        assert_eq!(found[before], "next\n");
    }
    let zeroes = [&whole[..], &[0; 10_000]].concat();
    fs::write(directory.file(files::NAME), zeroes).unwrap();
    assert_eq!(directory.open(0, 1).position().size, whole.len() as u64);
}

#[test]
fn records_lost_on_a_failing_disk_are_counted_in_the_log() {
    let directory = Directory::create("full");
    let mut log = directory.open(0, 1);
    log.write(Stream::Stdout, b"before\n", TIME);
    let good = std::mem::replace(&mut log.files.file, File::open("/dev/null").unwrap());
    log.write(Stream::Stdout, b"lost\nlost\n", TIME);
    log.write(Stream::Stderr, b"lost\n", TIME);
    log.files.file = good;
    log.write(Stream::Stdout, b"after\n", TIME);
    let found = texts(&directory.file(files::NAME));
    assert_eq!(found.len(), 3);
    assert!(found[1].contains("3 log records lost"), "{}", found[1]);
    assert_eq!(found[2], "after\n");
    assert_eq!(
        log.position().size,
        fs::metadata(directory.file(files::NAME)).unwrap().len()
    );
}

#[test]
fn files_beyond_a_lowered_limit_are_deleted() {
    let directory = Directory::create("surplus");
    for number in 1..5 {
        fs::write(directory.file(&files::rotated_name(number)), "").unwrap();
    }
    directory.open(10, 3);
    assert!(directory.file("container.log.2").exists());
    assert!(!directory.file("container.log.3").exists());
    assert!(!directory.file("container.log.4").exists());
}
