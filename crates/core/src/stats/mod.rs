//! Statistics that the monitor and the benchmark share.

mod order;

pub use order::nearest_rank;
