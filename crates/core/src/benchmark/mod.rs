//! What a benchmark decides: how many calls are timed together, what the samples amount to, whether two runs differ.
//!
//! Durations are milliseconds as the caller's clock gave them. Calling the function and reading the clock is left to
//! the caller.

mod batch;
mod comparison;
mod summary;

pub use batch::{Batch, next_batch, resolved};
pub use comparison::{Comparison, Measured, Significance, Verdict, compare};
pub use summary::Summary;
