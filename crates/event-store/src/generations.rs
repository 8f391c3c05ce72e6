//! A bounded cache in two generations.
//!
//! New and used entries go to the young generation; when that is full, it becomes the old one and the old one is
//! forgotten. What is used stays, at two look-ups at most and without a list to keep in order.

use std::collections::HashMap;
use std::hash::Hash;

/// What a store remembers of its streams, up to a bound: used entries stay, others are forgotten and looked up again.
#[derive(Debug)]
pub struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    capacity: usize,
}

impl<K: Hash + Eq, V> Generations<K, V> {
    /// Remembers up to about this many entries.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), capacity: (capacity / 2).max(1) }
    }

    /// What is remembered of the key, which counts as used.
    pub fn get(&mut self, key: &K) -> Option<&V> {
        if !self.young.contains_key(key) {
            let (key, value) = self.old.remove_entry(key)?;
            self.insert(key, value);
        }
        self.young.get(key)
    }

    /// Remembers a value; the key is copied only if it is new in the young generation.
    pub fn put(&mut self, key: &K, value: V)
    where
        K: Clone,
    {
        match self.young.get_mut(key) {
            Some(known) => *known = value,
            None => self.insert(key.clone(), value),
        }
    }

    fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.capacity {
            // Swapped and emptied, not dropped: the memory serves again.
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_in_use_is_remembered_however_many_come_and_go() {
        let mut cache: Generations<u64, u64> = Generations::new(8);
        cache.put(&0, 7);
        for key in 1..1000 {
            cache.put(&key, key);
            assert_eq!(cache.get(&0), Some(&7));
            assert!(cache.young.len() + cache.old.len() <= 8);
        }
        assert_eq!(cache.get(&1), None);
    }

    #[test]
    fn the_newest_value_is_the_one_remembered() {
        let mut cache: Generations<u64, u64> = Generations::new(2);
        for value in 0..10 {
            cache.put(&1, value);
            cache.put(&(100 + value), 0);
            assert_eq!(cache.get(&1), Some(&value));
        }
    }
}
