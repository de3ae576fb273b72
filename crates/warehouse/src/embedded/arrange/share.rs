//! The memory of one sort: a share of what all queries have together, which the sort keeps until it ends.
//!
//! A sort that writes to temporary files asks for memory in the middle of it, to merge what it will write. In a pool that others draw on
//! it may find there what it has just given back taken, and fails. So it draws on its share alone, which the pool counts as one that may not
//! grow beyond what is fair.

use std::fmt::{self, Display, Formatter};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::common::resources_datafusion_err;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};

/// A share of a pool, from which it takes what is needed and to which it gives nothing back before it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    granted: MemoryReservation,
    limit: usize,
    used: Mutex<usize>,
}

impl Share {
    /// A share of at most that many bytes.
    pub(super) fn new(pool: &Arc<dyn MemoryPool>, limit: usize) -> Self {
        let granted = MemoryConsumer::new("gathering rows").with_can_spill(true).register(pool);
        Self { granted, limit, used: Mutex::new(0) }
    }

    /// What is used after more, or less, of it is.
    fn change(&self, change: impl FnOnce(usize) -> Result<usize>) -> Result<()> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        *used = change(*used)?;
        Ok(())
    }

    fn lacking(&self, needed: usize) -> usize {
        needed.saturating_sub(self.granted.size())
    }
}

impl MemoryPool for Share {
    fn name(&self) -> &str {
        "share"
    }

    fn grow(&self, _: &MemoryReservation, additional: usize) {
        let _ = self.change(|used| {
            self.granted.grow(self.lacking(used + additional));
            Ok(used + additional)
        });
    }

    fn shrink(&self, _: &MemoryReservation, less: usize) {
        let _ = self.change(|used| Ok(used.saturating_sub(less)));
    }

    fn try_grow(&self, _: &MemoryReservation, additional: usize) -> Result<()> {
        self.change(|used| {
            let needed = used + additional;
            match self.lacking(needed) {
                0 => {}
                _ if needed > self.limit => {
                    return Err(resources_datafusion_err!("a sort needs {needed} bytes of its {}", self.limit));
                }
                lacking => self.granted.try_grow(lacking)?,
            }
            Ok(needed)
        })
    }

    fn reserved(&self) -> usize {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}

impl Display for Share {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}({} bytes)", self.name(), self.limit)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::memory_pool::FairSpillPool;

    use super::*;

    #[test]
    fn what_was_granted_once_is_there_again_whatever_others_take() {
        let pool: Arc<dyn MemoryPool> = Arc::new(FairSpillPool::new(100));
        let share: Arc<dyn MemoryPool> = Arc::new(Share::new(&pool, 80));
        let sort = MemoryConsumer::new("sort").with_can_spill(true).register(&share);
        assert!(sort.try_grow(81).is_err());
        sort.try_grow(60).unwrap();
        sort.shrink(50);
        assert_eq!((share.reserved(), pool.reserved()), (10, 60));
        let other = MemoryConsumer::new("other").with_can_spill(true).register(&pool);
        other.try_grow(50).unwrap();
        assert!(other.try_grow(1).is_err());
        let merge = MemoryConsumer::new("merge").register(&share);
        merge.try_grow(50).unwrap();
        assert!(merge.try_grow(1).is_err(), "more than its share of the two, which is 50");
        drop((sort, merge, share));
        assert_eq!(pool.reserved(), 50);
    }
}
