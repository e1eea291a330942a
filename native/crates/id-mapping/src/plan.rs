//! Plans the mapping of the user namespace from the facts, without side effects.

use protocol::zygote::{IdRange, Mapping, MappingMode};

use crate::accounts::Account;
use crate::ranges::{self, Error, Range};

/// Number of ids that images expect besides root.
const EXPECTED: u64 = 65_536;

/// Ranges in a map besides root's: the kernel accepts 340 lines.
const MOST_LINES: usize = 339;

/// Facts about one kind of id: users or groups.
#[derive(Debug, Clone, Default)]
pub struct Kind {
    /// The user's own id of this kind.
    pub own: u32,
    /// Source of `ranges`: a file's path or `getsubids`.
    pub source: String,
    pub ranges: Vec<Range>,
    /// All accounts with an id of this kind on the machine.
    pub accounts: Vec<Account>,
    /// The map of the user namespace in which tbox runs.
    pub parent: Vec<IdRange>,
}

/// Facts about the machine and the user.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Name of the user for an administrator.
    pub user: String,
    pub users: Kind,
    pub groups: Kind,
    /// The first id after all ranges.
    pub first_unused: u64,
    /// A required program that is not installed.
    pub missing_program: Option<String>,
}

/// Returns the best possible mapping, with the reason if it is not complete.
pub fn plan(facts: &Facts) -> Result<Mapping, Error> {
    for kind in [&facts.users, &facts.groups] {
        ranges::check_free(&kind.ranges, &kind.source, kind.own, &kind.accounts)?;
    }
    if facts.users.ranges.is_empty() || facts.groups.ranges.is_empty() {
        let missing = match facts.users.ranges.is_empty() {
            true => "user",
            false => "group",
        };
        let reason = format!(
            "{} has no subordinate {missing} ids, so only one id exists; as root: {}",
            facts.user,
            remedy(facts)
        );
        return Ok(single(facts, reason));
    }
    if let Some(program) = &facts.missing_program {
        let reason = format!(
            "{program} is not installed, so only one id exists; install the package uidmap \
             (Debian, Ubuntu) or shadow-utils (Fedora, Arch: shadow)"
        );
        return Ok(single(facts, reason));
    }
    let users = ranges::clip(&facts.users.ranges, &facts.users.parent);
    let groups = ranges::clip(&facts.groups.ranges, &facts.groups.parent);
    if users.is_empty() || groups.is_empty() {
        let reason =
            "the subordinate ids do not exist in the user namespace in which tbox runs, so only one id exists; \
             give that namespace a range of 65536 ids"
                .to_owned();
        return Ok(single(facts, reason));
    }
    Ok(Mapping {
        mode: MappingMode::Range,
        reason: shortage(facts, &users, &groups),
        uids: lines(facts.users.own, &users),
        gids: lines(facts.groups.own, &groups),
    })
}

/// Returns the mapping in which root is the user and no other id exists.
pub fn single(facts: &Facts, reason: String) -> Mapping {
    Mapping {
        mode: MappingMode::Single,
        uids: lines(facts.users.own, &[]),
        gids: lines(facts.groups.own, &[]),
        reason: Some(reason),
    }
}

fn lines(own: u32, ranges: &[Range]) -> Vec<IdRange> {
    let mut lines = vec![IdRange {
        inside: 0,
        outside: own,
        count: 1,
    }];
    let mut inside: u32 = 1;
    for range in ranges.iter().take(MOST_LINES) {
        // The ranges together may have more ids than exist.
        let count = range.count.min(u32::MAX - inside);
        if count > 0 {
            let outside = range.first;
            lines.push(IdRange {
                inside,
                outside,
                count,
            });
            inside += count;
        }
    }
    lines
}

fn shortage(facts: &Facts, users: &[Range], groups: &[Range]) -> Option<String> {
    let (users, groups) = (ranges::total(users), ranges::total(groups));
    if users >= EXPECTED && groups >= EXPECTED {
        return None;
    }
    let listed = ranges::total(&facts.users.ranges).min(ranges::total(&facts.groups.ranges));
    let remedy = match listed >= EXPECTED {
        true => "give the user namespace in which tbox runs a range of 65536 ids".to_owned(),
        false => format!("as root: {}", remedy(facts)),
    };
    Some(format!(
        "only {users} subordinate user ids and {groups} group ids exist of the 65536 that images \
         expect; {remedy}"
    ))
}

