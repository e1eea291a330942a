use super::*;
use std::os::fd::OwnedFd;
use sys::event::Interest;
use sys::watched::Watched;

#[derive(Debug)]
struct Pipe {
    reader: Watched,
    pinned: bool,
}

impl Flow for Pipe {
    fn watch(&mut self, poll: &Poll) -> Result<(), Errno> {
        self.reader.watch(poll, Some(Interest::READ))
    }

    fn may_expire(&self) -> bool {
        !self.pinned
    }
}

const ONE: FlowOwner = FlowOwner::Namespace(1);
const TWO: FlowOwner = FlowOwner::Namespace(2);

struct Table {
    poll: Poll,
    flows: Flows<u32, Pipe>,
    writers: HashMap<u64, OwnedFd>,
}

impl Table {
    fn new(total: usize, per_container: usize, when_full: WhenFull) -> Self {
        let limits = Limits {
            total,
            per_container,
            when_full,
            idle: Some(Duration::from_secs(60)),
        };
        Self {
            poll: Poll::create().unwrap(),
            flows: Flows::new(EventSource::OutgoingUdp, limits),
            writers: HashMap::new(),
        }
    }

    fn open(&mut self, owner: FlowOwner, key: u32) -> Option<u64> {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let open = |tokens: FlowTokens| {
            Ok(Pipe {
                reader: Watched::new(reader, tokens.first),
                pinned: false,
            })
        };
        let id = self.flows.open(&self.poll, owner, Some(key), open)?;
        self.writers.insert(id, writer);
        Some(id)
    }

    fn age(&mut self, id: u64, seconds: u64) {
        let entry = self.flows.entries.get_mut(&id).unwrap();
        let own = self.flows.per_owner.get_mut(&entry.owner).unwrap();
        assert!(own.remove(&(entry.last_used, id)));
        entry.last_used -= Duration::from_secs(seconds);
        own.insert((entry.last_used, id));
    }
}

#[test]
fn a_flow_is_found_by_its_key_until_it_is_closed() {
    let mut table = Table::new(9, 9, WhenFull::Refuse);
    let id = table.open(ONE, 7).unwrap();
    assert_eq!(table.flows.find(&7), Some(id));
    assert!(table.flows.use_flow(id).is_some());
    assert!(table.flows.close(id).is_some());
    assert_eq!(table.flows.find(&7), None);
    assert!(table.flows.is_empty() && table.flows.per_owner.is_empty());
    assert_ne!(table.open(ONE, 7), Some(id));
}

#[test]
fn a_second_flow_with_the_same_key_replaces_the_first() {
    let mut table = Table::new(9, 1, WhenFull::Refuse);
    let first = table.open(ONE, 7).unwrap();
    let second = table.open(ONE, 7).unwrap();
    assert!(table.flows.get(first).is_none());
    assert_eq!(table.flows.find(&7), Some(second));
}

#[test]
fn events_of_a_flow_carry_its_token_and_end_with_it() {
    let mut table = Table::new(9, 9, WhenFull::Refuse);
    let id = table.open(ONE, 7).unwrap();
    rustix::io::write(&table.writers[&id], b"x").unwrap();
    let mut events = Vec::new();
    table.poll.wait(&mut events, Some(Duration::ZERO)).unwrap();
    let token = EventToken::decode(events[0].token).unwrap();
    assert_eq!((token.index, token.second), (id, false));
    drop(table.flows.close(id));
    table.poll.wait(&mut events, Some(Duration::ZERO)).unwrap();
    assert!(events.is_empty());
}

#[test]
fn a_container_at_its_limit_evicts_its_own_oldest_flow() {
    let mut table = Table::new(9, 2, WhenFull::EvictOldest);
    let other = table.open(TWO, 0).unwrap();
    let (oldest, newer) = (table.open(ONE, 1).unwrap(), table.open(ONE, 2).unwrap());
    table.age(other, 50);
    table.age(oldest, 20);
    table.age(newer, 10);
    let newest = table.open(ONE, 3).unwrap();
    assert!(table.flows.get(oldest).is_none());
    for id in [other, newer, newest] {
        assert!(table.flows.get(id).is_some());
    }
}

