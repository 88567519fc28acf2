//! Node.js binding: one file per exported class, each method converts, calls the core, and converts back.

pub mod benchmark;
pub mod cache;
mod clock;
pub mod execution;
mod execution_figures;
pub mod explain;
pub mod format;
pub mod journal;
pub mod key;
pub mod limiter;
mod monitor;
mod panic;
pub mod pool;
pub mod retry;
mod scoring;
mod spill_queue;
mod spill_record;
pub mod store;
pub mod store_entries;
pub mod store_events;
pub mod store_lease;
pub mod store_tools;
pub mod text;

use napi_derive::napi;

/// The version of the native addon.
#[napi(catch_unwind)]
#[must_use]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
