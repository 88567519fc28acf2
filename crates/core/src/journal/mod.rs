//! The journal of a run: what became of each row, and what was started when, in a file that outlives the process.
//!
//! *Row*: one task of a run, known by its index. *Outcome*: how a row ended, well or not. *Content* of a row: what it was
//! made of, as a digest; another content at the same index is another dataset. *Start* and *settlement*: what a limiter
//! counts for the next minute. *Torn*: cut off at the end by the death of a process or a machine.
//!
//! Invariants: what [`Journal::record`] has taken is in the file when it returns, so the death of the process cannot
//! lose it; it is on the disk a tenth of a second or a hundred records later. A row that ended well stays so, whatever is
//! recorded for it later. Any bytes are a journal or an error, and memory is never asked for by a number that was read
//! alone. What values mean, and which rows there are to run, is left to the caller.

mod error;
mod file;
mod handle;
mod header;
mod record;
mod rows;
mod scan;
mod starts;
mod sync;

pub use error::{JournalError, Refused};
pub use handle::{Found, Journal, JournalStats, Lookup};
pub use header::{HEADER, Header};
pub use record::{Amounts, Digest, MARKER, Outcome, Record, RecordError, Settlement, Start};
pub use scan::{Scan, scan};
pub use starts::EarlierStarts;
pub use sync::Answer;

#[cfg(test)]
mod tests;