#[test]
fn a_full_table_evicts_from_the_container_with_the_most_flows() {
    let mut table = Table::new(4, 9, WhenFull::EvictOldest);
    let small = table.open(TWO, 0).unwrap();
    table.age(small, 50);
    let many: Vec<u64> = (1..4).map(|key| table.open(ONE, key).unwrap()).collect();
    table.open(TWO, 9).unwrap();
    assert!(table.flows.get(small).is_some());
    assert!(table.flows.get(many[0]).is_none());
    assert_eq!(table.flows.len(), 4);
}

#[test]
fn a_table_that_refuses_keeps_its_flows_and_serves_other_containers() {
    let mut table = Table::new(3, 2, WhenFull::Refuse);
    let kept = [table.open(ONE, 1), table.open(ONE, 2)].map(Option::unwrap);
    assert!(!table.flows.has_room(ONE) && table.flows.has_room(TWO));
    assert_eq!(table.open(ONE, 3), None);
    assert!(kept.iter().all(|id| table.flows.get(*id).is_some()));
    assert!(table.open(TWO, 4).is_some());
    assert!(!table.flows.has_room(TWO));
}

#[test]
fn containers_that_open_all_they_can_leave_room_for_another_one() {
    let mut table = Table::new(24, 12, WhenFull::Refuse);
    let mut key = 0;
    for container in 0..4 {
        let owner = FlowOwner::Namespace(container);
        let mut opened = 0;
        while table.open(owner, key).is_some() {
            (key, opened) = (key + 1, opened + 1);
        }
        assert!(opened > 0, "container {container}");
    }
}

#[test]
fn a_bounded_number_of_idle_flows_expires_at_once() {
    let mut table = Table::new(24, 12, WhenFull::EvictOldest);
    for key in 0..10 {
        let id = table.open(ONE, key).unwrap();
        table.age(id, 61);
    }
    assert_eq!(table.flows.expire_some(4).len(), 4);
    assert_eq!(table.flows.next_expiry(), Some(Duration::ZERO));
    assert_eq!(table.flows.expire().len(), 6);
}

#[test]
fn idle_flows_expire_and_used_ones_do_not() {
    let mut table = Table::new(9, 9, WhenFull::Refuse);
    let ids: Vec<u64> = (0..4).map(|key| table.open(ONE, key).unwrap()).collect();
    assert!(table.flows.next_expiry().unwrap() > Duration::from_secs(50));
    ids[..3].iter().for_each(|id| table.age(*id, 60));
    assert_eq!(table.flows.next_expiry(), Some(Duration::ZERO));
    table.flows.use_flow(ids[1]);
    table.flows.use_flow(ids[2]).unwrap().pinned = true;
    table.age(ids[2], 60);
    assert_eq!(table.flows.expire().len(), 1);
    assert_eq!(table.flows.find(&0), None);
    assert_eq!(table.flows.len(), 3);
}

#[test]
fn flows_are_closed_by_container_and_by_key() {
    let mut table = Table::new(9, 9, WhenFull::Refuse);
    for (owner, key) in [(ONE, 1), (ONE, 2), (TWO, 3), (TWO, 4)] {
        table.open(owner, key).unwrap();
    }
    table.flows.close_owner(ONE);
    table.flows.close_keys(|key| *key == 4);
    assert_eq!(table.flows.len(), 1);
    assert!(table.flows.find(&3).is_some());
}

#[test]
fn a_flow_that_cannot_be_opened_counts_against_nobody() {
    let mut table = Table::new(1, 1, WhenFull::Refuse);
    let failed = table
        .flows
        .open(&table.poll, ONE, Some(1), |_| Err(Errno::MFILE));
    assert_eq!(failed, None);
    assert!(table.open(ONE, 1).is_some());
}
