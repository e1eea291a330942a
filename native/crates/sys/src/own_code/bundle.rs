//! The part of the program's file with the scripts and their bytecode. The runtime only reads it, but it is mapped together with
//! variables, so that it can be written.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::mapping::mapping;

const SECTION: &[u8] = b".bun\0";

/// Flags of a page in /proc/self/pagemap.
const PRESENT: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;
const OF_FILE: u64 = 1 << 61;

/// Returns the range in memory of the scripts if it has only the content of the program's file. `text` is /proc/self/smaps.
pub(super) fn unchanged(text: &str, program: &str) -> io::Result<Option<Range<usize>>> {
    let Some(section) = section(&File::open("/proc/self/exe")?, SECTION)? else {
        return Ok(None);
    };
    let Some(range) = range_of(&section, text, program) else {
        return Ok(None);
    };
    let pages = range.len() / page_size();
    let mut states = vec![0; pages * 8];
    let offset = range.start / page_size() * 8;
    File::open("/proc/self/pagemap")?.read_exact_at(&mut states, offset as u64)?;
    Ok(only_file(&states).then_some(range))
}

/// Returns the whole pages in memory of a part of the program's file.
fn range_of(part: &Range<usize>, text: &str, program: &str) -> Option<Range<usize>> {
    let found = text
        .lines()
        .filter_map(|line| mapping(line, program))
        .find(|found| found.offset <= part.start && part.end - found.offset <= found.range.len())?;
    let address = |offset: usize| found.range.start + (offset - found.offset);
    let start = address(part.start).next_multiple_of(page_size());
    let end = address(part.end) / page_size() * page_size();
    (start < end).then_some(start..end)
}

/// Whether no page of a part of /proc/self/pagemap is the process's own.
fn only_file(states: &[u8]) -> bool {
    states.chunks_exact(8).all(|bytes| {
        let state = number(bytes, 0, 8) as u64;
        state & (PRESENT | SWAPPED) == 0 || state & (PRESENT | OF_FILE) == PRESENT | OF_FILE
    })
}

/// Returns the offsets in an ELF file of the section of this name, which ends with a zero byte.
fn section(file: &File, name: &[u8]) -> io::Result<Option<Range<usize>>> {
    let mut header = [0; 64];
    file.read_exact_at(&mut header, 0)?;
    let (size, count) = (number(&header, 58, 2), number(&header, 60, 2));
    if size < 64 {
        return Ok(None);
    }
    let mut sections = vec![0; size * count];
    file.read_exact_at(&mut sections, number(&header, 40, 8) as u64)?;
    let sections: Vec<&[u8]> = sections.chunks_exact(size).collect();
    let Some(names) = sections.get(number(&header, 62, 2)) else {
        return Ok(None);
    };
    let mut text = vec![0; number(names, 32, 8)];
    file.read_exact_at(&mut text, number(names, 24, 8) as u64)?;
    let found = sections.iter().find(|section| {
        text.get(number(section, 0, 4)..)
            .is_some_and(|text| text.starts_with(name))
    });
    Ok(found.map(|section| {
        let start = number(section, 24, 8);
        start..start + number(section, 32, 8)
    }))
}

/// Returns the little-endian number of `length` bytes at an offset.
fn number(bytes: &[u8], offset: usize, length: usize) -> usize {
    bytes[offset..offset + length]
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

fn page_size() -> usize {
    rustix::param::page_size()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_found_by_its_name() {
        let file = File::open("/proc/self/exe").unwrap();
        let range = section(&file, b".comment\0").unwrap().unwrap();
        let mut text = vec![0; range.len()];
        file.read_exact_at(&mut text, range.start as u64).unwrap();
        assert!(String::from_utf8_lossy(&text).contains("rustc"));
        assert_eq!(section(&file, b".none\0").unwrap(), None);
    }

    #[test]
    fn the_range_of_a_section_has_whole_pages() {
        let text = "06867000-077a5000 rw-p 0665e000 fe:00 106   /opt/a b\nSize: 4 kB\n";
        let page = page_size();
        let range = range_of(&(0x681_9001..0x759_b0f4), text, "/opt/a b").unwrap();
        assert_eq!(
            range,
            (0x6a2_2001_usize).next_multiple_of(page)..0x77a_40f4 / page * page
        );
        assert_eq!(range_of(&(0x681_9000..0x759_d000), text, "/opt/a b"), None);
        assert_eq!(range_of(&(0x681_9000..0x759_b0f4), text, "/opt/c"), None);
        assert_eq!(range_of(&(0x681_9001..0x681_9002), text, "/opt/a b"), None);
    }

    #[test]
    fn a_page_of_the_process_keeps_the_scripts() {
        let states =
            |second: u64| [(PRESENT | OF_FILE).to_le_bytes(), second.to_le_bytes()].concat();
        assert!(only_file(&states(0)));
        assert!(only_file(&states(PRESENT | OF_FILE | 1)));
        assert!(!only_file(&states(PRESENT)));
        assert!(!only_file(&states(SWAPPED)));
    }
}
