//! What keeps a journal from being used.

use std::{io, path::PathBuf};

use crate::explain::Comparison;

/// Differences that a message lists.
const MOST_LISTED: usize = 5;

/// Why a journal cannot be opened or read. The file is left as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Somebody holds its lock. Wait until that run has ended, or take another file.
    #[error("The journal {} is in use by another run, in this process or another one", .path.display())]
    Busy {
        /// Of the journal.
        path: PathBuf,
    },
    /// It does not begin as a journal does. Take another file.
    #[error("{} is no journal, and was left as it is", .path.display())]
    Foreign {
        /// Of the file.
        path: PathBuf,
    },
    /// A later version of this package wrote it. Use that one, or take another file.
    #[error("The journal {} has version {version} of the format, which this version of the package does not know", .path.display())]
    Version {
        /// Of the journal.
        path: PathBuf,
        /// Which it has.
        version: u32,
    },
    /// Its first bytes were changed, so what follows cannot be told apart from anything else.
    #[error("The first {} bytes of the journal {} are damaged, and it was left as it is", super::HEADER, .path.display())]
    Damaged {
        /// Of the journal.
        path: PathBuf,
    },
    /// The run that it belongs to was configured in another way. Take another file, or the configuration of that run.
    #[error("The journal {} was recorded with another configuration{}", .path.display(), listed(.comparison.as_ref()))]
    Configuration {
        /// Of the journal.
        path: PathBuf,
        /// Where the two differ, if that is known.
        comparison: Option<Comparison>,
    },
    /// The system did not do what it was asked for.
    #[error("Cannot {what} the journal {}: {source}", .path.display())]
    System {
        /// What it was asked for.
        what: &'static str,
        /// Of the journal.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// It was closed.
    #[error("The journal {} is closed", .path.display())]
    Closed {
        /// Of the journal.
        path: PathBuf,
    },
}

/// Why something was not recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The record is longer than any may be. Others can be recorded.
    #[error("the record of it would be longer than any may be")]
    TooLong,
    /// An earlier write failed, or the journal is closed: nothing is recorded any more.
    #[error("{0}")]
    Trouble(String),
}

fn listed(comparison: Option<&Comparison>) -> String {
    let Some(comparison) = comparison else {
        return String::new();
    };
    let differences = comparison.differences.iter().take(MOST_LISTED).map(|difference| {
        let path = if difference.path.is_empty() {
            "the whole"
        } else {
            &difference.path
        };
        let [now, then] = [&difference.wanted, &difference.stored].map(|side| side.as_deref().unwrap_or("absent"));
        format!("{path} is {now}, was {then}")
    });
    let listed: Vec<_> = differences.collect();
    let further = comparison.differences.len() - listed.len() + comparison.omitted;
    let rest = if further > 0 {
        format!("; and {further} more")
    } else {
        String::new()
    };
    format!(": {}{rest}", listed.join("; "))
}
