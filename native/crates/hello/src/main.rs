//! The program of the built-in `hello` image: prints a report about its container.

mod report;

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let text = report::report(
        std::path::Path::new("/"),
        std::env::var("TBOX_TRACE").ok().as_deref(),
    );
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
