//! The exchange with the daemon: copies streams and signals until the command ends.

use crate::buffer::Buffer;
use crate::frames::{Decoder, INPUT, INPUT_END, INPUT_FAILURE, Piece, Received, SIGNAL};
use crate::hand_over::hand_over;
use crate::kernel::{
    self, Descriptor, Errno, SignalSet, Start, Wait, catch, die_by, exit, ignore_broken_pipes,
    next_signal, open_file, poll,
};
use crate::outgoing::{LARGEST, Outgoing};

/// The signals that commands forward, as in `src/cli/terminal/signals.ts`: HUP, INT, QUIT, USR1, USR2, ALRM, TERM,
/// XCPU, XFSZ, VTALRM, PROF, IO.
const FORWARDED: SignalSet = SignalSet::of(&[1, 2, 3, 10, 12, 14, 15, 24, 25, 26, 27, 29]);

/// Exit status after a write to a closed pipe, as if SIGPIPE had ended the program.
const BROKEN_PIPE: u8 = 141;

/// Maximum number of bytes that a pipe takes without waiting once it is writable (`PIPE_BUF`).
const CHUNK: usize = 4096;

/// Seconds without an answer after which a stopped daemon is reported.
const PATIENCE: i64 = 5;

struct Session<'a> {
    start: &'a Start,
    socket: Descriptor,
    /// Process ID of the daemon.
    daemon: u32,
    answered: bool,
    outgoing: Outgoing,
    signals: Option<Descriptor>,
    reads_input: bool,
}

/// Exchanges frames until the command ends.
pub fn follow(start: &Start, socket: Descriptor, daemon: u32) -> ! {
    let mut session = Session {
        start,
        socket,
        daemon,
        answered: false,
        outgoing: Outgoing::new(),
        signals: None,
        reads_input: false,
    };
    let mut buffer = [0; 16 * 1024];
    let mut decoder = Decoder::default();
    loop {
        session.wait(None);
        let length = session.receive(&mut buffer);
        session.answered = true;
        let mut bytes = &buffer[..length];
        loop {
            match decoder.next(&mut bytes) {
                Ok(Some(piece)) => session.take(&piece),
                Ok(None) => break,
                Err(_) => session.lost(),
            }
        }
    }
}

