//! Reasons why a machine refuses user namespaces, and their remedies.

use std::fs;
use std::path::Path;

use protocol::failure::{Failure, FailureKind};
use rustix::io::Errno;

/// Returns the failure for a refusal, explained by the settings below `proc` (`/proc`).
pub fn refused(errno: Errno, proc: &Path) -> Failure {
    let setting = |name: &str| {
        let text = fs::read_to_string(proc.join("sys").join(name)).unwrap_or_default();
        text.trim().parse::<i64>().ok()
    };
    let message = if setting("user/max_user_namespaces") == Some(0) {
        "user namespaces are disabled by user.max_user_namespaces = 0; as root: \
         sysctl -w user.max_user_namespaces=65536"
    } else if setting("kernel/unprivileged_userns_clone") == Some(0) {
        "user namespaces are forbidden to ordinary users by kernel.unprivileged_userns_clone = 0; \
         as root: sysctl -w kernel.unprivileged_userns_clone=1"
    } else if setting("kernel/apparmor_restrict_unprivileged_userns") == Some(1) {
        "user namespaces are restricted by AppArmor \
         (kernel.apparmor_restrict_unprivileged_userns = 1); permit them to tbox with: \
         tbox doctor --apparmor-profile | sudo tee /etc/apparmor.d/tbox && \
         sudo apparmor_parser -r /etc/apparmor.d/tbox"
    } else if matches!(errno, Errno::NOSPC | Errno::USERS) {
        "the limit of user or mount namespaces is reached; as root: raise \
         user.max_user_namespaces and user.max_mnt_namespaces with sysctl"
    } else if matches!(errno, Errno::INVAL | Errno::NOSYS) {
        "the kernel was built without user namespaces (CONFIG_USER_NS)"
    } else {
        "the kernel refuses a user namespace, because a seccomp filter or a security module forbids it; \
         inside a container, allow unshare"
    };
    Failure {
        kind: FailureKind::System,
        step: "user-namespace".to_owned(),
        subject: None,
        errno: Some(errno.raw_os_error()),
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_names_the_setting_and_the_command_that_changes_it() {
        let cases = [
            (
                "user/max_user_namespaces",
                "0",
                Errno::NOSPC,
                "user.max_user_namespaces=65536",
            ),
            (
                "kernel/unprivileged_userns_clone",
                "0",
                Errno::PERM,
                "unprivileged_userns_clone=1",
            ),
            (
                "kernel/apparmor_restrict_unprivileged_userns",
                "1",
                Errno::ACCESS,
                "apparmor_parser",
            ),
            ("user/max_user_namespaces", "100", Errno::NOSPC, "limit"),
            ("user/max_user_namespaces", "100", Errno::PERM, "seccomp"),
        ];
        for (index, (file, value, errno, expected)) in cases.into_iter().enumerate() {
            let name = format!("tbox-diagnosis-{}-{index}", std::process::id());
            let proc = std::env::temp_dir().join(name);
            let path = proc.join("sys").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, format!("{value}\n")).unwrap();
            let failure = refused(errno, &proc);
            assert!(failure.message.contains(expected), "{}", failure.message);
            fs::remove_dir_all(proc).unwrap();
        }
    }
}
