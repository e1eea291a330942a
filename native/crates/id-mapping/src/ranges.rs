//! Subordinate id ranges in /etc/subuid, /etc/subgid and the output of `getsubids`.

use protocol::zygote::IdRange;

use crate::accounts::Account;

/// The ids `first` to `first + count - 1`. A range is never empty and never contains the invalid id 2^32 - 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub first: u32,
    pub count: u32,
}

impl Range {
    fn end(self) -> u64 {
        u64::from(self.first) + u64::from(self.count)
    }

    fn covers(self, id: u32) -> bool {
        self.first <= id && u64::from(id) < self.end()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("{location}: expected name:first:count")]
    Malformed { location: String },
    #[error("{location}: {text} is not a number")]
    NotANumber { location: String, text: String },
    #[error("{location}: the range is empty")]
    Empty { location: String },
    #[error("{location}: the range ends after the last id, 4294967294")]
    TooFar { location: String },
    #[error("{location}: the range contains id {id}, which belongs to {owner}")]
    Taken {
        location: String,
        id: u32,
        owner: String,
    },
    #[error("{location}: the range overlaps another one of the same user")]
    Overlap { location: String },
}

/// Parses the ranges of one user in lines of `owner:first:count`, in the file's order. A malformed line of the user is
/// an error, because ignoring it would map other ids than intended.
pub fn of_owner(text: &str, file: &str, owners: &[String]) -> Result<Vec<Range>, Error> {
    let mut ranges = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        let owner = line.split(':').next().unwrap_or_default();
        if line.starts_with('#') || !owners.iter().any(|name| name == owner) {
            continue;
        }
        let location = format!("{file} line {}", index + 1);
        let fields: Vec<&str> = line.split(':').collect();
        let &[_, first, count] = fields.as_slice() else {
            return Err(Error::Malformed { location });
        };
        let range = range(first, count, &location)?;
        push(&mut ranges, range, location)?;
    }
    Ok(ranges)
}

/// Parses the lines `index: name first count` that `getsubids` prints.
pub fn of_getsubids(text: &str) -> Result<Vec<Range>, Error> {
    let mut ranges = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let location = "getsubids".to_owned();
        let fields: Vec<&str> = line.split_whitespace().collect();
        let &[_, _, first, count] = fields.as_slice() else {
            return Err(Error::Malformed { location });
        };
        let range = range(first, count, &location)?;
        push(&mut ranges, range, location)?;
    }
    Ok(ranges)
}

/// Refuses ranges that contain the id of root, of the user, or of any account on the machine.
pub fn check_free(
    ranges: &[Range],
    file: &str,
    user: u32,
    accounts: &[Account],
) -> Result<(), Error> {
    let root = (0, "root".to_owned());
    let user = (user, "the user".to_owned());
    let others = accounts
        .iter()
        .map(|account| (account.id, account.name.clone()));
    for (id, owner) in [root, user].into_iter().chain(others) {
        if ranges.iter().any(|range| range.covers(id)) {
            let location = file.to_owned();
            return Err(Error::Taken {
                location,
                id,
                owner,
            });
        }
    }
    Ok(())
}

/// Returns the parts of the ranges that exist in a user namespace with this map.
pub fn clip(ranges: &[Range], map: &[IdRange]) -> Vec<Range> {
    let mut clipped = Vec::new();
    for range in ranges {
        for line in map {
            let first = range.first.max(line.inside);
            let end = range
                .end()
                .min(u64::from(line.inside) + u64::from(line.count));
            if let Ok(count) = u32::try_from(end.saturating_sub(first.into()))
                && count > 0
            {
                clipped.push(Range { first, count });
            }
        }
    }
    clipped
}

/// Returns the number of ids in the ranges.
pub fn total(ranges: &[Range]) -> u64 {
    ranges.iter().map(|range| u64::from(range.count)).sum()
}

/// Returns the first id for a new range: after every range in the files, and at least 100000.
pub fn first_unused(texts: &[&str]) -> u64 {
    let ends = texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| {
            let mut fields = line.trim().split(':').skip(1);
            let first: u64 = fields.next()?.parse().ok()?;
            let count: u64 = fields.next()?.parse().ok()?;
            first.checked_add(count)
        });
    ends.max().unwrap_or(0).max(100_000)
}

/// Parses `/proc/<pid>/uid_map` or `gid_map`.
pub fn id_map(text: &str) -> Vec<IdRange> {
    text.lines()
        .filter_map(|line| {
            let mut fields = line
                .split_whitespace()
                .map(|field| field.parse::<u32>().ok());
            Some(IdRange {
                inside: fields.next()??,
                outside: fields.next()??,
                count: fields.next()??,
            })
        })
        .collect()
}

fn range(first: &str, count: &str, location: &str) -> Result<Range, Error> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A number that does not fit into 64 bits is too large as well.
        let value = text.parse::<u64>().unwrap_or(u64::MAX);
        digits.then_some(value).ok_or_else(|| Error::NotANumber {
            location: location.to_owned(),
            text: text.to_owned(),
        })
    };
    let (first, count) = (number(first)?, number(count)?);
    let location = location.to_owned();
    if count == 0 {
        return Err(Error::Empty { location });
    }
    // The kernel reserves the last id, 2^32 - 1, for "no id".
    match first.checked_add(count) {
        Some(end) if end <= u64::from(u32::MAX) => {}
        _ => return Err(Error::TooFar { location }),
    }
    match (u32::try_from(first), u32::try_from(count)) {
        (Ok(first), Ok(count)) => Ok(Range { first, count }),
        _ => Err(Error::TooFar { location }),
    }
}

