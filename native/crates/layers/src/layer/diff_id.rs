//! DiffIDs: digests of uncompressed layers.

/// Text that is not a diffID.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a diffID: expected sha256:<64 lower-case hex characters>")]
pub struct DiffIdError(String);

/// Returns the hexadecimal digits of a diffID.
pub fn parse_diff_id(diff_id: &str) -> Result<&str, DiffIdError> {
    diff_id
        .strip_prefix("sha256:")
        .filter(|hex| hex.len() == 64 && hex.bytes().all(is_lower_hex))
        .ok_or_else(|| DiffIdError(diff_id.to_owned()))
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}
