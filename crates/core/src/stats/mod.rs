//! Statistics that the monitor and the benchmark share.
//!
//! Pure functions of the samples they are given. Nothing here knows what a sample is a time of.

mod moments;
mod order;
mod rank_test;
#[cfg(test)]
pub(crate) mod simulation;
mod welch;

pub use moments::{Sum, sum};
pub use order::{Weighted, block_medians, nearest_rank};
pub use rank_test::mann_whitney;
pub use welch::{Moments, welch};
