//! Requests to the zygote, and its workers.

use std::os::fd::AsFd;

use protocol::work::{FromWorker, WorkRequest};
use protocol::zygote::{FromZygote, ToZygote};
use sys::seqpacket;

use crate::support::messages::{patient, receive, send};
use crate::support::zygote::Zygote;

#[test]
fn a_malformed_message_closes_only_its_connection() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let pid = zygote.pid();
    let launch =
        serde_json::to_vec(&ToZygote::Launch(Box::new(zygote.request(&["true"])))).unwrap();
    let mut bad_id = zygote.request(&["true"]);
    bad_id.id = "../".repeat(21) + "x";
    let bad_id = serde_json::to_vec(&ToZygote::Launch(Box::new(bad_id))).unwrap();
    let cases: Vec<(Vec<u8>, usize)> = vec![
        (b"".to_vec(), 0),
        (b"{}".to_vec(), 0),
        (b"\0\xff".to_vec(), 3),
        (b"[".repeat(60_000), 0),
        (vec![b' '; 70_000], 0),
        (vec![1], 0),
        (vec![1], 1),
        (b"{\"type\":\"dance\"}".to_vec(), 250),
        (b"{\"type\":\"hello\"}".to_vec(), 1),
        (
            b"{\"type\":\"work\",\"operation\":\"remove\",\"paths\":[]}".to_vec(),
            0,
        ),
        (launch.clone(), 0),
        (launch, 2),
        (bad_id, 1),
    ];
    for (text, count) in cases {
        let connection = zygote.connect();
        let (_ours, theirs) = seqpacket::pair().unwrap();
        let descriptors = vec![theirs.as_fd(); count];
        send_raw(&connection, &text, &descriptors);
        if let Some(answer) = receive::<FromZygote>(&connection) {
            let FromZygote::Refused(failure) = answer else {
                panic!("{answer:?}");
            };
            assert!(!failure.message.is_empty());
            assert_eq!(receive::<FromZygote>(&connection), None);
        }
    }
    assert_eq!(zygote.pid(), pid);
    let (container, _) = zygote.launch(zygote.request(&["true"]), &[]);
    container.started();
    assert_eq!(container.exited().code, 0);
}

fn send_raw(
    connection: &std::os::fd::OwnedFd,
    text: &[u8],
    descriptors: &[std::os::fd::BorrowedFd<'_>],
) {
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(253))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        assert!(control.push(SendAncillaryMessage::ScmRights(descriptors)));
    }
    let parts = [std::io::IoSlice::new(text)];
    sendmsg(connection, &parts, &mut control, SendFlags::empty()).unwrap();
}

#[test]
fn a_worker_answers_and_ends() {
    let Some(zygote) = Zygote::start() else {
        return;
    };
    let (ours, theirs) = seqpacket::pair().unwrap();
    let ours = patient(ours);
    let request = WorkRequest::Remove {
        paths: vec!["containers/none".to_owned()],
    };
    send(
        &zygote.connection,
        &ToZygote::Work(request),
        &[theirs.as_fd()],
    );
    drop(theirs);
    loop {
        match receive(&ours) {
            Some(FromWorker::Progress { .. }) => {}
            Some(answer) => {
                assert_eq!(answer, FromWorker::Removed);
                break;
            }
            None => panic!("the worker left without a word"),
        }
    }
    assert_eq!(receive::<FromWorker>(&ours), None);
}
