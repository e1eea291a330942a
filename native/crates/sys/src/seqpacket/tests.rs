use super::*;
use std::io::{Read, Write};

fn directory(name: &str) -> (std::path::PathBuf, OwnedFd) {
    let path = std::env::temp_dir().join(format!("tbox-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    let descriptor = OwnedFd::from(std::fs::File::open(&path).unwrap());
    (path, descriptor)
}

#[test]
fn text_and_descriptors_arrive_together() {
    let (left, right) = pair().unwrap();
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    send(left.as_fd(), b"{}", &[writer.as_fd()], Flags::empty()).unwrap();
    drop(writer);
    let mut received = receive(right.as_fd()).unwrap().unwrap();
    assert_eq!(received.text, b"{}");
    let mut writer = std::fs::File::from(received.descriptors.pop().unwrap());
    assert!(received.descriptors.is_empty());
    assert!(
        rustix::io::fcntl_getfd(&writer)
            .unwrap()
            .contains(rustix::io::FdFlags::CLOEXEC)
    );
    writer.write_all(b"x").unwrap();
    drop(writer);
    let mut text = String::new();
    std::fs::File::from(reader)
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "x");
}

#[test]
fn texts_around_the_limits_arrive_complete_with_their_descriptors() {
    for size in [1, INLINE_LIMIT - 1, INLINE_LIMIT, INLINE_LIMIT + 1, 1 << 20] {
        let (left, right) = pair().unwrap();
        let text = vec![b'a'; size];
        send(left.as_fd(), &text, &[left.as_fd()], Flags::DONT_WAIT).unwrap();
        let received = receive(right.as_fd()).unwrap().unwrap();
        assert_eq!(received.text, text);
        assert_eq!(received.descriptors.len(), 1);
    }
    let (left, right) = pair().unwrap();
    send(left.as_fd(), &[SPILLED], &[], Flags::empty()).unwrap();
    assert_eq!(receive(right.as_fd()).unwrap().unwrap().text, [SPILLED]);
    let text = vec![b'a'; SPILLED_LIMIT as usize + 1];
    assert!(matches!(
        send(left.as_fd(), &text, &[], Flags::empty()),
        Err(Error::TooLong(_))
    ));
}

#[test]
fn a_spilled_message_without_a_sealed_file_is_refused() {
    let (left, right) = pair().unwrap();
    rustix::net::send(&left, &[SPILLED], rustix::net::SendFlags::empty()).unwrap();
    assert!(matches!(receive(right.as_fd()), Err(Error::NoMemoryFile)));
    send_datagram(left.as_fd(), &[SPILLED], &[left.as_fd()], Flags::empty()).unwrap();
    assert!(matches!(
        receive(right.as_fd()),
        Err(Error::MemoryFile(memfd::Error::NotSealed))
    ));
}

#[test]
fn a_datagram_over_the_limit_is_an_error_and_not_cut() {
    let (left, right) = pair().unwrap();
    send_datagram(
        left.as_fd(),
        &vec![b'a'; INLINE_LIMIT + 1],
        &[],
        Flags::empty(),
    )
    .unwrap();
    assert!(matches!(receive(right.as_fd()), Err(Error::Truncated)));
}

#[test]
fn the_end_of_a_connection_differs_from_an_empty_queue() {
    let (left, right) = pair().unwrap();
    assert!(matches!(
        receive_ready(right.as_fd()),
        Err(Error::WouldBlock)
    ));
    while send(left.as_fd(), b"{}", &[], Flags::DONT_WAIT).is_ok() {}
    assert!(matches!(
        send(left.as_fd(), b"{}", &[], Flags::DONT_WAIT),
        Err(Error::WouldBlock)
    ));
    drop(right);
    assert!(matches!(
        send(left.as_fd(), b"{}", &[], Flags::empty()),
        Err(Error::Closed)
    ));
    let (left, right) = pair().unwrap();
    drop(left);
    assert!(receive(right.as_fd()).unwrap().is_none());
}

#[test]
fn the_last_message_of_a_peer_with_unread_messages_is_not_lost() {
    let (left, right) = pair().unwrap();
    send(right.as_fd(), b"unread", &[], Flags::empty()).unwrap();
    send(left.as_fd(), b"last", &[], Flags::empty()).unwrap();
    drop(left);
    assert_eq!(receive(right.as_fd()).unwrap().unwrap().text, b"last");
    assert!(receive(right.as_fd()).unwrap().is_none());
}

#[test]
fn a_listener_is_private_and_replaces_an_old_socket() {
    use std::os::unix::fs::PermissionsExt;
    let (path, directory) = directory(&format!("listen-{}", "x".repeat(120)));
    drop(listen(directory.as_fd(), "a.sock", 4).unwrap());
    std::fs::write(path.join("a.sock~"), "").unwrap();
    let listener = listen(directory.as_fd(), "a.sock", 4).unwrap();
    let mode = std::fs::symlink_metadata(path.join("a.sock"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!path.join("a.sock~").exists());
    let client = connect(directory.as_fd(), "a.sock").unwrap();
    let server = accept(listener.as_fd(), true).unwrap();
    assert!(matches!(receive(server.as_fd()), Err(Error::WouldBlock)));
    send(client.as_fd(), b"{}", &[], Flags::empty()).unwrap();
    assert_eq!(receive(server.as_fd()).unwrap().unwrap().text, b"{}");
    std::fs::remove_dir_all(path).unwrap();
}
