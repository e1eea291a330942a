//! The table of flows: connections, UDP conversations and DNS questions that the helper serves on behalf of containers.
//!
//! Each kind of traffic has one table. A table limits the flows in all and the flows of one container, so that one
//! container can neither evict the flows of the others nor keep them from opening new ones.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use sys::event::Poll;

use crate::descriptor_budget::{DescriptorBudget, Share};
use crate::event_token::{EventSource, EventToken};

/// The container that a flow counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// Closes the longest-idle flow of the same container, or of the container with the most flows.
    EvictOldest,
    /// Refuses the new flow. A container has at most as many flows as are free, so each greedy container leaves half of the
    /// rest to the next one.
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

impl Limits {
    /// Returns the limits, lowered to the flows for which the budget has descriptors.
    pub fn within(self, budget: DescriptorBudget, share: Share) -> Self {
        let (total, per_container) = budget.flows(share);
        Self {
            total: self.total.min(total),
            per_container: self.per_container.min(per_container),
            ..self
        }
    }
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
    /// The flows of each container in order of their last use, the longest-idle first. Never an empty set.
    per_owner: HashMap<FlowOwner, BTreeSet<(Instant, u64)>>,
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

    /// Returns the container that a flow counts against.
    pub fn owner(&self, id: u64) -> Option<FlowOwner> {
        self.entries.get(&id).map(|entry| entry.owner)
    }

    /// Returns a flow and restarts its idle time.
    pub fn use_flow(&mut self, id: u64) -> Option<&mut State> {
        let entry = self.entries.get_mut(&id)?;
        if self.limits.idle.is_some() {
            let before = std::mem::replace(&mut entry.last_used, Instant::now());
            if let Some(own) = self.per_owner.get_mut(&entry.owner) {
                own.remove(&(before, id));
                own.insert((entry.last_used, id));
            }
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
        let last_used = Instant::now();
        self.per_owner
            .entry(owner)
            .or_default()
            .insert((last_used, id));
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
        if let Some(own) = self.per_owner.get_mut(&entry.owner) {
            own.remove(&(entry.last_used, id));
            if own.is_empty() {
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
        self.expire_some(usize::MAX)
    }

    /// Removes at most `most` flows whose idle time is over and returns their states.
    pub fn expire_some(&mut self, most: usize) -> Vec<State> {
        let Some(idle) = self.limits.idle else {
            return Vec::new();
        };
        let now = Instant::now();
        let is_old = |used: Instant| now.saturating_duration_since(used) >= idle;
        let idle = self
            .per_owner
            .values()
            .flat_map(|own| own.iter().take_while(|(used, _)| is_old(*used)))
            .map(|(_, id)| *id)
            .filter(|id| self.get(*id).is_some_and(Flow::may_expire))
            .take(most);
        let expired: Vec<u64> = idle.collect();
        let closed = expired.into_iter().filter_map(|id| self.close(id));
        closed.collect()
    }

    /// Returns the time until the next flow expires.
    pub fn next_expiry(&self) -> Option<Duration> {
        let idle = self.limits.idle?;
        let first = self.per_owner.values().filter_map(|own| own.first());
        let first = first.map(|(used, _)| *used).min()?;
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
        let used = self.per_owner.get(&owner).map_or(0, BTreeSet::len);
        let share = match self.limits.when_full {
            WhenFull::EvictOldest => self.limits.per_container,
            WhenFull::Refuse => {
                let free = self.limits.total.saturating_sub(self.entries.len());
                self.limits.per_container.min(free)
            }
        };
        if used >= share {
            return Some(owner);
        }
        if self.entries.len() < self.limits.total {
            return None;
        }
        let largest = self.per_owner.iter().max_by_key(|(_, own)| own.len());
        largest.map(|(owner, _)| *owner)
    }

    fn oldest_of(&self, owner: FlowOwner) -> Option<u64> {
        let (_, id) = self.per_owner.get(&owner)?.first()?;
        Some(*id)
    }
}

#[cfg(test)]
mod tests;
