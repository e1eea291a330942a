//! Owners that the user namespace can give a file.

use protocol::zygote::{IdRange, Mapping, MappingMode};

use super::problem::Problem;

/// Rule for the owners of extracted files.
pub struct OwnerPolicy<'m> {
    mapping: &'m Mapping,
    /// Owner of everything, whatever the archive says.
    fixed: Option<(u32, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Ids that are available. Root's ids need not be set, because a new file has them.
    Ids { uid: u32, gid: u32 },
    /// Ids that cannot be set because only one is available. They are recorded in an attribute of the file.
    Unavailable { uid: i64, gid: i64 },
}

impl<'m> OwnerPolicy<'m> {
    /// Keeps the owners of the archive.
    pub fn archive(mapping: &'m Mapping) -> Self {
        Self {
            mapping,
            fixed: None,
        }
    }

    /// Gives everything to one owner.
    pub fn fixed((uid, gid): (u32, u32), mapping: &'m Mapping) -> Self {
        Self {
            mapping,
            fixed: Some((uid, gid)),
        }
    }

    pub fn resolve(&self, uid: i64, gid: i64) -> Result<Owner, Problem> {
        let (uid, gid) = match self.fixed {
            Some((uid, gid)) => (i64::from(uid), i64::from(gid)),
            None => (uid, gid),
        };
        if self.mapping.mode == MappingMode::Single && (uid, gid) != (0, 0) {
            return Ok(Owner::Unavailable { uid, gid });
        }
        Ok(Owner::Ids {
            uid: mapped("uid", uid, &self.mapping.uids)?,
            gid: mapped("gid", gid, &self.mapping.gids)?,
        })
    }
}

fn mapped(kind: &'static str, id: i64, ranges: &[IdRange]) -> Result<u32, Problem> {
    u32::try_from(id)
        .ok()
        .filter(|id| {
            ranges.iter().any(|range| {
                id.checked_sub(range.inside)
                    .is_some_and(|n| n < range.count)
            })
        })
        .ok_or_else(|| Problem::Unmapped {
            kind,
            id,
            available: available(ranges),
        })
}

/// Returns `0-65535`, or several such ranges; adjacent ones are joined.
fn available(ranges: &[IdRange]) -> String {
    let mut spans: Vec<(u64, u64)> = ranges
        .iter()
        .filter(|range| range.count > 0)
        .map(|range| {
            let first = u64::from(range.inside);
            (first, first + u64::from(range.count) - 1)
        })
        .collect();
    spans.sort_unstable();
    spans.dedup_by(|next, span| {
        let adjacent = next.0 <= span.1 + 1;
        if adjacent {
            span.1 = span.1.max(next.1);
        }
        adjacent
    });
    spans
        .iter()
        .map(|(first, last)| format!("{first}-{last}"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(mode: MappingMode, counts: &[(u32, u32)]) -> Mapping {
        let ranges: Vec<_> = counts
            .iter()
            .map(|(inside, count)| IdRange {
                inside: *inside,
                outside: 100_000 + inside,
                count: *count,
            })
            .collect();
        Mapping {
            mode,
            uids: ranges.clone(),
            gids: ranges,
            reason: None,
        }
    }

    #[test]
    fn ids_inside_the_ranges_are_kept_and_others_are_refused_with_the_range() {
        let mapping = mapping(MappingMode::Range, &[(0, 1), (1, 65535)]);
        let owners = OwnerPolicy::archive(&mapping);
        let nobody = Owner::Ids {
            uid: 65534,
            gid: 65535,
        };
        assert_eq!(owners.resolve(65534, 65535).unwrap(), nobody);
        let error = owners.resolve(1_516_583_083, 1).unwrap_err().to_string();
        assert!(
            error.contains("1516583083") && error.contains("0-65535"),
            "{error}"
        );
        assert!(owners.resolve(0, 65536).is_err());
        assert!(owners.resolve(-1, 0).is_err());
        assert!(owners.resolve(1 << 32, 0).is_err());
    }

    #[test]
    fn other_owners_are_unavailable_where_only_one_id_exists() {
        let mapping = mapping(MappingMode::Single, &[(0, 1)]);
        let owners = OwnerPolicy::archive(&mapping);
        assert_eq!(owners.resolve(0, 0).unwrap(), Owner::Ids { uid: 0, gid: 0 });
        assert_eq!(
            owners.resolve(5, 0).unwrap(),
            Owner::Unavailable { uid: 5, gid: 0 }
        );
    }

    #[test]
    fn only_adjacent_ranges_are_joined() {
        let mapping = mapping(MappingMode::Range, &[(0, 10), (20, 5), (25, 5)]);
        assert_eq!(available(&mapping.uids), "0-9, 20-29");
    }
}
