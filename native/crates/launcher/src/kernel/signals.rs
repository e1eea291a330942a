//! Signals as records that are read from a descriptor.

use core::mem::zeroed;

use super::call::{Errno, call, number};
use super::descriptor::Descriptor;
use super::files::read;
use super::process::exit;

/// A set of signals, one bit each: signal 1 is the lowest.
#[derive(Clone, Copy)]
pub struct SignalSet(pub u64);

impl SignalSet {
    pub const fn of(signals: &[u8]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < signals.len() {
            bits |= 1 << (signals[at] - 1);
            at += 1;
        }
        Self(bits)
    }

    fn signals(self) -> impl Iterator<Item = u8> {
        (1..=64).filter(move |signal| self.0 & (1 << (signal - 1)) != 0)
    }
}

const BLOCK: usize = 0;
const UNBLOCK: usize = 1;
const DEFAULT: usize = 0;
const IGNORE: usize = 1;
const PIPE: u8 = 13;
/// `SFD_CLOEXEC`
const CLOSE_ON_EXEC: usize = 0o2_000_000;

/// `struct sigaction` of the kernel.
#[repr(C)]
struct Action {
    handler: usize,
    flags: usize,
    restorer: usize,
    mask: u64,
}

layout!(Action, "asm/signal.h: struct sigaction", 32,
    flags = "sa_flags" at 8, restorer = "sa_restorer" at 16, mask = "sa_mask" at 24);

/// Blocks signals and collects them; `next_signal` reads them from the descriptor.
pub fn catch(signals: SignalSet) -> Result<Descriptor, Errno> {
    change_mask(BLOCK, signals)?;
    // The kernel drops an ignored signal although it is blocked.
    for signal in signals.signals() {
        set_action(signal, DEFAULT)?;
    }
    let size = size_of::<SignalSet>();
    let arguments = [usize::MAX, &raw const signals as usize, size, CLOSE_ON_EXEC];
    // SAFETY: the kernel reads the set; the first argument, -1, asks for a new descriptor.
    unsafe { call(number::SIGNALFD4, arguments) }.and_then(Descriptor::opened)
}

/// Reads the number of a caught signal.
pub fn next_signal(from: Descriptor) -> Result<u8, Errno> {
    // `struct signalfd_siginfo` has 128 bytes and begins with the number.
    let mut record = [0_u8; 128];
    read(from, &mut record)?;
    Ok(record[0])
}

/// Lets writes to closed pipes fail instead of ending the program.
pub fn ignore_broken_pipes() {
    let _ = set_action(PIPE, IGNORE);
}

/// Ends the program by a signal, as if the signal had not been caught.
pub fn die_by(signal: u8) -> ! {
    if (1..=64).contains(&signal) {
        let _ = set_action(signal, DEFAULT);
        let _ = change_mask(UNBLOCK, SignalSet::of(&[signal]));
        // SAFETY: the calls take numbers only.
        let _ = unsafe { call(number::GETPID, []) }
            .and_then(|own| unsafe { call(number::KILL, [own, usize::from(signal)]) });
    }
    exit(128_u8.wrapping_add(signal))
}

fn change_mask(how: usize, signals: SignalSet) -> Result<(), Errno> {
    let arguments = [how, &raw const signals as usize, 0, size_of::<SignalSet>()];
    // SAFETY: the kernel reads the set.
    unsafe { call(number::SIGPROCMASK, arguments) }.map(|_| ())
}

fn set_action(signal: u8, handler: usize) -> Result<(), Errno> {
    // SAFETY: all bytes zero are a valid action.
    let action = Action {
        handler,
        ..unsafe { zeroed() }
    };
    let arguments = [
        usize::from(signal),
        &raw const action as usize,
        0,
        size_of::<u64>(),
    ];
    // SAFETY: the kernel reads the action, whose handler is one of the kernel's own.
    unsafe { call(number::SIGACTION, arguments) }.map(|_| ())
}
