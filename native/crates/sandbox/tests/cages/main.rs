//! The cages of tbox's own processes, tried from inside: a process confines itself as the real one does, then attempts
//! what a program that has taken it over would attempt. The expected outcomes are in the text files of this directory.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod attempts;
mod child;

use std::fs::{self, File};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use attempts::Attempts;
use sandbox::privileges::{host_lookup, net_helper, worker};

/// A name, and the function that confines the process and makes the attempts.
type Cage = (&'static str, fn() -> Attempts);

fn main() -> ExitCode {
    // `cargo test` passes filters and options of its harness.
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    // The attempts of root would succeed on the machine's own files where a cage does not hold.
    if rustix::process::geteuid().is_root() {
        println!("skipped: root is not an ordinary user; run this test as one");
        return ExitCode::SUCCESS;
    }
    let cages: [Cage; 3] = [
        ("net-helper", in_net_helper),
        ("worker", in_worker),
        ("host-lookup", in_host_lookup),
    ];
    let mut code = ExitCode::SUCCESS;
    for (name, cage) in cages {
        match child::outcomes(cage) {
            None => println!("skipped {name}: the machine has no user namespaces"),
            Some(found) if is_expected(name, &found) => println!("ok {name}"),
            Some(_) => code = ExitCode::FAILURE,
        }
    }
    code
}

/// Compares the outcomes with the file of the cage, or writes the file if `TBOX_TEST_UPDATE` is set.
fn is_expected(name: &str, found: &str) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cages/{name}.txt"));
    if std::env::var_os("TBOX_TEST_UPDATE").is_some() {
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    for (expected, found) in expected.lines().zip(found.lines()) {
        if expected != found {
            println!("{name}: expected {expected:?}, found {found:?}");
        }
    }
    if expected != found {
        println!("FAILED {name}: {}", path.display());
    }
    expected == found
}

fn in_net_helper() -> Attempts {
    let mut attempts = Attempts::prepare(None);
    net_helper::confine().unwrap();
    net_helper::confine_calls().unwrap();
    attempts.rights();
    attempts.files();
    attempts.kernel_parameters();
    attempts.sockets();
    attempts.processes();
    attempts.namespaces_and_mounts();
    attempts
}

fn in_worker() -> Attempts {
    let scene = Scene::create();
    let own = scene.open("own");
    let mut attempts = Attempts::prepare(Some(scene.open("own")));
    worker::confine(&[own.as_fd()]).unwrap();
    attempts.of_every_cage();
    attempts
}

fn in_host_lookup() -> Attempts {
    let mut attempts = Attempts::prepare(None);
    host_lookup::confine().unwrap();
    attempts.of_every_cage();
    attempts
}

/// A directory of a request, and a file of the user beside it.
struct Scene {
    root: PathBuf,
}

impl Scene {
    fn create() -> Self {
        let root = child::scratch(std::process::id());
        fs::create_dir_all(root.join("own")).unwrap();
        fs::write(root.join("secret"), "of the user").unwrap();
        fs::write(root.join("own/file"), "of the request").unwrap();
        Self { root }
    }

    fn open(&self, name: &str) -> File {
        File::open(self.root.join(name)).unwrap()
    }
}
