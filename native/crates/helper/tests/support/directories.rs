//! Directories for a zygote: a store, a run directory, and a busybox root.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Returns the helper under test. `TBOX_HELPER` names another build of it, such as the static one.
pub fn helper() -> PathBuf {
    let built = env!("CARGO_BIN_EXE_tbox-helper");
    std::env::var_os("TBOX_HELPER").map_or_else(|| built.into(), PathBuf::from)
}

/// Number of the next directory or container.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Returns a number that no other directory or container of this process has.
pub fn next_number() -> u32 {
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// The directories of one zygote.
pub struct TestDirectories {
    pub directory: PathBuf,
}

impl TestDirectories {
    /// Creates the directories. Prints the reason and returns `None` where the machine cannot run the tests.
    pub fn create() -> Option<Self> {
        if rustix::process::geteuid().is_root() {
            let itself = std::env::current_exe().unwrap();
            println!(
                "skipped: containers belong to an ordinary user; run this test as one: \
                 setpriv --reuid=USER --regid=USER --init-groups {}",
                itself.display()
            );
            return None;
        }
        let Some(busybox) = ["/bin/busybox", "/usr/bin/busybox"]
            .into_iter()
            .find(|path| Path::new(path).exists())
        else {
            println!("skipped: there is no busybox");
            return None;
        };
        let number = next_number();
        let name = format!("tbox-helper-{}-{number}", std::process::id());
        let directories = Self {
            directory: std::env::temp_dir().join(name),
        };
        for path in [
            "store/containers",
            "store/layers",
            "run",
            "root/bin",
            "root/tmp",
        ] {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true).mode(0o700);
            builder.create(directories.directory.join(path)).unwrap();
        }
        let program = directories.root().join("bin/busybox");
        fs::copy(busybox, &program).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        for name in [
            "sh", "cat", "wc", "stty", "sleep", "true", "yes", "head", "grep", "echo",
        ] {
            std::os::unix::fs::symlink("busybox", directories.root().join("bin").join(name))
                .unwrap();
        }
        Some(directories)
    }

    pub fn store(&self) -> PathBuf {
        self.directory.join("store")
    }

    pub fn run(&self) -> PathBuf {
        self.directory.join("run")
    }

    pub fn root(&self) -> PathBuf {
        self.directory.join("root")
    }

    pub fn run_helper(&self) -> Output {
        Command::new(helper())
            .arg("zygote")
            .args([
                Path::new("--store"),
                &self.store(),
                Path::new("--run"),
                &self.run(),
            ])
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}