fn push(ranges: &mut Vec<Range>, new: Range, location: String) -> Result<(), Error> {
    let overlaps =
        |old: &Range| u64::from(old.first) < new.end() && u64::from(new.first) < old.end();
    if ranges.iter().any(overlaps) {
        return Err(Error::Overlap { location });
    }
    ranges.push(new);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners() -> Vec<String> {
        vec!["ann".to_owned(), "1000".to_owned()]
    }

    fn ranges(pairs: &[(u32, u32)]) -> Vec<Range> {
        pairs
            .iter()
            .map(|&(first, count)| Range { first, count })
            .collect()
    }

    #[test]
    fn the_users_ranges_are_parsed_in_order() {
        let cases: [(&str, &[(u32, u32)]); 9] = [
            ("", &[]),
            ("bob:100000:65536\n", &[]),
            ("ann:100000:65536", &[(100_000, 65536)]),
            ("1000:100000:65536\n", &[(100_000, 65536)]),
            ("# ann:1:2\n\nann:100000:65536\n", &[(100_000, 65536)]),
            (
                "ann:300000:10\nbob:1:1\nann:100000:20\n",
                &[(300_000, 10), (100_000, 20)],
            ),
            ("  ann:100000:65536\r\n", &[(100_000, 65536)]),
            ("annabel:1:1\nann:4294967294:1\n", &[(4_294_967_294, 1)]),
            ("bob:broken\nbob\nbob:0:0\nann:200000:1", &[(200_000, 1)]),
        ];
        for (text, expected) in cases {
            assert_eq!(
                of_owner(text, "f", &owners()).unwrap(),
                ranges(expected),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_malformed_line_of_the_user_is_refused_with_its_line_number() {
        let location = || "f line 1".to_owned();
        let malformed = || Error::Malformed {
            location: location(),
        };
        let not_a_number = |text: &str| Error::NotANumber {
            location: location(),
            text: text.to_owned(),
        };
        let too_far = || Error::TooFar {
            location: location(),
        };
        let empty = Error::Empty {
            location: location(),
        };
        let cases = [
            ("ann", malformed()),
            ("ann:100000", malformed()),
            ("ann:100000:1:2", malformed()),
            ("ann::65536", not_a_number("")),
            ("ann:x:65536", not_a_number("x")),
            ("ann:+1:65536", not_a_number("+1")),
            ("ann:-1:65536", not_a_number("-1")),
            ("ann:100000:0x10", not_a_number("0x10")),
            ("ann:100000: 10", not_a_number(" 10")),
            ("ann:100000:0", empty),
            ("ann:4294967295:1", too_far()),
            ("ann:1:4294967295", too_far()),
            ("ann:18446744073709551615:2", too_far()),
            ("ann:99999999999999999999999:2", too_far()),
        ];
        for (text, expected) in cases {
            assert_eq!(of_owner(text, "f", &owners()), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn overlapping_ranges_are_refused() {
        for text in [
            "ann:10:10\nann:19:1",
            "ann:10:10\n1000:5:6",
            "ann:10:10\nann:10:10",
        ] {
            let location = "f line 2".to_owned();
            assert_eq!(
                of_owner(text, "f", &owners()),
                Err(Error::Overlap { location })
            );
        }
        assert!(of_owner("ann:10:10\nann:20:5\nann:5:5", "f", &owners()).is_ok());
    }

    #[test]
    fn ranges_with_the_id_of_root_the_user_or_an_account_are_refused() {
        let accounts = [Account {
            name: "bob".to_owned(),
            id: 1500,
        }];
        for (first, count, taken) in [(0, 5, 0), (999, 2, 1000), (1001, 500, 1500)] {
            let error = check_free(&ranges(&[(first, count)]), "f", 1000, &accounts).unwrap_err();
            assert!(matches!(error, Error::Taken { id, .. } if id == taken));
        }
        assert!(check_free(&ranges(&[(1, 999), (1001, 499)]), "f", 1000, &accounts).is_ok());
    }

    #[test]
    fn ids_that_do_not_exist_in_the_namespace_are_removed() {
        let map = id_map("         0       1000          1\n         1     100000       1000\n");
        assert_eq!(clip(&ranges(&[(500, 65536)]), &map), ranges(&[(500, 501)]));
        assert_eq!(clip(&ranges(&[(100_000, 65536)]), &map), []);
        let whole = id_map("         0          0 4294967295\n");
        assert_eq!(
            clip(&ranges(&[(100_000, 65536)]), &whole),
            ranges(&[(100_000, 65536)])
        );
        let split = id_map("0 0 150000\n150000 200000 1000\n");
        let expected = ranges(&[(100_000, 50_000), (150_000, 1000)]);
        assert_eq!(clip(&ranges(&[(100_000, 65536)]), &split), expected);
    }

    #[test]
    fn the_output_of_getsubids_is_parsed() {
        let text = "0: ann 100000 65536\n1: ann 300000 10\n";
        assert_eq!(
            of_getsubids(text).unwrap(),
            ranges(&[(100_000, 65536), (300_000, 10)])
        );
        assert!(of_getsubids("No subgid ranges found").is_err());
        assert_eq!(of_getsubids("\n").unwrap(), []);
    }

    #[test]
    fn a_new_range_starts_after_all_others() {
        assert_eq!(first_unused(&["", "x"]), 100_000);
        assert_eq!(
            first_unused(&["a:100000:65536\n", "b:231072:65536"]),
            296_608
        );
    }
}
