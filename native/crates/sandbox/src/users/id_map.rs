//! The mapped ids of a user namespace, and maps for its child namespaces.

use protocol::failure::{Failure, FailureKind};

use crate::failure::explained;

/// Highest number of lines that the kernel accepts in a map.
const LINE_LIMIT: usize = 340;

/// Mapped user or group ids, as ranges of a first id and a count. A line in the map of a child namespace must
/// not span two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdMap(Vec<(u32, u32)>);

impl IdMap {
    /// Reads a map of the calling process: `uid_map` or `gid_map`.
    pub fn read(name: &str) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(format!("/proc/self/{name}")).map_err(|error| {
            explained(
                FailureKind::System,
                "mapping",
                format!("read {name}: {error}"),
            )
        })?;
        Ok(Self::parse(&text))
    }

    fn parse(text: &str) -> Self {
        let parse = |line: &str| {
            let mut words = line.split_whitespace();
            Some((words.next()?.parse().ok()?, words.nth(1)?.parse().ok()?))
        };
        Self(text.lines().filter_map(parse).collect())
    }

    pub fn contains(&self, id: u32) -> bool {
        self.0
            .iter()
            .any(|(first, count)| id >= *first && id - first < *count)
    }

    /// Returns the map of a child namespace in which `id` and 0 are swapped and all other ids are unchanged. An id
    /// that is not mapped here replaces 0; the child namespace has no id 0 then.
    pub fn swapped(&self, id: u32) -> String {
        let mut lines = vec![(id, 0, 1)];
        if id != 0 && self.contains(id) {
            lines.push((0, id, 1));
        }
        for &(first, count) in &self.0 {
            let end = first.saturating_add(count);
            let mut next = first;
            for taken in [0, id] {
                if (next..end).contains(&taken) {
                    lines.push((next, next, taken - next));
                    next = taken + 1;
                }
            }
            lines.push((next, next, end - next));
        }
        lines
            .iter()
            .filter(|(_, _, count)| *count > 0)
            .take(LINE_LIMIT)
            .map(|(inside, outside, count)| format!("{inside} {outside} {count}\n"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> IdMap {
        IdMap::parse("0 1000 1\n1 100000 2000\n      2001     200000       1000\n")
    }

    #[test]
    fn an_id_and_0_are_swapped_and_no_line_spans_two_ranges() {
        let expected = "1000 0 1\n0 1000 1\n1 1 999\n1001 1001 1000\n2001 2001 1000\n";
        assert_eq!(map().swapped(1000), expected);
        let expected = "2001 0 1\n0 2001 1\n1 1 2000\n2002 2002 999\n";
        assert_eq!(map().swapped(2001), expected);
        let expected = "3000 0 1\n0 3000 1\n1 1 2000\n2001 2001 999\n";
        assert_eq!(map().swapped(3000), expected);
    }

    #[test]
    fn id_0_is_unchanged() {
        assert_eq!(map().swapped(0), "0 0 1\n1 1 2000\n2001 2001 1000\n");
    }

    #[test]
    fn an_unmapped_id_replaces_0() {
        assert_eq!(
            map().swapped(70_000),
            "70000 0 1\n1 1 2000\n2001 2001 1000\n"
        );
        assert_eq!(IdMap::parse("0 1000 1\n").swapped(1000), "1000 0 1\n");
    }

    #[test]
    fn ids_within_the_ranges_are_mapped() {
        assert!(map().contains(0) && map().contains(3000));
        assert!(!map().contains(3001));
    }
}
