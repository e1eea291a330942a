//! Settings of terminals.

use std::os::fd::BorrowedFd;

use rustix::io::{Errno, Result};
use rustix::termios::{OptionalActions, OutputModes, tcgetattr, tcsetattr};

/// Switches the processing of output (`OPOST`). Without it, the terminal gets the bytes that a program writes.
pub fn set_output_processing(terminal: BorrowedFd<'_>, on: bool) -> Result<()> {
    let mut settings = tcgetattr(terminal)?;
    settings.output_modes.set(OutputModes::OPOST, on);
    loop {
        match tcsetattr(terminal, OptionalActions::Now, &settings) {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pty::{OpenptFlags, grantpt, openpt, unlockpt};
    use std::os::fd::AsFd;

    #[test]
    fn output_processing_is_switched_off_and_on() {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        for on in [false, true] {
            set_output_processing(terminal.as_fd(), on).unwrap();
            let modes = tcgetattr(&terminal).unwrap().output_modes;
            assert_eq!(modes.contains(OutputModes::OPOST), on);
        }
    }
}
