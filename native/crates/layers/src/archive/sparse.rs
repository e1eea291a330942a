//! Sparse maps in GNU's four formats: they list the stored ranges of files with holes.

use super::entry::Segment;
use super::header::{BLOCK, Block};
use super::number;

/// Maximum number of segments of a map. No other limit covers them.
const MAX_SEGMENTS: usize = 64 * 1024;

/// Size of a number in a map, in bytes.
const FIELD: usize = 12;

/// Reads the map in an old GNU header (type `S`). Returns whether another block of the map follows.
pub fn old_header(block: &Block, segments: &mut Vec<Segment>) -> Result<bool, &'static str> {
    table(&block[386..482], segments)?;
    Ok(block[482] != 0)
}

/// Returns the size of the file in an old GNU header, holes included.
pub fn old_size(block: &Block) -> Option<u64> {
    u64::try_from(number::field(&block[483..495])?).ok()
}

/// Reads another block of the map. Returns whether one more follows.
pub fn old_extension(block: &Block, segments: &mut Vec<Segment>) -> Result<bool, &'static str> {
    table(&block[..504], segments)?;
    Ok(block[504] != 0)
}

fn table(fields: &[u8], segments: &mut Vec<Segment>) -> Result<(), &'static str> {
    for pair in fields.chunks_exact(2 * FIELD) {
        if pair[0] == 0 || pair[FIELD] == 0 {
            break;
        }
        let value = |field| number::field(field).and_then(|value| u64::try_from(value).ok());
        let offset = value(&pair[..FIELD]).ok_or("a malformed offset")?;
        let length = value(&pair[FIELD..]).ok_or("a malformed length")?;
        push(segments, Segment { offset, length })?;
    }
    Ok(())
}

fn push(segments: &mut Vec<Segment>, segment: Segment) -> Result<(), &'static str> {
    if segments.len() == MAX_SEGMENTS {
        return Err("too many segments");
    }
    segments.push(segment);
    Ok(())
}

/// A parser of the map at the start of the data (format 1.0): lines of decimal numbers, the first of which is their
/// count, padded to whole blocks.
#[derive(Default)]
pub struct DataMap {
    line: Vec<u8>,
    count: Option<u64>,
    offset: Option<u64>,
    segments: Vec<Segment>,
}

impl DataMap {
    /// Parses a block and returns the map if it is complete.
    pub fn add(&mut self, block: &Block) -> Result<Option<Vec<Segment>>, &'static str> {
        for byte in block {
            if *byte != b'\n' {
                self.line.push(*byte);
                if self.line.len() > 20 {
                    return Err("a line that is not a number");
                }
                continue;
            }
            let value = number::decimal(&self.line).ok_or("a line that is not a number")?;
            self.line.clear();
            self.number(value)?;
            if self.count == Some(self.segments.len() as u64) {
                return Ok(Some(std::mem::take(&mut self.segments)));
            }
        }
        Ok(None)
    }

    fn number(&mut self, value: u64) -> Result<(), &'static str> {
        if self.count.is_none() {
            self.count = Some(value);
            return Ok(());
        }
        match self.offset.take() {
            None => self.offset = Some(value),
            Some(offset) => {
                let length = value;
                push(&mut self.segments, Segment { offset, length })?;
            }
        }
        Ok(())
    }
}

/// Refuses a map whose segments overlap, exceed the file's size, or do not add up to the size of the stored data.
pub fn check(segments: &[Segment], size: u64, stored: u64) -> Result<(), &'static str> {
    let mut end = 0;
    let mut total = 0u64;
    for segment in segments {
        if segment.offset < end {
            return Err("overlapping segments");
        }
        end = segment
            .offset
            .checked_add(segment.length)
            .filter(|end| *end <= size)
            .ok_or("a segment beyond the end of the file")?;
        total += segment.length;
    }
    if total != stored {
        return Err("segments that do not match the stored data");
    }
    Ok(())
}

/// Returns the bytes that fill the last block of data.
pub const fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}
