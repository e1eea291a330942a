//! Names of files in messages.

/// Longest part of a name that a message repeats, in bytes.
const MAX_QUOTED: usize = 200;

/// Returns a name for a message: unchanged if it is printable, escaped if not, shortened if it is long.
pub fn quote(name: &[u8]) -> String {
    let shown = &name[..name.len().min(MAX_QUOTED)];
    let mut text = match std::str::from_utf8(shown) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => shown.escape_ascii().to_string(),
    };
    if shown.len() < name.len() {
        text.push('…');
    }
    text
}
