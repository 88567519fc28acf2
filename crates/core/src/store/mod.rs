//! The store on disk: one SQLite file per folder, shared by threads and processes, which a cache may keep its entries
//! in.
//!
//! *Handle* ([`Store`]): what one thread holds of a store. *Record*: an entry as bytes, with a checksum. *Batch*: what
//! is written in one transaction. *Overlay*: what is queued and already counts for readers. *Degraded*: what a store is
//! that cannot do its work; it never fails its caller. *Lease*: the right to make the value of a key; *bid*: somebody
//! who asks for it.
//!
//! A read compares the whole key and verifies the checksum, so whatever happened to the file, it gives what was stored
//! or nothing. All writing of a process is done by one thread.

mod acquire;
mod batch;
mod bounds;
mod claim;
mod command;
mod core;
mod counters;
mod database;
mod entry;
mod events;
mod explanation;
mod folder;
mod handle;
mod held;
mod hit;
mod json;
mod labels;
mod lease;
mod page;
mod queue;
mod reader;
mod record;
mod registry;
mod schema;
mod site;
mod text;
mod tier;
pub mod tools;
mod trouble;
mod waiting;
mod writer;

pub use command::Answer;
pub use counters::Counters;
pub use entry::{Address, Entry, Namespace, Value};
pub use events::{Degraded, Listener, Reason};
pub use handle::{Store, StoreStats};
pub use hit::{Found, Hit};
pub use json::{Stretch, json_bytes};
pub use labels::Labels;
pub use lease::LeaseOutcome;
pub use page::PageOf;
pub use record::{Facts, Record, RecordError};
pub use text::{text_bytes, text_units};
pub use tier::DiskTier;

#[cfg(test)]
mod tests;
