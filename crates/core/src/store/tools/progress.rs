//! How far long work has come, seen from another thread, which may also end it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::ToolError;

/// Shared by who works and who watches.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    total: AtomicU64,
    cancelled: AtomicBool,
}

impl Progress {
    /// What is done, and what there is to do; 0 where that is not known.
    #[must_use]
    pub fn get(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    /// Asks for an end. What has been done by then is done.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(super) fn begin(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    pub(super) fn advance(&self, by: u64) -> Result<(), ToolError> {
        self.done.fetch_add(by, Ordering::Relaxed);
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(ToolError::Interrupted);
        }
        Ok(())
    }
}
