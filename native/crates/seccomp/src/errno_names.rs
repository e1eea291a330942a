//! Names of errno values, which Podman's profiles use.

/// Returns the number of an errno by its name.
pub fn number(name: &str) -> Option<i32> {
    (1..=133).find(|number| syscalls::Errno::new(*number).name() == Some(name))
}
