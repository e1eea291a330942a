//! The program's own code and constants in memory.

use std::fs;
use std::ops::Range;

use rustix::io::Errno;

use crate::errno;
use mapping::mapping;

mod bundle;
mod mapping;

/// Releases the pages of the program's code and constants. They stay in the page cache, and the kernel maps them again one by
/// one when they are used.
pub fn release() -> Result<(), Errno> {
    let program = fs::read_link("/proc/self/exe").map_err(|error| of(&error))?;
    let text = fs::read_to_string("/proc/self/smaps").map_err(|error| of(&error))?;
    let program = program.to_string_lossy();
    let mut ranges = unchanged(&text, &program);
    ranges.extend(bundle::unchanged(&text, &program).map_err(|error| of(&error))?);
    for Range { start, end } in ranges {
        // SAFETY: the range maps the program's file, has no page of its own, and is never written: nothing but the file's content
        // is lost.
        let result =
            unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_DONTNEED) };
        if result < 0 {
            return Err(errno::last());
        }
    }
    Ok(())
}

/// Returns the ranges in the text of /proc/self/smaps that have only the content of the program's file.
fn unchanged(text: &str, program: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut current = None;
    for line in text.lines() {
        match line.strip_prefix("Anonymous:") {
            Some(size) if size.trim() == "0 kB" => found.extend(current.take()),
            Some(_) => current = None,
            None if line
                .split(' ')
                .next()
                .is_some_and(|word| word.contains('-')) =>
            {
                current = read_only(line, program);
            }
            None => {}
        }
    }
    found
}

/// Returns the range of the first line of a mapping if it is one of the program that cannot be written.
fn read_only(line: &str, program: &str) -> Option<Range<usize>> {
    let mapping = mapping(line, program)?;
    matches!(mapping.permissions, "r-xp" | "r--p").then_some(mapping.range)
}

fn of(error: &std::io::Error) -> Errno {
    error
        .raw_os_error()
        .map_or(Errno::IO, Errno::from_raw_os_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unchanged_mappings_of_the_program_are_chosen() {
        let mapping = |permissions: &str, path: &str, anonymous: u32| {
            format!(
                "01a40000-0684a000 {permissions} 01838000 fe:00 106   {path}\nSize: 4 kB\nAnonymous:   {anonymous} kB\n"
            )
        };
        let chosen = |text: &str| -> Vec<_> {
            let ranges = unchanged(text, "/opt/a b").into_iter();
            ranges.map(|range| (range.start, range.end)).collect()
        };
        let range = [(0x1a4_0000, 0x684_a000)];
        assert_eq!(chosen(&mapping("r-xp", "/opt/a b", 0)), range);
        assert_eq!(chosen(&mapping("r--p", "/opt/a b", 0)), range);
        assert_eq!(chosen(&mapping("r--p", "/opt/a b", 12)), []);
        assert_eq!(chosen(&mapping("rw-p", "/opt/a b", 0)), []);
        assert_eq!(chosen(&mapping("r-xp", "/opt/other", 0)), []);
        let nameless = "7f0000000000-7f0000001000 r-xp 00000000 00:00 0\nAnonymous: 0 kB\n";
        assert_eq!(
            chosen(&format!("{nameless}{}", mapping("r-xp", "/opt/a b", 0))),
            range
        );
    }

    #[test]
    fn a_program_goes_on_without_its_pages() {
        release().unwrap();
        assert_eq!((1..=10).sum::<u32>(), 55);
    }
}
