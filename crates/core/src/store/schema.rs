//! What the database file looks like inside: tables, settings of a connection, versions.
//!
//! A file is ours if its application id says so. One with a higher version than [`VERSION`] is never changed.

use rusqlite::{Connection, config::DbConfig};

use super::trouble::Trouble;

/// The application id of a store, "aeps" in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x6165_7073;

/// The version of the schema that is written.
pub(super) const VERSION: i32 = 1;

const PAGE: u32 = 4096;

/// An entry's id is the hash of its namespace and key, so a look-up descends one tree; `entry_used` gives the order of
/// eviction and what a namespace holds, `entry_deadline` what has expired. Totals stand with the namespace, so that
/// nobody has to count.
const TABLES: &str = "
CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    used INTEGER NOT NULL,
    size INTEGER NOT NULL,
    deadline REAL,
    namespace INTEGER NOT NULL,
    fields BLOB NOT NULL,
    record BLOB NOT NULL
) STRICT;
CREATE INDEX entry_used ON entry (namespace, used);
CREATE INDEX entry_deadline ON entry (deadline) WHERE deadline IS NOT NULL;
CREATE TABLE namespace (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    entries INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE counter (
    namespace INTEGER PRIMARY KEY,
    hits REAL NOT NULL DEFAULT 0,
    coalesced REAL NOT NULL DEFAULT 0,
    milliseconds REAL NOT NULL DEFAULT 0,
    tokens REAL NOT NULL DEFAULT 0,
    cost REAL NOT NULL DEFAULT 0,
    not_storable REAL NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE lease (
    id INTEGER PRIMARY KEY,
    key_check INTEGER NOT NULL,
    owner INTEGER NOT NULL,
    ticket INTEGER NOT NULL,
    heartbeat REAL NOT NULL,
    expires REAL NOT NULL
) STRICT;
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
";

/// What kind of file a connection has opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A store of this version.
    Current,
    /// Nothing in it yet.
    Empty,
    /// A store of this version whose tables are not as they were made.
    Altered,
    /// A store of a later version.
    Future(i32),
    /// A database of somebody else.
    Foreign,
}

/// Bytes of a database's header that say whose it is.
pub(super) const HEADER: usize = 100;

/// Why a database with this header is not ours to open, if the header alone says so. What a database with a log says of
/// itself may still be in the log.
pub(super) fn stranger(header: &[u8; HEADER], has_log: bool) -> Option<Trouble> {
    let number = |at: usize| header[at..].first_chunk().map_or(0, |bytes| i32::from_be_bytes(*bytes));
    let [pages, version, application] = [28, 60, 68].map(number);
    match application {
        _ if !header.starts_with(b"SQLite format 3\0") => None,
        APPLICATION_ID if version > VERSION => Some(Trouble::Future(version)),
        APPLICATION_ID => None,
        0 if has_log || pages <= 1 => None,
        _ => Some(Trouble::Foreign),
    }
}

/// Settings without which nothing of the file may be read.
pub(super) fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    // The last connection would otherwise unlink the log by name, which may by then be that of another store.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "cell_size_check", true)
}

/// Looks into the file; this opens the log and the shared index too.
pub(super) fn kind(connection: &Connection) -> rusqlite::Result<Kind> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (number("application_id")?, number("user_version")?) {
        (0, 0) if objects == 0 => Kind::Empty,
        (APPLICATION_ID, version) if version > VERSION => Kind::Future(version),
        (APPLICATION_ID, VERSION) if has_tables(connection)? => Kind::Current,
        (APPLICATION_ID, VERSION) => Kind::Altered,
        _ => Kind::Foreign,
    })
}

/// Whether the tables and indexes have the text that made them: SQLite takes whatever else stands there for the truth,
/// and would write rows that nobody finds again.
fn has_tables(connection: &Connection) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")?;
    let found: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut wanted = TABLES.split(';').map(str::trim).filter(|sql| !sql.is_empty());
    Ok(wanted.all(|sql| found.iter().any(|found| found == sql)))
}

/// Makes an empty file a store.
pub(super) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", PAGE)?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {TABLES}\n PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT;"
    ))
}
