//! Points in time as callers pass them in.
//!
//! Nothing in this crate reads a clock: every function that depends on time takes it as an argument, so a test, a
//! fake timer or a simulation decides what time it is. What runs by itself, on a thread of its own, is given a [`Clock`].

use serde::Serialize;
use std::time::Duration;

/// A point of wall-clock time: milliseconds since the Unix epoch, as `Date.now()` gives them.
///
/// Deadlines are points of this kind, so that an entry's age survives a restart.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
pub struct UnixMillis(pub f64);

impl UnixMillis {
    /// The deadline of an entry that never expires.
    pub const NEVER: Self = Self(f64::INFINITY);

    /// Whether this deadline has passed: an entry lives strictly before it.
    #[must_use]
    pub fn has_passed(self, now: Self) -> bool {
        now >= self
    }
}

/// Real time, for what processes must agree on and for work that nobody calls: fake timers of a caller do not move it.
pub trait Clock: Send + Sync {
    /// The wall-clock time.
    fn wall(&self) -> UnixMillis;

    /// The time since some fixed moment; never goes back.
    fn monotonic(&self) -> Duration;
}
