//! What the writer thread is asked to do.

use std::{sync::Arc, time::Duration};

use super::{
    counters::Counters,
    entry::{Address, Entry},
    folder::Identity,
    lease::Bid,
    tools::Merge,
};

/// Called once with the outcome of something that was asked for, on the writer thread.
pub type Answer<T> = Box<dyn FnOnce(T) + Send>;

/// A task and its place in the order of all tasks.
pub(super) struct Command {
    pub(super) sequence: u64,
    pub(super) task: Task,
    /// What it takes of the room in the queue.
    pub(super) bytes: usize,
}

pub(super) enum Task {
    /// Stores an entry in place of the one with its number.
    Put(Arc<(Address, Entry)>),
    /// Removes the entry with a number.
    Remove(i64),
    /// Stores a record under its number, unless the one that stands there is newer.
    Merge(Arc<Merge>),
    /// Removes the entry with a number if it was not used after this time.
    RemoveUnused(i64, i64),
    /// Removes a record if it is damaged, as somebody asked.
    RemoveDamaged(i64),
    /// Gives the file system back all that the file does not need, one batch after the other.
    Compact,
    /// Removes the entries of a namespace.
    Clear(Arc<str>),
    /// Adds to counters.
    Count(Arc<str>, Counters),
    /// Notes that an entry was used.
    Touch(i64),
    /// Removes a record if it is damaged, as a reader says.
    Inspect(i64),
    /// Sets the file aside if it is the one that a reader found damaged, and says so with these words.
    SetAside(Option<Identity>, String),
    /// Answers when everything before is on disk.
    Flush(Flush),
    /// Fails in a way that nobody has thought of.
    #[cfg(test)]
    Panic,
    /// Grants a lease, or says why not.
    Acquire(Bid),
    /// Gives the lease of an entry back, with what kept its holder from making the value.
    Release {
        id: i64,
        ticket: i64,
        failure: Option<Arc<[u8]>>,
    },
    /// Renews the leases that are held.
    Renew,
    /// Gives the leases of a handle back, which is closed.
    Leave(u64),
}

/// Somebody who waits until what was queued is on disk.
pub(super) struct Flush {
    /// The place in the order up to which he knows already.
    pub(super) since: u64,
    /// When he asked.
    pub(super) asked: Duration,
    /// Told nothing, or what went wrong with anything that was queued after `since`.
    pub(super) answer: Answer<Option<String>>,
}

impl Task {
    /// Whether an entry is lost if it cannot be done.
    pub(super) fn stores(&self) -> bool {
        matches!(self, Self::Put(_) | Self::Merge(_))
    }

    /// Whether somebody waits for it, so that a flush must not answer well if it cannot be done.
    pub(super) fn is_awaited(&self) -> bool {
        self.stores() || matches!(self, Self::RemoveUnused(..) | Self::RemoveDamaged(_) | Self::Compact)
    }

    /// What it takes of the room in the queue.
    pub(super) fn record_bytes(&self) -> usize {
        match self {
            Self::Merge(merge) => merge.record.len(),
            _ => 0,
        }
    }

    /// Whether a database has to be made for it if there is none.
    pub(super) fn needs_file(&self) -> bool {
        self.stores() || matches!(self, Self::Count(..) | Self::Acquire(_))
    }
}
