//! A child process for each test: root of a new user and mount namespace.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use protocol::failure::{Failure, FailureKind};
use protocol::work::{FromWorker, Size, UnpackLimits, Unpacked, WorkRequest};
use protocol::zygote::{IdRange, Mapping, MappingMode};
use rustix::mount::{MountFlags, mount};

use super::tree;

const INSIDE: &str = "TBOX_TEST_INSIDE";

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    Range,
    Single,
}

/// Declares tests that run in the child with a [`Fixture`].
macro_rules! in_user_namespace {
    ($($(#[$attribute:meta])* fn $name:ident($fixture:ident: $ids:ident) $body:block)*) => {$(
        #[test]
        $(#[$attribute])*
        fn $name() {
            let name = concat!(module_path!(), "::", stringify!($name));
            $crate::support::fixture::run(
                name,
                $crate::support::fixture::Ids::$ids,
                |$fixture: $crate::support::fixture::Fixture| $body,
            );
        }
    )*};
}
pub(crate) use in_user_namespace;

pub fn run(test: &str, ids: Ids, body: impl FnOnce(Fixture)) {
    if std::env::var_os(INSIDE).is_some() {
        return body(Fixture::new());
    }
    let Some(mut command) = namespace(ids) else {
        return;
    };
    if !command
        .arg("true")
        .status()
        .is_ok_and(|status| status.success())
    {
        println!("skipped: this user cannot have a user namespace with such ids");
        return;
    }
    let (_, test) = test.split_once("::").unwrap();
    let mut command = namespace(ids).unwrap();
    let output = command
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            test,
            "--include-ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    print!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success(),
        "{test} failed inside: {}",
        output.status
    );
    let ran = String::from_utf8_lossy(&output.stdout).contains("1 passed");
    assert!(ran, "{test} did not run inside");
}

/// Returns a command that runs `unshare` as the test user, without the program.
fn namespace(ids: Ids) -> Option<Command> {
    let mut command = Command::new("setpriv");
    if rustix::process::geteuid().is_root() {
        let Ok(user) = std::env::var("TBOX_TEST_USER") else {
            println!("skipped: root is not an ordinary user; set TBOX_TEST_USER");
            return None;
        };
        command.args([format!("--reuid={user}"), format!("--regid={user}")]);
        command.arg("--init-groups");
    } else {
        command = Command::new("env");
    }
    command.args(["unshare", "--user", "--map-root-user", "--mount"]);
    if ids == Ids::Range {
        command.arg("--map-auto");
    }
    command.current_dir("/").process_group(0);
    Some(command)
}

/// A store and a tree outside of it, on a file system that exists as long as the process.
pub struct Fixture {
    pub root: PathBuf,
    pub store: OwnedFd,
    pub mapping: Mapping,
}

pub const LIMITS: UnpackLimits = UnpackLimits {
    bytes: 1 << 30,
    entries: 1_000_000,
};

impl Fixture {
    fn new() -> Self {
        let root = PathBuf::from("/mnt");
        mount(
            "tmpfs",
            &root,
            "tmpfs",
            MountFlags::empty(),
            Some(c"mode=755"),
        )
        .unwrap();
        let fixture = Self {
            store: make_store(&root),
            root,
            mapping: mapping(),
        };
        let outside = fixture.outside();
        std::fs::create_dir_all(outside.join("directory")).unwrap();
        std::fs::write(outside.join("secret"), "of the host").unwrap();
        std::fs::write(outside.join("directory/file"), "of the host").unwrap();
        fixture
    }

    /// Returns the path of a tree that no archive may change or read.
    pub fn outside(&self) -> PathBuf {
        self.root.join("outside")
    }

    pub fn unpack(&self, archive: &[u8]) -> Result<Unpacked, Failure> {
        self.unpack_as(archive, None, LIMITS)
    }

    pub fn unpack_as(
        &self,
        archive: &[u8],
        diff_id: Option<&str>,
        limits: UnpackLimits,
    ) -> Result<Unpacked, Failure> {
        let blob = self.root.join("blob");
        std::fs::write(&blob, archive).unwrap();
        self.unpack_from(File::open(&blob).unwrap().into(), diff_id, limits)
    }

    /// Unpacks a blob and checks that the staging directory is empty afterwards.
    pub fn unpack_from(
        &self,
        blob: OwnedFd,
        diff_id: Option<&str>,
        limits: UnpackLimits,
    ) -> Result<Unpacked, Failure> {
        let diff_id = diff_id.map(str::to_owned);
        let request = WorkRequest::Unpack {
            diff_id,
            limits,
            arriving: None,
        };
        let result = self.perform(&request, vec![blob]);
        let staging = self.root.join("store/layers/.staging");
        assert_eq!(std::fs::read_dir(staging).unwrap().count(), 0);
        match result? {
            FromWorker::Unpacked(unpacked) => Ok(unpacked),
            other => panic!("{other:?}"),
        }
    }

    /// Unpacks an archive, which must give no warning, and returns the path of its layer.
    pub fn layer(&self, archive: &[u8]) -> PathBuf {
        let unpacked = self.unpack(archive).unwrap();
        assert_eq!(unpacked.warnings, Vec::<String>::new());
        self.path(&unpacked)
    }

    pub fn path(&self, unpacked: &Unpacked) -> PathBuf {
        let hex = unpacked.diff_id.strip_prefix("sha256:").unwrap();
        self.root.join("store/layers/sha256").join(hex)
    }

    /// Unpacks an archive that must be refused as malformed, and returns the message.
    pub fn refuse(&self, archive: &[u8]) -> String {
        let failure = self.unpack(archive).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidImage, "{failure:?}");
        failure.message
    }

    pub fn perform(
        &self,
        request: &WorkRequest,
        descriptors: Vec<OwnedFd>,
    ) -> Result<FromWorker, Failure> {
        let store = self.store.as_fd();
        layers::requests::handle(store, request, descriptors, &self.mapping, &mut |_| {})
    }

    pub fn remove(&self, path: &str) -> Result<(), Failure> {
        let paths = vec![path.to_owned()];
        self.perform(&WorkRequest::Remove { paths }, Vec::new())
            .map(|_| ())
    }

    pub fn measure(&self, path: &str) -> Result<Size, Failure> {
        let paths = vec![path.to_owned()];
        match self.perform(&WorkRequest::Measure { paths }, Vec::new())? {
            FromWorker::Measured { sizes } => Ok(sizes[0]),
            other => panic!("{other:?}"),
        }
    }

    /// Mounts layers, base first, as a container sees them.
    pub fn view(&self, layers: &[PathBuf]) -> PathBuf {
        let view = self.fresh("view");
        // Overlayfs requires two lower directories.
        let mut lower = self.fresh("empty").display().to_string();
        for layer in layers {
            lower = format!("{}:{lower}", layer.display());
        }
        let options = std::ffi::CString::new(format!("lowerdir={lower},userxattr")).unwrap();
        mount(
            "overlay",
            &view,
            "overlay",
            MountFlags::RDONLY,
            Some(&*options),
        )
        .unwrap();
        view
    }

    /// Creates a directory with a new name.
    pub fn fresh(&self, prefix: &str) -> PathBuf {
        (0..)
            .map(|number| self.root.join(format!("{prefix}-{number}")))
            .find(|path| std::fs::create_dir(path).is_ok())
            .unwrap()
    }

    /// Runs `body` and checks that it changes nothing outside the store.
    pub fn guarding<T>(&self, case: &str, body: impl FnOnce() -> T) -> T {
        let before = tree::describe(&self.outside());
        let value = body();
        assert_eq!(tree::describe(&self.outside()), before, "{case}");
        value
    }
}

fn make_store(root: &Path) -> OwnedFd {
    let store = root.join("store");
    std::fs::create_dir(&store).unwrap();
    File::open(store).unwrap().into()
}

fn mapping() -> Mapping {
    let uids = ranges("/proc/self/uid_map");
    let total: u32 = uids.iter().map(|range| range.count).sum();
    Mapping {
        mode: if total == 1 {
            MappingMode::Single
        } else {
            MappingMode::Range
        },
        uids,
        gids: ranges("/proc/self/gid_map"),
        reason: None,
    }
}

fn ranges(map: &str) -> Vec<IdRange> {
    std::fs::read_to_string(map)
        .unwrap()
        .lines()
        .map(|line| {
            let numbers: Vec<u32> = line
                .split_whitespace()
                .map(|word| word.parse().unwrap())
                .collect();
            IdRange {
                inside: numbers[0],
                outside: numbers[1],
                count: numbers[2],
            }
        })
        .collect()
}
