//! The decisions of the performance layer: caching, limits, bookkeeping of streams, measurement, statistics.
//!
//! Nothing here knows JavaScript or reads a clock: time is an argument, so a caller, a fake timer or a simulation says
//! what time it is.
//!
//! # Words
//!
//! - **entry**: a value under a **key**, with a size in bytes and a **deadline**, the absolute time at which it ends.
//! - **tier**: a place where entries are kept ([`cache::Tier`]); a **slot** is the number under which a caller who holds
//!   the values himself knows an entry ([`cache::SlotCache`]).
//! - **eviction** makes room, **expiration** follows from time, **invalidation** was asked for.
//! - **leaf**: a value of a key that holds no others; **fields** are the leaves of a key, packed ([`explain`]).
//! - **permit**: the right to start one task ([`limiter`]); a **reservation** of tokens is *settled* by their use.
//! - **lane**: the tasks of an executor that share one limiter, as those of one provider or model do ([`execution`]).
//! - **item**: what a stream is given; a **record** is a group of items on disk ([`stream`]).
//! - **chunk**: pairs of an expected and an actual value that are scored by one thread at a stretch ([`scoring`]).
//! - **span**: one measured duration of a **component** ([`monitor`]).
//! - **sample**: one number of a distribution ([`stats`]); a **run** is a set of samples taken together ([`benchmark`]).

#![forbid(unsafe_code)]

pub mod benchmark;
pub mod cache;
pub mod clock;
pub mod execution;
pub mod explain;
mod files;
pub mod journal;
pub mod key;
pub mod limiter;
pub mod monitor;
pub mod pool;
pub mod rate_headers;
pub mod retry;
pub mod scoring;
pub mod stats;
pub mod store;
pub mod stream;
pub mod units;
