//! What can be wrong with a database, sorted by what to do about it.

use rusqlite::{ErrorCode, ffi};
use std::io;

/// Why the database cannot be used as wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    /// There is no file.
    #[error("there is no store")]
    Missing,
    /// The file is not what was written: set it aside.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// A later version wrote it: leave it alone.
    #[error("the file has schema version {0}, which this version of the package does not know")]
    Future(i32),
    /// Somebody else's database: leave it alone.
    #[error("the file is a database of another program")]
    Foreign,
    /// This process does not use the store.
    #[error("the store is not used by this process")]
    Off,
    /// Nothing can be written.
    #[error("the store is read-only: {0}")]
    ReadOnly(String),
    /// Somebody else has it locked: try again.
    #[error("another process has the store locked")]
    Busy,
    /// The disk is full or failed: report and go on.
    #[error("{0}")]
    Failed(String),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        let message = error.to_string();
        let rusqlite::Error::SqliteFailure(failure, _) = error else {
            // A value of another type than the schema's, or a row that must be there and is not.
            return Self::Damaged(message);
        };
        match (failure.code, failure.extended_code) {
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Self::Busy,
            (ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied, _) => {
                Self::ReadOnly(message)
            }
            (
                ErrorCode::DiskFull
                | ErrorCode::OutOfMemory
                | ErrorCode::OperationInterrupted
                | ErrorCode::OperationAborted
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::CannotOpen
                | ErrorCode::TooBig,
                _,
            ) => Self::Failed(message),
            (ErrorCode::SystemIoFailure, extended)
                if !matches!(extended, ffi::SQLITE_IOERR_SHORT_READ | ffi::SQLITE_IOERR_CORRUPTFS) =>
            {
                Self::Failed(message)
            }
            // Corruption by name, and statements of ours that do not fit the schema they find.
            _ => Self::Damaged(message),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::WouldBlock => Self::Busy,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}
