//! Programs with and without a terminal.

use protocol::launch::Framing;
use protocol::monitor::ToMonitor;

use crate::support::streams::{
    attachment, demultiplex, read_all, read_until, terminal, write_and_end,
};
use crate::support::zygote::Zygote;

#[test]
fn a_terminal_has_its_size_at_the_start_and_is_resized() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let script = "stty size; trap 'stty size; exit 3' WINCH; echo ready; \
                  while :; do sleep 0.05; done";
    let mut request = zygote.request(&["sh", "-c", script]);
    request.process.tty = terminal(131, 47);
    request.process.open_stdin = true;
    let framed = attachment(false, true, true, Framing::Multiplexed);
    let raw = attachment(true, true, true, Framing::Raw);
    let (container, clients) = zygote.launch(request, &[raw, framed]);
    container.started();
    assert_eq!(read_until(&clients[0], "ready\r\n"), "47 131\r\nready\r\n");
    container.send(&ToMonitor::Resize {
        columns: 50,
        rows: 20,
    });
    assert_eq!(read_until(&clients[0], "\n"), "20 50\r\n");
    assert_eq!(read_all(&clients[0]), b"");
    let (stdout, stderr) = demultiplex(&read_all(&clients[1]));
    assert_eq!(
        String::from_utf8(stdout).unwrap(),
        "47 131\r\nready\r\n20 50\r\n"
    );
    assert!(stderr.is_empty());
    assert_eq!(container.exited().code, 3);
}

#[test]
fn no_output_of_a_terminal_is_lost_at_its_end() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    for _ in 0..20 {
        let script = "i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done";
        let mut request = zygote.request(&["sh", "-c", script]);
        request.process.tty = terminal(80, 24);
        let wants = attachment(false, true, true, Framing::Raw);
        let (container, clients) = zygote.launch(request, &[wants]);
        container.started();
        let expected: String = (0..2000).map(|n| format!("{n}\r\n")).collect();
        assert!(read_all(&clients[0]) == expected.as_bytes());
        assert_eq!(container.exited().code, 0);
    }
}

#[test]
fn a_program_without_tty_has_no_terminal() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let script = "test -t 0 || test -t 1 || test -t 2 || echo none; read line";
    let mut request = zygote.request(&["sh", "-c", script]);
    request.process.open_stdin = true;
    request.process.stdin_once = true;
    let wants = attachment(true, true, true, Framing::Raw);
    let (container, clients) = zygote.launch(request, &[wants]);
    container.started();
    assert_eq!(read_until(&clients[0], "\n"), "none\n");
    container.send(&ToMonitor::Resize {
        columns: 1,
        rows: 1,
    });
    write_and_end(&clients[0], b"");
    assert_eq!(read_all(&clients[0]), b"");
    assert_eq!(container.exited().code, 1);
}
