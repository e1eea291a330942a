//! Users and groups of the container's passwd and group files.

use protocol::failure::{Failure, FailureKind};

use crate::failure::explained;

/// The user and groups of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
    /// Supplementary groups including the primary one, as login sets them.
    pub groups: Vec<u32>,
    pub home: String,
}

/// Highest id in a user string.
const HIGHEST_ID: u32 = i32::MAX as u32;

/// Resolves Docker's `name|uid[:group|gid]` against the contents of passwd and group files. A name must be in
/// them, a number need not. Without a group, the account has the user's primary group and all groups the user is
/// a member of.
pub fn resolve(
    user: &str,
    extra_groups: &[String],
    passwd: &str,
    group: &str,
) -> Result<Account, Failure> {
    let (user_part, group_part) = match user.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (user, None),
    };
    let login = login(user_part, passwd)?;
    let mut account = Account {
        uid: login.uid,
        gid: login.gid,
        groups: Vec::new(),
        home: login.home,
    };
    match group_part {
        Some(part) if !part.is_empty() => account.gid = group_id(part, group)?,
        _ => {
            let memberships =
                groups(group).filter(|line| line.members.split(',').any(|name| name == login.name));
            if !login.name.is_empty() {
                account.groups.extend(memberships.map(|line| line.gid));
            }
        }
    }
    for name in extra_groups {
        account.groups.push(group_id(name, group)?);
    }
    account.groups.insert(0, account.gid);
    let mut seen = Vec::new();
    account.groups.retain(|gid| {
        let new = !seen.contains(gid);
        seen.push(*gid);
        new
    });
    Ok(account)
}

/// Returns the primary group of a user of the passwd file.
pub fn primary_group(uid: u32, passwd: &str) -> Option<u32> {
    let mut users = passwd.lines().filter_map(parse_passwd);
    users.find(|line| line.uid == uid).map(|line| line.gid)
}

struct Login {
    name: String,
    uid: u32,
    gid: u32,
    home: String,
}

fn login(user: &str, passwd: &str) -> Result<Login, Failure> {
    let wanted = if user.is_empty() { "0" } else { user };
    let number = id(wanted)?;
    let line = passwd
        .lines()
        .filter_map(parse_passwd)
        .find(|line| match number {
            Some(uid) => line.uid == uid,
            None => line.name == wanted,
        });
    match (line, number) {
        (Some(line), _) => Ok(line),
        (None, Some(uid)) => Ok(Login {
            name: String::new(),
            uid,
            gid: 0,
            home: "/".to_owned(),
        }),
        (None, None) => Err(missing(format!(
            "unable to find user {wanted}: no matching entries in passwd file"
        ))),
    }
}

fn parse_passwd(line: &str) -> Option<Login> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, uid, gid, _, home, ..] = fields[..] else {
        return None;
    };
    Some(Login {
        name: name.to_owned(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        home: if home.is_empty() {
            "/".to_owned()
        } else {
            home.to_owned()
        },
    })
}

struct Group<'file> {
    name: &'file str,
    gid: u32,
    members: &'file str,
}

fn groups(file: &str) -> impl Iterator<Item = Group<'_>> {
    file.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let gid = fields.nth(1)?.parse().ok()?;
        Some(Group {
            name,
            gid,
            members: fields.next().unwrap_or_default(),
        })
    })
}

fn group_id(wanted: &str, file: &str) -> Result<u32, Failure> {
    if let Some(gid) = id(wanted)? {
        return Ok(gid);
    }
    let found = groups(file)
        .find(|line| line.name == wanted)
        .map(|line| line.gid);
    found.ok_or_else(|| {
        missing(format!(
            "unable to find group {wanted}: no matching entries in group file"
        ))
    })
}

/// Parses a numeric id. Text of digits that is out of range is an error, never a name.
fn id(text: &str) -> Result<Option<u32>, Failure> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    match text.parse::<u32>() {
        Ok(number) if number <= HIGHEST_ID => Ok(Some(number)),
        _ => Err(missing(format!(
            "uids and gids must be in range 0-{HIGHEST_ID}: {text}"
        ))),
    }
}

fn missing(message: String) -> Failure {
    explained(FailureKind::InvalidArgument, "user", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n77:x:5:6::/odd:/bin/sh\nbroken\n";
    const GROUP: &str = "root:x:0:\napp:x:1000:\naudio:x:29:app,other\ngrp2:x:2000:app\n";

    fn account(user: &str) -> Result<(u32, u32, Vec<u32>, String), String> {
        resolve(user, &[], PASSWD, GROUP)
            .map(|found| (found.uid, found.gid, found.groups, found.home))
            .map_err(|failure| failure.message)
    }

    #[test]
    fn user_strings_resolve_as_docker_does() {
        let cases = [
            ("", 0, 0, vec![0], "/root"),
            ("root", 0, 0, vec![0], "/root"),
            ("1234", 1234, 0, vec![0], "/"),
            ("1234:5", 1234, 5, vec![5], "/"),
            ("app", 1000, 1000, vec![1000, 29, 2000], "/home/app"),
            ("1000", 1000, 1000, vec![1000, 29, 2000], "/home/app"),
            ("app:grp2", 1000, 2000, vec![2000], "/home/app"),
            (":29", 0, 29, vec![29], "/root"),
            ("1:", 1, 0, vec![0], "/"),
            ("2147483647", 2_147_483_647, 0, vec![0], "/"),
        ];
        for (user, uid, gid, groups, home) in cases {
            assert_eq!(
                account(user),
                Ok((uid, gid, groups, home.to_owned())),
                "{user:?}"
            );
        }
    }

    #[test]
    fn an_unknown_user_is_refused_and_never_root() {
        for user in [
            "nosuch",
            "-1",
            "4294967295",
            "4294967296",
            "2147483648",
            "1e3",
            "0x0",
            "٣",
            " 1",
            "app:nosuch",
        ] {
            assert!(account(user).is_err(), "{user:?}");
        }
        assert_eq!(
            account("nosuch"),
            Err("unable to find user nosuch: no matching entries in passwd file".to_owned())
        );
    }

    #[test]
    fn root_needs_no_passwd_file() {
        assert_eq!(resolve("0", &[], "", "").map(|found| found.uid), Ok(0));
    }

    #[test]
    fn additional_groups_follow_the_users_groups() {
        let found = resolve("1234", &["audio".to_owned(), "7".to_owned()], PASSWD, GROUP);
        assert_eq!(found.map(|found| found.groups), Ok(vec![0, 29, 7]));
    }
}
