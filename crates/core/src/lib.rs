//! The performance layer's decisions, without a word of JavaScript.

#![forbid(unsafe_code)]

pub mod benchmark;
pub mod cache;
pub mod clock;
pub mod key;
pub mod limiter;
pub mod monitor;
pub mod stats;
pub mod stream;
pub mod units;
