//! The report of the `hello` program.

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Returns the report as text. `root` is the directory with `proc` and `sys`; `trace` is the engine's list of
/// `phase=µs` words, counted from the start request.
pub fn report(root: &Path, trace: Option<&str>) -> String {
    let mut text = String::from("Hello from tbox: this container runs, and no root was needed.\n");
    section(&mut text, "process", &process(root));
    section(&mut text, "ids inside → outside", &id_maps(root));
    section(&mut text, "mounts", &mounts(root));
    section(&mut text, "limits", &limits(root));
    section(&mut text, "start, µs after the request", &phases(trace));
    text
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\n{title}");
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
}

fn process(root: &Path) -> Vec<String> {
    let mut lines = vec![format!("{:<17}  {}", "pid", std::process::id())];
    if let Ok(name) = fs::read_to_string(root.join("proc/sys/kernel/hostname")) {
        lines.push(format!("{:<17}  {}", "hostname", name.trim_end()));
    }
    let status = fs::read_to_string(root.join("proc/self/status")).unwrap_or_default();
    for (label, field) in [
        ("uid", "Uid:"),
        ("gid", "Gid:"),
        ("caps", "CapEff:"),
        ("no new privileges", "NoNewPrivs:"),
        ("seccomp mode", "Seccomp:"),
    ] {
        if let Some(value) = status.lines().find_map(|line| line.strip_prefix(field)) {
            let first = value.split_whitespace().next().unwrap_or_default();
            lines.push(format!("{label:<17}  {first}"));
        }
    }
    lines
}

fn id_maps(root: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for (label, file) in [("uid", "uid_map"), ("gid", "gid_map")] {
        let map = fs::read_to_string(root.join("proc/self").join(file)).unwrap_or_default();
        for line in map.lines() {
            let fields: Vec<u64> = line
                .split_whitespace()
                .filter_map(|field| field.parse().ok())
                .collect();
            if let [inside, outside, count] = fields[..] {
                lines.push(format!(
                    "{label}  {} → {}",
                    range(inside, count),
                    range(outside, count)
                ));
            }
        }
    }
    lines
}

fn range(first: u64, count: u64) -> String {
    if count == 1 {
        first.to_string()
    } else {
        format!("{first}–{}", first + count - 1)
    }
}

fn mounts(root: &Path) -> Vec<String> {
    let table = fs::read_to_string(root.join("proc/self/mounts")).unwrap_or_default();
    let rows: Vec<[&str; 3]> = table
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            let row = [words.next()?, words.next()?, words.next()?];
            Some([row[0], row[1], row[2].split(',').next().unwrap_or_default()])
        })
        .collect();
    let width = rows.iter().map(|row| row[0].len()).max().unwrap_or(0);
    rows.iter()
        .map(|[target, kind, access]| format!("{target:<width$}  {kind} {access}"))
        .collect()
}

fn limits(root: &Path) -> Vec<String> {
    let table = fs::read_to_string(root.join("proc/self/limits")).unwrap_or_default();
    table
        .lines()
        .filter(|line| {
            ["Max processes", "Max open files", "Max core"]
                .iter()
                .any(|name| line.starts_with(name))
        })
        .filter_map(|line| {
            let (name, values) = line.split_at_checked(26)?;
            let soft = values.split_whitespace().next()?;
            Some(format!(
                "{:<20} {soft}",
                name.trim_end().trim_start_matches("Max ")
            ))
        })
        .chain(cgroup_limits(root))
        .collect()
}

fn cgroup_limits(root: &Path) -> impl Iterator<Item = String> {
    let directory = root.join("sys/fs/cgroup");
    ["memory.max", "cpu.max", "pids.max"]
        .into_iter()
        .filter_map(move |name| {
            let value = fs::read_to_string(directory.join(name)).ok()?;
            Some(format!("{name:<20} {}", value.trim_end()))
        })
}

fn phases(trace: Option<&str>) -> Vec<String> {
    trace
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|word| word.split_once('='))
        .map(|(name, microseconds)| format!("{name:<10} {microseconds:>7}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_shows_ids_limits_mounts_and_phases() {
        let root = std::env::temp_dir().join(format!("tbox-hello-{}", std::process::id()));
        fs::create_dir_all(root.join("proc/self")).unwrap();
        fs::write(
            root.join("proc/self/uid_map"),
            "         0       1000          1\n         1     100000      65536\n",
        )
        .unwrap();
        fs::write(
            root.join("proc/self/limits"),
            "Limit                     Soft Limit           Hard Limit           Units\n\
             Max open files            1024                 524288               files\n",
        )
        .unwrap();
        fs::write(
            root.join("proc/self/mounts"),
            "overlay / overlay rw,relatime 0 0\n",
        )
        .unwrap();
        let text = report(&root, Some("received=0 forked=61"));
        fs::remove_dir_all(&root).unwrap();
        assert!(text.contains("uid  0 → 1000\n"));
        assert!(text.contains("uid  1–65536 → 100000–165535\n"));
        assert!(text.contains("open files           1024\n"));
        assert!(text.contains("/  overlay rw\n"));
        assert!(text.contains("forked          61\n"));
    }

    #[test]
    fn without_a_trace_the_report_has_no_phases() {
        assert!(!report(Path::new("/nonexistent"), None).contains("µs"));
    }
}
