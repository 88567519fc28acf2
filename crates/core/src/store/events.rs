//! What went wrong with a store, kept until somebody listens.
//!
//! A store never fails its caller, so this is the only place where a fault shows besides the statistics. Each listener
//! is told every event that is still kept, once.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// Why a store is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The database file was damaged; it was set aside and a new one begun.
    DamagedFile,
    /// A record was damaged; it was removed.
    DamagedRecord,
    /// The database file or its folder was moved or deleted while it was open; a new one is used.
    MovedFile,
    /// The file was written by a later version; the store runs empty and leaves it alone.
    FutureSchema,
    /// The file at the store's place is a database of somebody else; the store runs empty and leaves it alone.
    ForeignFile,
    /// Nothing can be written there; reads go on.
    ReadOnly,
    /// A batch was not written: the disk is full or failed.
    WriteFailed,
    /// Another process has kept the file locked for long; what was written waits in memory.
    Busy,
    /// More was written than waits in memory; the rest was dropped.
    QueueFull,
    /// An entry is too large for the bound of the store.
    TooLarge,
    /// Another copy of this library has the folder open in the same process; the store runs empty.
    SecondCopy,
    /// A fault of ours.
    Internal,
}

impl Reason {
    /// The reason as a stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::DamagedFile => "damaged-file",
            Self::DamagedRecord => "damaged-record",
            Self::MovedFile => "moved-file",
            Self::FutureSchema => "future-schema",
            Self::ForeignFile => "foreign-file",
            Self::ReadOnly => "read-only",
            Self::WriteFailed => "write-failed",
            Self::Busy => "busy",
            Self::QueueFull => "queue-full",
            Self::TooLarge => "too-large",
            Self::SecondCopy => "second-copy",
            Self::Internal => "internal",
        }
    }
}

/// One thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Degraded {
    /// Why.
    pub reason: Reason,
    /// The file or folder.
    pub path: PathBuf,
    /// What happened, for people.
    pub message: String,
}

/// Told each event; called on any thread.
pub type Listener = Arc<dyn Fn(&Degraded) + Send + Sync>;

/// Events beyond these are forgotten, the oldest first.
const KEPT: usize = 64;

#[derive(Default)]
pub(super) struct Events(Mutex<Log>);

#[derive(Default)]
struct Log {
    kept: VecDeque<Degraded>,
    reported: u64,
    listeners: Vec<(u64, Listener)>,
}

impl Events {
    pub(super) fn report(&self, reason: Reason, path: impl Into<PathBuf>, message: impl Into<String>) {
        let (path, message) = (path.into(), message.into());
        let event = Degraded { reason, path, message };
        let listeners = {
            let mut log = self.log();
            log.reported += 1;
            if log.kept.len() == KEPT {
                log.kept.pop_front();
            }
            log.kept.push_back(event.clone());
            log.listeners.clone()
        };
        for (_, listener) in listeners {
            listener(&event);
        }
    }

    /// Events since the store was opened.
    pub(super) fn reported(&self) -> u64 {
        self.log().reported
    }

    pub(super) fn kept(&self) -> Vec<Degraded> {
        self.log().kept.iter().cloned().collect()
    }

    /// Tells a listener everything from event number `from` on. `handle` names the listener, of which there is one.
    pub(super) fn listen(&self, handle: u64, from: u64, listener: &Listener) {
        let missed: Vec<Degraded> = {
            let mut log = self.log();
            log.listeners.retain(|(other, _)| *other != handle);
            log.listeners.push((handle, listener.clone()));
            let first = log.reported - log.kept.len() as u64;
            log.kept
                .iter()
                .skip(from.saturating_sub(first) as usize)
                .cloned()
                .collect()
        };
        for event in missed {
            listener(&event);
        }
    }

    /// Returns the number from which the handle has not been told anything; `None` if it did not listen.
    pub(super) fn stop_listening(&self, handle: u64) -> Option<u64> {
        let mut log = self.log();
        let listeners = log.listeners.len();
        log.listeners.retain(|(other, _)| *other != handle);
        (log.listeners.len() < listeners).then_some(log.reported)
    }

    fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