fn remedy(facts: &Facts) -> String {
    let first = facts.first_unused;
    let last = first + EXPECTED - 1;
    format!(
        "usermod --add-subuids {first}-{last} --add-subgids {first}-{last} {}",
        facts.user
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(own: u32, ranges: &[(u32, u32)], parent: &str) -> Kind {
        Kind {
            own,
            source: "file".to_owned(),
            ranges: ranges
                .iter()
                .map(|&(first, count)| Range { first, count })
                .collect(),
            accounts: Vec::new(),
            parent: ranges::id_map(parent),
        }
    }

    fn facts(ranges: &[(u32, u32)], parent: &str) -> Facts {
        Facts {
            user: "ann".to_owned(),
            users: kind(1000, ranges, parent),
            groups: kind(100, ranges, parent),
            first_unused: 100_000,
            missing_program: None,
        }
    }

    const WHOLE: &str = "0 0 4294967295";

    fn triples(lines: &[IdRange]) -> Vec<(u32, u32, u32)> {
        lines
            .iter()
            .map(|line| (line.inside, line.outside, line.count))
            .collect()
    }

    #[test]
    fn ranges_follow_root_in_the_order_of_the_file() {
        let mapping = plan(&facts(&[(300_000, 60_000), (100_000, 10_000)], WHOLE)).unwrap();
        assert_eq!(mapping.mode, MappingMode::Range);
        assert_eq!(mapping.reason, None);
        let expected = [
            (0, 1000, 1),
            (1, 300_000, 60_000),
            (60_001, 100_000, 10_000),
        ];
        assert_eq!(triples(&mapping.uids), expected);
        assert_eq!(triples(&mapping.gids)[0], (0, 100, 1));
    }

    #[test]
    fn without_ranges_or_programs_only_one_id_exists_and_the_reason_names_the_remedy() {
        let mapping = plan(&facts(&[], WHOLE)).unwrap();
        assert_eq!(mapping.mode, MappingMode::Single);
        assert_eq!(triples(&mapping.uids), [(0, 1000, 1)]);
        let line = "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ann";
        assert!(mapping.reason.unwrap().contains(line));

        let mut facts = facts(&[(100_000, 65536)], WHOLE);
        facts.missing_program = Some("newuidmap".to_owned());
        let mapping = plan(&facts).unwrap();
        assert_eq!(mapping.mode, MappingMode::Single);
        assert!(mapping.reason.unwrap().contains("newuidmap"));
    }

    #[test]
    fn a_nested_namespace_maps_the_ids_that_it_has_and_reports_their_number() {
        let parent = "0 1000 1\n1 100000 1000\n";
        let mapping = plan(&facts(&[(500, 65536)], parent)).unwrap_err();
        assert!(matches!(mapping, Error::Taken { id: 1000, .. }));
        let mut nested = facts(&[(500, 65536)], parent);
        (nested.users.own, nested.groups.own) = (1, 1);
        let mapping = plan(&nested).unwrap();
        assert_eq!(triples(&mapping.uids), [(0, 1, 1), (1, 500, 501)]);
        assert!(
            mapping
                .reason
                .unwrap()
                .contains("only 501 subordinate user ids")
        );
        let mapping = plan(&facts(&[(100_000, 65536)], "1000 1000 1\n")).unwrap();
        assert_eq!(mapping.mode, MappingMode::Single);
    }

    #[test]
    fn ranges_with_too_many_ids_are_cut_at_the_last_id() {
        let ranges = [(2000, 4_000_000_000), (4_100_000_000, 100_000_000)];
        let mapping = plan(&facts(&ranges, WHOLE)).unwrap();
        let last = mapping.uids.last().unwrap();
        assert!(u64::from(last.inside) + u64::from(last.count) <= u64::from(u32::MAX));
    }
}
