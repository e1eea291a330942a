//! Packets of containers that wait until the helper opens a flow for them. The containers take turns, however many
//! packets one of them sends.

use std::collections::{HashMap, VecDeque};

use crate::flows::FlowOwner;

#[derive(Debug)]
pub struct FairQueue<Item> {
    /// Never an empty list.
    waiting: HashMap<FlowOwner, VecDeque<Item>>,
    /// The containers with waiting items; the first has the next turn.
    turns: VecDeque<FlowOwner>,
    most_per_container: usize,
}

impl<Item> FairQueue<Item> {
    pub fn new(most_per_container: usize) -> Self {
        Self {
            waiting: HashMap::new(),
            turns: VecDeque::new(),
            most_per_container,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// Returns whether another item of the container is accepted.
    pub fn has_room(&self, owner: FlowOwner) -> bool {
        let used = self.waiting.get(&owner).map_or(0, VecDeque::len);
        used < self.most_per_container
    }

    /// Adds an item. The caller asks [`FairQueue::has_room`] before.
    pub fn push(&mut self, owner: FlowOwner, item: Item) {
        let own = self.waiting.entry(owner).or_default();
        if own.is_empty() {
            self.turns.push_back(owner);
        }
        own.push_back(item);
    }

    /// Returns the oldest item of the container whose turn it is.
    pub fn next(&mut self) -> Option<(FlowOwner, Item)> {
        let owner = self.turns.pop_front()?;
        let own = self.waiting.get_mut(&owner)?;
        let item = own.pop_front()?;
        if own.is_empty() {
            self.waiting.remove(&owner);
        } else {
            self.turns.push_back(owner);
        }
        Some((owner, item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: FlowOwner = FlowOwner::Namespace(1);
    const TWO: FlowOwner = FlowOwner::Namespace(2);

    #[test]
    fn a_container_with_many_items_does_not_delay_another_one() {
        let mut queue = FairQueue::new(100);
        (0..50).for_each(|item| queue.push(ONE, item));
        queue.push(TWO, 100);
        queue.push(TWO, 101);
        let first: Vec<i32> = (0..5)
            .filter_map(|_| queue.next().map(|(_, item)| item))
            .collect();
        assert_eq!(first, [0, 100, 1, 101, 2]);
    }

    #[test]
    fn one_container_has_no_room_and_the_others_have() {
        let mut queue = FairQueue::new(2);
        queue.push(ONE, 'a');
        assert!(queue.has_room(ONE));
        queue.push(ONE, 'b');
        assert!(!queue.has_room(ONE) && queue.has_room(TWO));
        assert_eq!(queue.next(), Some((ONE, 'a')));
        assert!(queue.has_room(ONE));
        assert_eq!(queue.next(), Some((ONE, 'b')));
        assert_eq!(queue.next(), None);
        assert!(queue.is_empty());
    }
}
