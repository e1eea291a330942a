//! Input of clients for the program.

use std::io::Write;

use protocol::launch::Framing;

use crate::support::streams::{
    attachment, demultiplex, noise, read_all, read_until, write_and_end,
};
use crate::support::zygote::Zygote;

const MIB: usize = 1 << 20;

#[test]
fn the_end_of_a_clients_input_closes_stdin() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let mut request = zygote.request(&["sh", "-c", "cat | wc -c; echo done"]);
    request.process.open_stdin = true;
    request.process.stdin_once = true;
    let wants = attachment(true, true, true, Framing::Multiplexed);
    let (container, clients) = zygote.launch(request, &[wants]);
    container.started();
    write_and_end(&clients[0], &noise(MIB, 3));
    let (stdout, _) = demultiplex(&read_all(&clients[0]));
    assert_eq!(
        String::from_utf8(stdout).unwrap().trim(),
        format!("{MIB}\ndone")
    );
    assert_eq!(container.exited().code, 0);
}

#[test]
fn the_input_of_a_client_that_disconnects_at_once_is_read_completely() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let mut request = zygote.request(&["sh", "-c", "cat > /tmp/in; wc -c < /tmp/in"]);
    request.process.open_stdin = true;
    request.process.stdin_once = true;
    let output = attachment(false, true, true, Framing::Raw);
    let input = attachment(true, false, false, Framing::Raw);
    let (container, mut clients) = zygote.launch(request, &[output, input]);
    let client = clients.pop().unwrap();
    write_and_end(&client, &noise(100_000, 4));
    drop(client);
    container.started();
    assert_eq!(
        String::from_utf8(read_all(&clients[0])).unwrap().trim(),
        "100000"
    );
    assert_eq!(container.exited().code, 0);
}

#[test]
fn stdin_stays_open_for_the_next_client_without_stdin_once() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let mut request = zygote.request(&["cat"]);
    request.process.open_stdin = true;
    let wants = attachment(true, true, false, Framing::Raw);
    let (container, clients) = zygote.launch(request, &[wants]);
    container.started();
    write_and_end(&clients[0], b"one\n");
    assert_eq!(read_until(&clients[0], "\n"), "one\n");
    let next = container.attach(wants);
    (&next).write_all(b"two\n").unwrap();
    assert_eq!(read_until(&next, "\n"), "two\n");
    assert_eq!(read_until(&clients[0], "\n"), "two\n");
    container.kill();
    assert_eq!(container.exited().code, 137);
}
