//! Which descriptor an event is about: whose it is, which of theirs, and for pairs which side.

/// The parts of the helper that wait for descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Helper = 1,
    Copies,
    Uplink,
    Queue,
    Datagrams,
    Names,
    Questions,
    NameStreams,
    Ports,
    Visits,
}

const OWNERS: [Owner; 10] = [
    Owner::Helper,
    Owner::Copies,
    Owner::Uplink,
    Owner::Queue,
    Owner::Datagrams,
    Owner::Names,
    Owner::Questions,
    Owner::NameStreams,
    Owner::Ports,
    Owner::Visits,
];

const SHIFT: u32 = 56;

/// `index` is less than 2^55.
pub fn token(owner: Owner, index: u64, side: bool) -> u64 {
    (owner as u64) << SHIFT | index << 1 | u64::from(side)
}

/// The opposite of [`token`]; nothing for another number.
pub fn parts(token: u64) -> Option<(Owner, u64, bool)> {
    let owner = OWNERS
        .into_iter()
        .find(|owner| *owner as u64 == token >> SHIFT)?;
    let rest = token & ((1 << SHIFT) - 1);
    Some((owner, rest >> 1, rest & 1 == 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_out_as_they_went_in() {
        for owner in OWNERS {
            for (index, side) in [(0, false), (0, true), (123_456_789_012, true)] {
                assert_eq!(parts(token(owner, index, side)), Some((owner, index, side)));
            }
        }
        assert_eq!(parts(5), None);
    }
}