impl Session<'_> {
    /// Receives bytes of the daemon; ends the program at the end of the connection.
    fn receive(&self, buffer: &mut [u8]) -> usize {
        loop {
            match kernel::read(self.socket, buffer) {
                Err(Errno::INTR) => {}
                Ok(0) | Err(_) => self.lost(),
                Ok(count) => return count,
            }
        }
    }

    fn take(&mut self, piece: &Piece) {
        match piece.kind {
            Received::HandOver => hand_over(self.start),
            Received::Exit => exit(piece.payload.first().copied().unwrap_or(0)),
            Received::ReadInput => self.reads_input = true,
            // Without the descriptor the signals end this program, and the container continues.
            Received::CatchSignals => self.signals = catch(FORWARDED).ok(),
            Received::DieBySignal => die_by(piece.payload.first().copied().unwrap_or(0)),
            Received::Stdout => self.write(Descriptor::STDOUT, piece, "stdout"),
            Received::Stderr => self.write(Descriptor::STDERR, piece, "stderr"),
            Received::Print => self.write(Descriptor::STDOUT, piece, ""),
            Received::Message => self.write(Descriptor::STDERR, piece, ""),
        }
    }

    /// Writes a piece of output. A failure ends this program like the Bun program.
    fn write(&mut self, to: Descriptor, piece: &Piece, name: &str) {
        ignore_broken_pipes();
        let mut rest = piece.payload;
        while !rest.is_empty() {
            self.wait(Some(to));
            match kernel::write(to, &rest[..rest.len().min(CHUNK)]) {
                Ok(count) => rest = &rest[count..],
                Err(Errno::INTR | Errno::AGAIN) => {}
                // There is no other stream for a message, and the command has its own exit status.
                Err(_) if piece.kind == Received::Message => return,
                Err(Errno::PIPE) => exit(BROKEN_PIPE),
                Err(error) => fail_write(name, error),
            }
        }
    }

    /// Waits until `output` is writable, or without an output until the daemon has sent something. Meanwhile, passes on
    /// signals and input.
    fn wait(&mut self, output: Option<Descriptor>) {
        loop {
            let free = self.outgoing.is_empty();
            let socket = match output {
                None => Wait::to_read(self.socket).also_to_write(!free),
                Some(_) if free => Wait::NONE,
                Some(_) => Wait::to_write(self.socket),
            };
            let input = if free && self.reads_input {
                Wait::to_read(Descriptor::STDIN)
            } else {
                Wait::NONE
            };
            let signals = self
                .signals
                .filter(|_| free)
                .map_or(Wait::NONE, Wait::to_read);
            let target = output.map_or(Wait::NONE, Wait::to_write);
            let mut waits = [socket, signals, input, target];
            let limit = (!self.answered).then_some(PATIENCE);
            match poll(&mut waits, limit) {
                Err(_) => continue,
                Ok(true) => {}
                Ok(false) => self.refuse_stopped_daemon(),
            }
            let [socket, signals, input, target] = waits;
            if socket.writable() {
                let _ = self.outgoing.advance(self.socket);
            }
            if signals.ready() {
                self.pass_signal();
            }
            if input.ready() && self.outgoing.is_empty() {
                self.pass_input();
            }
            // The next call reports an error of the descriptor.
            if (output.is_none() && socket.ready()) || target.ready() || target.writable() {
                return;
            }
        }
    }

    fn pass_signal(&mut self) {
        if let Some(Ok(signal)) = self.signals.map(next_signal) {
            // The end of the connection is reported where it is read.
            let _ = self.outgoing.send_byte(SIGNAL, signal, self.socket);
        }
    }

    fn pass_input(&mut self) {
        let sent = match kernel::read(Descriptor::STDIN, &mut self.outgoing.room()[..LARGEST]) {
            Err(Errno::INTR | Errno::AGAIN) => return,
            Ok(0) => {
                self.reads_input = false;
                self.outgoing.send_byte(INPUT_END, 0, self.socket)
            }
            Ok(count) => self.outgoing.send(INPUT, count, self.socket),
            Err(error) => {
                self.reads_input = false;
                let number = u8::try_from(error.0).unwrap_or(u8::MAX);
                self.outgoing.send_byte(INPUT_FAILURE, number, self.socket)
            }
        };
        // The end of the connection is reported where it is read.
        let _ = sent;
    }

    /// Ends the program if a signal has stopped the daemon, as SIGSTOP does.
    fn refuse_stopped_daemon(&self) {
        if !is_stopped(self.daemon) {
            return;
        }
        let mut message = Buffer::<200>::new();
        message
            .push(b"tbox: the daemon is stopped: continue it (kill -CONT ")
            .push_number(self.daemon.into())
            .push(b") or end it (kill -KILL ")
            .push_number(self.daemon.into())
            .push(b")\n");
        let _ = kernel::write(Descriptor::STDERR, message.bytes());
        exit(if self.start.command() == Some(b"run") {
            125
        } else {
            1
        })
    }

    fn lost(&self) -> ! {
        let run = self.start.command() == Some(b"run");
        let text: &[u8] = if run {
            b"tbox: the daemon ended the connection before the container ended\n"
        } else {
            b"tbox: lost the connection to the daemon\n"
        };
        let _ = kernel::write(Descriptor::STDERR, text);
        exit(if run { 125 } else { 1 })
    }
}

/// Returns whether a signal has stopped a process.
fn is_stopped(process: u32) -> bool {
    let mut path = Buffer::<32>::new();
    path.push(b"/proc/")
        .push_number(process.into())
        .push(b"/stat\0");
    let mut line = [0; 256];
    let read = |path| kernel::read(open_file(path)?, &mut line);
    let Some(Ok(length)) = path.text().map(read) else {
        return false;
    };
    // The state follows the name, which is in parentheses and can contain any character.
    let line = &line[..length];
    let end = line.iter().rposition(|byte| *byte == b')');
    end.and_then(|end| line.get(end + 2)) == Some(&b'T')
}

/// Ends the program after a failed write; `name` is the stream of a container's output.
fn fail_write(name: &str, error: Errno) -> ! {
    let mut message = Buffer::<128>::new();
    message.push(b"tbox: ");
    if !name.is_empty() {
        message
            .push(b"cannot write to ")
            .push(name.as_bytes())
            .push(b": ");
    }
    match error.0 {
        28 => message.push(b"no space left on device"),
        122 => message.push(b"disk quota exceeded"),
        other => message
            .push(b"error ")
            .push_number(other.unsigned_abs().into()),
    };
    message.push(b"\n");
    let _ = kernel::write(Descriptor::STDERR, message.bytes());
    exit(if name.is_empty() { 1 } else { 125 })
}
