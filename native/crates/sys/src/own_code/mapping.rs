//! The lines of /proc/self/smaps about the program.

use std::ops::Range;

pub(super) struct Mapping<'a> {
    pub range: Range<usize>,
    pub permissions: &'a str,
    /// The offset in the file.
    pub offset: usize,
}

/// Parses the first line of a mapping of the program.
pub(super) fn mapping<'a>(line: &'a str, program: &str) -> Option<Mapping<'a>> {
    let number = |text| usize::from_str_radix(text, 16).ok();
    let mut words = line.splitn(6, ' ');
    let (start, end) = words.next()?.split_once('-')?;
    let permissions = words.next()?;
    let offset = number(words.next()?)?;
    let path = words.nth(2)?.trim_start();
    (path == program).then_some(Mapping {
        range: number(start)?..number(end)?,
        permissions,
        offset,
    })
}
