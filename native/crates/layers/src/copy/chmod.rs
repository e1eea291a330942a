//! Changes of modes, as for chmod(1).

use protocol::failure::{Failure, FailureKind};

/// A change of a file's mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModeChange {
    Exactly(u32),
    Clauses(Vec<Clause>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Bits of the users that the clause is for.
    who: u32,
    operator: u8,
    permissions: Vec<u8>,
}

/// Bits of all permissions.
const ALL: u32 = 0o7777;

impl ModeChange {
    /// Parses an octal number or clauses like `u=rwX,go-w`.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let octal = !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
        if octal {
            let bits = u32::from_str_radix(text, 8)
                .ok()
                .filter(|bits| *bits <= ALL);
            return bits.map(Self::Exactly).ok_or_else(|| invalid(text));
        }
        let clauses = text.split(',').map(|clause| parse_clauses(clause, text));
        let clauses: Vec<Vec<Clause>> = clauses.collect::<Result<_, _>>()?;
        Ok(Self::Clauses(clauses.concat()))
    }

    /// Returns the new mode of a file or directory with the given one.
    pub fn apply(&self, mode: u32, directory: bool) -> u32 {
        match self {
            Self::Exactly(bits) => *bits,
            Self::Clauses(clauses) => clauses
                .iter()
                .fold(mode & ALL, |mode, clause| clause.apply(mode, directory)),
        }
    }
}

impl Clause {
    fn apply(&self, mode: u32, directory: bool) -> u32 {
        let mut bits = 0;
        for permission in &self.permissions {
            bits |= match permission {
                b'r' => 0o444,
                b'w' => 0o222,
                b'x' => 0o111,
                // Only if any user may execute the file already.
                b'X' if directory || mode & 0o111 != 0 => 0o111,
                b's' => 0o6000,
                b't' => 0o1000,
                b'u' => spread(mode >> 6),
                b'g' => spread(mode >> 3),
                b'o' => spread(mode),
                _ => 0,
            };
        }
        let bits = bits & self.who;
        match self.operator {
            b'+' => mode | bits,
            b'-' => mode & !bits,
            _ => mode & !self.who | bits,
        }
    }
}

/// Copies the permissions in the lowest three bits to user, group and others.
fn spread(bits: u32) -> u32 {
    (bits & 7) * 0o111
}

fn parse_clauses(text: &str, whole: &str) -> Result<Vec<Clause>, Failure> {
    let bytes = text.as_bytes();
    let named = bytes
        .iter()
        .take_while(|byte| b"ugoa".contains(byte))
        .count();
    let mut who = 0;
    for byte in &bytes[..named] {
        who |= match byte {
            b'u' => 0o4700,
            b'g' => 0o2070,
            b'o' => 0o1007,
            _ => ALL,
        };
    }
    if who == 0 {
        who = ALL;
    }
    let mut clauses: Vec<Clause> = Vec::new();
    for byte in &bytes[named..] {
        match (byte, clauses.last_mut()) {
            (b'+' | b'-' | b'=', _) => clauses.push(Clause {
                who,
                operator: *byte,
                permissions: Vec::new(),
            }),
            (b'r' | b'w' | b'x' | b'X' | b's' | b't' | b'u' | b'g' | b'o', Some(clause)) => {
                clause.permissions.push(*byte);
            }
            _ => return Err(invalid(whole)),
        }
    }
    if clauses.is_empty() {
        return Err(invalid(whole));
    }
    Ok(clauses)
}

fn invalid(text: &str) -> Failure {
    Failure {
        kind: FailureKind::InvalidArgument,
        step: "mode".to_owned(),
        subject: Some(text.to_owned()),
        errno: None,
        message: format!(
            "invalid chmod parameter: '{text}'. it should be octal string and between 0 and 07777, or clauses like u=rwX,go=rX"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_change_as_with_chmod() {
        let cases = [
            ("640", 0o755, false, 0o640),
            ("7777", 0, true, 0o7777),
            ("u=rwX,go=rX", 0o600, false, 0o644),
            ("u=rwX,go=rX", 0o700, false, 0o755),
            ("u=rwX,go=rX", 0o600, true, 0o755),
            ("+x", 0o644, false, 0o755),
            ("a-w", 0o666, false, 0o444),
            ("go=u", 0o750, false, 0o777),
            ("u+s,+t", 0o755, false, 0o5755),
            ("g+s", 0o755, true, 0o2755),
            ("o=", 0o777, false, 0o770),
            ("u=r+w", 0o100, false, 0o600),
        ];
        for (text, mode, directory, expected) in cases {
            let change = ModeChange::parse(text).unwrap();
            assert_eq!(change.apply(mode, directory), expected, "{text}");
        }
    }

    #[test]
    fn malformed_modes_are_refused() {
        for text in ["", "9z", "888", "10000", "u", "u=q", "x=r", "rw", "u=r,"] {
            assert!(ModeChange::parse(text).is_err(), "{text:?}");
        }
    }
}
