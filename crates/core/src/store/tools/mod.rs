//! What is done with a whole store rather than with one entry: listing, checking, pruning, carrying it elsewhere.
//!
//! All of it takes as long as the store is large, so it belongs on a thread of its own, with a connection of its own. It
//! reads page by page and so holds nobody up who writes meanwhile; what is written or removed in between may or may not
//! be met. Changes go through the writer thread, in pieces, each of which is on disk before the next is queued.

mod export;
mod import;
mod listing;
mod progress;
mod prune;
mod scan;
mod summary;
pub mod transfer;
mod verify;

pub use export::ExportReport;
pub use import::ImportReport;
pub(super) use import::{Merge, Merged};
pub use listing::{Listed, Listing};
pub use progress::Progress;
pub use prune::{PruneReport, Selection};
pub(super) use scan::{Content, content};
pub use summary::{NamespaceSummary, Summary};
pub use verify::VerifyReport;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, sync_channel},
    },
    thread,
    time::Duration,
};

use super::{
    bounds::ANY,
    command::{Flush, Task},
    core::Core,
    database::Database,
    trouble::Trouble,
};

/// How often, and how long after each other, it is tried to open a file that somebody has locked.
const ATTEMPTS: usize = 40;
const RETRY: Duration = Duration::from_millis(50);

/// How often it is looked whether there is still somebody to wait for.
const LOOK: Duration = Duration::from_millis(250);

/// Tasks that are queued before it is waited for them.
const MOST_TASKS: usize = 4096;

/// Why the work was not done, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolError {
    /// The store cannot be read.
    #[error("the store cannot be read: {0}")]
    Store(String),
    /// The store cannot be written.
    #[error("the store cannot be written: {0}")]
    Write(String),
    /// A file that is not the store's cannot be read or written.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// Where it is.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl From<Trouble> for ToolError {
    fn from(trouble: Trouble) -> Self {
        Self::Store(trouble.to_string())
    }
}

impl From<rusqlite::Error> for ToolError {
    fn from(error: rusqlite::Error) -> Self {
        Trouble::from(error).into()
    }
}

/// A store that somebody works with as a whole. It stays open until the work is done; one that was closed before can be
/// read, but not changed.
pub struct StoreTools {
    core: Arc<Core>,
}

impl StoreTools {
    pub(super) fn new(core: Arc<Core>) -> Self {
        core.hold();
        Self { core }
    }

    /// A connection to the file; `None` where nothing has been stored yet.
    fn open(&self) -> Result<Option<Database>, Trouble> {
        for _ in 1..ATTEMPTS {
            match Database::open_reader(&self.core.folder) {
                Err((Trouble::Busy, _)) => thread::sleep(RETRY),
                opened => return missing_is_none(opened.map_err(|(trouble, _)| trouble)),
            }
        }
        missing_is_none(Database::open_reader(&self.core.folder).map_err(|(trouble, _)| trouble))
    }

    /// Has tasks done, and waits until they are on disk.
    pub(super) fn change(&self, tasks: impl Iterator<Item = Task>) -> Result<(), ToolError> {
        self.adopt_bound()?;
        let since = self.core.queue.sequence();
        for (index, task) in tasks.enumerate() {
            self.core.queue.order(task);
            if (index + 1) % MOST_TASKS == 0 {
                self.flush(since)?;
            }
        }
        self.flush(since)
    }

    /// Whoever opened the store without a bound keeps to the one that it has.
    fn adopt_bound(&self) -> Result<(), ToolError> {
        if self.core.max_bytes() == ANY
            && let Some(database) = self.open()?
            && let Some(bound) = summary::bound(&database.connection)?
        {
            self.core.set_max_bytes(bound);
        }
        Ok(())
    }

    /// Waits until everything queued before is on disk.
    fn flush(&self, since: u64) -> Result<(), ToolError> {
        let (sender, receiver) = sync_channel(1);
        self.core.queue.order(Task::Flush(Flush {
            since,
            asked: self.core.clock.monotonic(),
            answer: Box::new(move |failure| {
                let _ = sender.send(failure);
            }),
        }));
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok(None) => return Ok(()),
                Ok(Some(failure)) => return Err(ToolError::Write(failure)),
                Err(RecvTimeoutError::Timeout) if !self.core.has_ended() => {}
                Err(_) => return Err(ToolError::Write("it is closed".to_owned())),
            }
        }
    }
}

impl Drop for StoreTools {
    fn drop(&mut self) {
        self.core.queue.release();
    }
}

fn missing_is_none(opened: Result<Database, Trouble>) -> Result<Option<Database>, Trouble> {
    match opened {
        Ok(database) => Ok(Some(database)),
        Err(Trouble::Missing) => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

fn file_error(path: &Path) -> impl Fn(io::Error) -> ToolError {
    let path = path.to_owned();
    move |error| ToolError::File {
        path: path.clone(),
        error,
    }
}
