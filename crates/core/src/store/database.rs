//! A connection to the database file, opened for one reader or for the writer.
//!
//! A connection knows which file it has open, so it can tell when another one stands at the path. It is opened under
//! the lock of the folder and has the log and the shared index open before the lock is given back; afterwards names do
//! not matter to it.

use rusqlite::{Connection, OpenFlags};
use std::{fmt::Write as _, path::Path, time::Duration};

use super::{
    bounds::Bounds,
    folder::{Folder, Identity},
    schema::{self, Kind},
    trouble::Trouble,
};

/// How long a reader waits for a lock that is held for moments only: a miss costs far more.
const READER_PATIENCE: Duration = Duration::from_millis(500);

/// How long the writer waits for another one before it looks at its queue again.
const WRITER_PATIENCE: Duration = Duration::from_millis(250);

/// How long the writer waits for somebody who creates the file or sets it aside.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

const STATEMENTS: usize = 32;

pub(super) struct Database {
    pub(super) connection: Connection,
    identity: Identity,
}

/// What kept a file from being opened, and which file it was.
pub(super) type NotOpened = (Trouble, Option<Identity>);

impl Database {
    /// A connection that only reads. The file must exist.
    pub(super) fn open_reader(folder: &Folder) -> Result<Self, NotOpened> {
        let identity = folder.identity().map_err(|error| (error.into(), None))?;
        let open = || {
            folder.stranger(identity)?;
            let _lock = folder.lock_shared(READER_PATIENCE)?;
            let connection = match connect(folder.database()) {
                // Not even the shared index can be made.
                Err(Trouble::ReadOnly(_) | Trouble::Failed(_)) if folder.is_read_only() => {
                    connect_immutable(folder.database())
                }
                connected => connected,
            }?;
            connection.pragma_update(None, "query_only", true)?;
            Self { connection, identity }.in_place(folder)
        };
        open().map_err(|trouble| match folder.identity() {
            Ok(now) if now == identity => (trouble, Some(identity)),
            // It was moved in the middle of it; the next attempt meets what is there now.
            _ => (Trouble::Missing, None),
        })
    }

    /// A connection that writes; makes the folder and the file where they are missing.
    pub(super) fn open_writer(folder: &Folder, bounds: Bounds) -> Result<Self, NotOpened> {
        let found = folder.identity().ok();
        let open = || {
            folder.create()?;
            let _lock = folder.lock_alone(LOCK_PATIENCE)?;
            let identity = match folder.identity() {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    folder.create_database()?;
                    folder.identity()?
                }
                identity => identity?,
            };
            folder.stranger(identity)?;
            let connection = open_file(folder.database(), WRITER_PATIENCE)?;
            if schema::kind(&connection)? == Kind::Empty {
                schema::create(&connection)?;
            }
            check(&connection)?;
            folder.make_private();
            if connection.is_readonly("main")? {
                return Err(unwritable(folder));
            }
            bounds.apply(&connection)?;
            Self { connection, identity }.in_place(folder)
        };
        open().map_err(|trouble| (trouble, found))
    }

    /// Whether the file is still the one at the store's path.
    pub(super) fn is_in_place(&self, folder: &Folder) -> bool {
        folder.identity().is_ok_and(|identity| identity == self.identity)
    }

    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    fn in_place(self, folder: &Folder) -> Result<Self, Trouble> {
        if self.is_in_place(folder) {
            Ok(self)
        } else {
            Err(Trouble::Missing)
        }
    }
}

/// What is wrong with a file that SQLite opens for reading only.
fn unwritable(folder: &Folder) -> Trouble {
    let message = "the file cannot be written".to_owned();
    match folder.database().metadata() {
        // Nothing but its header says so.
        Ok(metadata) if !metadata.permissions().readonly() => Trouble::Damaged(message),
        _ => Trouble::ReadOnly(message),
    }
}

fn connect(path: &Path) -> Result<Connection, Trouble> {
    let connection = open_file(path, READER_PATIENCE)?;
    check(&connection)?;
    Ok(connection)
}

fn open_file(path: &Path, patience: Duration) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    prepare(Connection::open_with_flags(path, flags)?, patience)
}

/// Without locks and without the log, which nobody can be writing where nothing can be written.
fn connect_immutable(path: &Path) -> Result<Connection, Trouble> {
    let mut address = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => address.push(char::from(*byte)),
            byte => write!(address, "%{byte:02x}").unwrap_or_default(),
        }
    }
    address.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = prepare(Connection::open_with_flags(address, flags)?, READER_PATIENCE)?;
    check(&connection)?;
    Ok(connection)
}

fn prepare(connection: Connection, patience: Duration) -> rusqlite::Result<Connection> {
    schema::harden(&connection)?;
    connection.busy_timeout(patience)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn check(connection: &Connection) -> Result<(), Trouble> {
    match schema::kind(connection)? {
        Kind::Current => Ok(()),
        // The writer has not come round to it.
        Kind::Empty => Err(Trouble::Missing),
        Kind::Altered => Err(Trouble::Damaged("its tables are not those of a store".to_owned())),
        Kind::Future(version) => Err(Trouble::Future(version)),
        Kind::Foreign => Err(Trouble::Foreign),
    }
}
