//! Queues that hold work for the stream classes and never lose an item.
//!
//! An item waits *in front* (in memory, next to be processed), *behind* (in memory, after something on disk) or *on
//! disk*. The caller holds the items themselves; this module knows their sizes and decides where each belongs. The order
//! of arrival is the order of processing, wherever an item waited.
//!
//! - [`Ledger`]: counts and times what was taken and processed.
//! - [`SpillFile`]: a first-in, first-out file of records that vanishes with the process.
//! - [`SpillQueue`]: both together: bounds, placement, and what leaves the disk when.

mod ledger;
mod spill_file;
mod spill_queue;

pub use ledger::{Ledger, Summary};
pub use spill_file::{Record, SpillError, SpillFile};
pub use spill_queue::{Bounds, Offer, Placement, SpillQueue};
