//! Accounts in /etc/passwd and /etc/group.

/// A user or group with its id, the third field of both files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub id: u32,
}

/// Parses the well-formed lines and ignores all others.
pub fn parse(text: &str) -> Vec<Account> {
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next().filter(|name| !name.is_empty())?;
            let id = fields.nth(1)?.parse().ok()?;
            Some(Account {
                name: name.to_owned(),
                id,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids_are_parsed_and_malformed_lines_ignored() {
        let text =
            "root:x:0:0:root:/root:/bin/sh\n# note\n+nis\nbad:x:y:0\nann:x:1000:1000::/:/bin/sh";
        let names: Vec<_> = parse(text).into_iter().map(|a| (a.name, a.id)).collect();
        assert_eq!(names, [("root".to_owned(), 0), ("ann".to_owned(), 1000)]);
    }
}
