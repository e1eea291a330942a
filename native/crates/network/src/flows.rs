//! The table of flows: connections, UDP conversations and DNS questions that the helper serves on behalf of containers.
//!
//! Each kind of traffic has one table. A table limits the flows in all and the flows of one container, so that one
//! container can neither evict the flows of the others nor keep them from opening new ones.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use sys::event::Poll;

use crate::event_token::{EventSource, EventToken};

/// The container that a flow counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlowOwner {
    /// A container's network namespace.
    Namespace(u64),
    /// All addresses of a bridge that belong to no known container, by the bridge's interface index. They share one
    /// limit, because a container can make up any number of source addresses.
    UnknownOn(u32),
}

/// The reaction of a full table to a new flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// Closes the flow of the same container, or of the container with the most flows, that was idle longest.
    EvictOldest,
    Refuse,
}

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Flows of all containers together.
    pub total: usize,
    pub per_container: usize,
    pub when_full: WhenFull,
    /// Time without traffic after which a flow expires; `None` for flows that end by themselves.
    pub idle: Option<Duration>,
}

/// State of one flow.
pub trait Flow {
    /// Registers the flow's sockets for the events that it waits for now.
    fn watch(&mut self, poll: &Poll) -> Result<(), Errno>;

    /// Returns whether the flow may expire now.
    fn may_expire(&self) -> bool {
        true
    }
}

/// Key of flows that are found by their id alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoKey {}

/// Tokens for the sockets of a new flow.
#[derive(Debug, Clone, Copy)]
pub struct FlowTokens {
    pub first: u64,
    pub second: u64,
}

#[derive(Debug)]
struct Entry<Key, State> {
    owner: FlowOwner,
    key: Option<Key>,
    state: State,
    last_used: Instant,
}

/// Flows of one kind. Ids are never used twice, so an event of a closed flow finds nothing.
#[derive(Debug)]
pub struct Flows<Key, State> {
    source: EventSource,
    limits: Limits,
    entries: HashMap<u64, Entry<Key, State>>,
    by_key: HashMap<Key, u64>,
    per_owner: HashMap<FlowOwner, usize>,
    next_id: u64,
}

impl<Key: Copy + Eq + Hash, State: Flow> Flows<Key, State> {
    /// Creates an empty table whose flows report their events with `source`.
    pub fn new(source: EventSource, limits: Limits) -> Self {
        Self {
            source,
            limits,
            entries: HashMap::new(),
            by_key: HashMap::new(),
            per_owner: HashMap::new(),
            next_id: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the id of the flow with this key.
    pub fn find(&self, key: &Key) -> Option<u64> {
        self.by_key.get(key).copied()
    }

    pub fn get(&self, id: u64) -> Option<&State> {
        self.entries.get(&id).map(|entry| &entry.state)
    }

    /// Returns a flow and restarts its idle time.
    pub fn use_flow(&mut self, id: u64) -> Option<&mut State> {
        let entry = self.entries.get_mut(&id)?;
        if self.limits.idle.is_some() {
            entry.last_used = Instant::now();
        }
        Some(&mut entry.state)
    }

    /// Returns whether a new flow of this container would be accepted.
    pub fn has_room(&self, owner: FlowOwner) -> bool {
        self.limits.when_full == WhenFull::EvictOldest || self.full_for(owner).is_none()
    }

    /// Adds a flow and registers it with `poll`. Returns its id, or `None` when the table refuses it or `open` fails.
    /// A flow that has the same key is closed.
    pub fn open(
        &mut self,
        poll: &Poll,
        owner: FlowOwner,
        key: Option<Key>,
        open: impl FnOnce(FlowTokens) -> Result<State, Errno>,
    ) -> Option<u64> {
        if let Some(same) = key.and_then(|key| self.find(&key)) {
            self.close(same);
        }
        while let Some(full) = self.full_for(owner) {
            if self.limits.when_full == WhenFull::Refuse {
                return None;
            }
            self.close(self.oldest_of(full)?);
        }
        let id = self.next_id;
        self.next_id += 1;
        let mut state = open(self.tokens(id)).ok()?;
        state.watch(poll).ok()?;
        if let Some(key) = key {
            self.by_key.insert(key, id);
        }
        *self.per_owner.entry(owner).or_default() += 1;
        let last_used = Instant::now();
        self.entries.insert(
            id,
            Entry {
                owner,
                key,
                state,
                last_used,
            },
        );
        Some(id)
    }

    /// Removes a flow and returns its state. Its sockets are closed when the state is dropped.
    pub fn close(&mut self, id: u64) -> Option<State> {
        let entry = self.entries.remove(&id)?;
        if let Some(key) = entry.key {
            self.by_key.remove(&key);
        }
        if let Some(count) = self.per_owner.get_mut(&entry.owner) {
            *count -= 1;
            if *count == 0 {
                self.per_owner.remove(&entry.owner);
            }
        }
        Some(entry.state)
    }

    /// Closes all flows of a container.
    pub fn close_owner(&mut self, owner: FlowOwner) {
        self.close_all(|entry| entry.owner == owner);
    }

    /// Closes all flows whose key matches.
    pub fn close_keys(&mut self, matches: impl Fn(&Key) -> bool) {
        self.close_all(|entry| entry.key.as_ref().is_some_and(&matches));
    }

    /// Removes the flows whose idle time is over and returns their states.
    pub fn expire(&mut self) -> Vec<State> {
        let Some(idle) = self.limits.idle else {
            return Vec::new();
        };
        self.close_all(|entry| entry.last_used.elapsed() >= idle && entry.state.may_expire())
    }

    /// Returns the time until the next flow expires.
    pub fn next_expiry(&self) -> Option<Duration> {
        let idle = self.limits.idle?;
        let first = self.entries.values().map(|entry| entry.last_used).min()?;
        Some((first + idle).saturating_duration_since(Instant::now()))
    }

    fn tokens(&self, index: u64) -> FlowTokens {
        let token = |second| {
            EventToken {
                source: self.source,
                index,
                second,
            }
            .encode()
        };
        FlowTokens {
            first: token(false),
            second: token(true),
        }
    }

    fn close_all(&mut self, test: impl Fn(&Entry<Key, State>) -> bool) -> Vec<State> {
        let found = self.entries.iter().filter(|(_, entry)| test(entry));
        let found: Vec<u64> = found.map(|(id, _)| *id).collect();
        let closed = found.into_iter().filter_map(|id| self.close(id));
        closed.collect()
    }

    /// Returns the owner of the flow to evict for a new flow of `owner`; `None` while there is room.
    fn full_for(&self, owner: FlowOwner) -> Option<FlowOwner> {
        let used = self.per_owner.get(&owner).copied().unwrap_or_default();
        if used >= self.limits.per_container {
            return Some(owner);
        }
        if self.entries.len() < self.limits.total {
            return None;
        }
        let largest = self.per_owner.iter().max_by_key(|(_, count)| **count);
        largest.map(|(owner, _)| *owner)
    }

    fn oldest_of(&self, owner: FlowOwner) -> Option<u64> {
        let own = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.owner == owner);
        own.min_by_key(|(id, entry)| (entry.last_used, **id))
            .map(|(id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
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
            entry.last_used -= Duration::from_secs(seconds);
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
}
