//! Which builds this process reads. Others do not drop them meanwhile: see [`super::watch`].

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// How many readers of each build this process has.
#[derive(Clone, Default)]
pub(crate) struct InUse(Arc<Mutex<BTreeMap<i64, usize>>>);

impl InUse {
    /// Counts this build as read until the answer is dropped.
    pub(crate) fn begin(&self, id: i64) -> Used {
        *self.0.lock().entry(id).or_default() += 1;
        Used { id, of: self.clone() }
    }

    /// Those that are read.
    pub(crate) fn ids(&self) -> Vec<i64> {
        self.0.lock().keys().copied().collect()
    }
}

/// A build that is read.
pub(crate) struct Used {
    id: i64,
    of: InUse,
}

impl Drop for Used {
    fn drop(&mut self) {
        let mut counts = self.of.0.lock();
        if let Some(count) = counts.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.id);
            }
        }
    }
}
