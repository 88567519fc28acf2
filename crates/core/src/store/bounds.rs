//! How many bytes a store may take on disk, and what goes when it is too many.
//!
//! What counts are the bytes of the files, so the log has its share: its size bounds that of a batch. Room is made in
//! the transaction that needs it, down to below the bound, so that not every batch has to.

use rusqlite::Connection;

use super::{
    batch::{Totals, remove},
    trouble::Trouble,
};
use crate::clock::UnixMillis;

const PAGE: u64 = 4096;

/// Pages that the writer keeps in memory: an entry's place is random, so each put meets another page.
const CACHE_KIB: i64 = 16 << 10;

/// Free pages that are not worth the trouble.
const SPARE_PAGES: u64 = 64;

/// Stands for the bound that the store has, for whoever only looks after it: the largest integer exact as a double.
/// Greater ones are no bound at all.
pub(super) const ANY: u64 = (1 << 53) - 1;

/// Entries that are looked at before the room that they leave is measured.
pub(super) const AT_ONCE: u16 = 256;

/// The sizes that follow from the bound of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Bytes of the database file's used pages.
    pub(super) database: u64,
    /// Bytes that remain after room was made.
    pub(super) low: u64,
    /// Bytes of the log before it is written back.
    pub(super) log: u64,
    /// Bytes of one batch.
    pub(super) batch: u64,
    /// Bytes of the largest entry.
    pub(super) entry: u64,
}

impl Bounds {
    pub(super) fn new(max_bytes: u64) -> Self {
        let log = (max_bytes / 8).clamp(16 * PAGE, 32 << 20);
        let database = max_bytes.saturating_sub(log).max(16 * PAGE);
        Self {
            database,
            low: database - database / 16,
            log,
            batch: (log / 2).min(4 << 20),
            entry: (max_bytes / 5).clamp(2 * PAGE, 512 << 20),
        }
    }

    /// Gives a connection that writes its settings.
    pub(super) fn apply(self, connection: &Connection) -> Result<(), Trouble> {
        connection.pragma_update(None, "journal_size_limit", self.log.cast_signed())?;
        connection.pragma_update(None, "wal_autocheckpoint", (self.log / PAGE / 2).cast_signed())?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        Ok(())
    }
}

/// Removes what has expired and the oldest used entries until `incoming` bytes find room. Nothing is removed while they
/// do anyway.
pub(super) fn make_room(
    connection: &Connection,
    totals: &mut Totals,
    bounds: Bounds,
    incoming: u64,
    expired_before: UnixMillis,
) -> Result<(), Trouble> {
    if used_bytes(connection)? + incoming <= bounds.database {
        return Ok(());
    }
    let goal = bounds.low.saturating_sub(incoming);
    remove_expired(connection, totals, expired_before)?;
    loop {
        let used = used_bytes(connection)?;
        if used <= goal {
            return Ok(());
        }
        let mut excess = used - goal;
        let oldest = oldest(connection)?;
        if oldest.is_empty() {
            return Ok(());
        }
        for (_, id, size) in oldest {
            remove(connection, totals, id)?;
            excess = excess.saturating_sub(size);
            if excess == 0 {
                break;
            }
        }
    }
}

/// Gives pages back to the file system where the file has more than it may, or half of them are free, as after much
/// was removed, or `all` that are free are wanted; not more at once than fit in a batch. Returns whether there is more to give.
pub(super) fn shrink(connection: &Connection, bounds: Bounds, all: bool) -> Result<bool, Trouble> {
    let pages = pragma(connection, "page_count")?;
    let free = pragma(connection, "freelist_count")?;
    let excess = pages.saturating_sub(bounds.database / PAGE);
    let slack = if all || free > SPARE_PAGES && free > pages / 2 {
        free
    } else {
        0
    };
    let goal = excess.max(slack).min(free);
    let now = goal.min(bounds.batch / PAGE);
    if now > 0 {
        connection.pragma(None, "incremental_vacuum", now.cast_signed(), |_| Ok(()))?;
    }
    Ok(goal > now)
}

/// Bytes of the pages that hold something.
fn used_bytes(connection: &Connection) -> Result<u64, Trouble> {
    let free = pragma(connection, "freelist_count")?;
    Ok(pragma(connection, "page_count")?.saturating_sub(free) * PAGE)
}

fn pragma(connection: &Connection, name: &str) -> Result<u64, Trouble> {
    let number: i64 = connection.pragma_query_value(None, name, |row| row.get(0))?;
    Ok(number.max(0).cast_unsigned())
}

/// Removes entries that have expired, up to [`AT_ONCE`]; returns how many.
pub(super) fn remove_expired(connection: &Connection, totals: &mut Totals, now: UnixMillis) -> Result<usize, Trouble> {
    let ids = expired(connection, now)?;
    for id in &ids {
        remove(connection, totals, *id)?;
    }
    Ok(ids.len())
}

/// Entries that have expired, the longest expired first, not more than one batch should remove.
fn expired(connection: &Connection, now: UnixMillis) -> Result<Vec<i64>, Trouble> {
    if now.0.is_nan() {
        return Ok(Vec::new());
    }
    let mut statement =
        connection.prepare_cached("SELECT id FROM entry WHERE deadline <= ? ORDER BY deadline LIMIT ?")?;
    let ids = statement.query_map(rusqlite::params![now.0, AT_ONCE], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// The entries that were used the longest ago of all: when, number, size.
fn oldest(connection: &Connection) -> Result<Vec<(i64, i64, u64)>, Trouble> {
    let namespaces: Vec<i64> = connection
        .prepare_cached("SELECT id FROM namespace")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut statement =
        connection.prepare_cached("SELECT used, id, size FROM entry WHERE namespace = ? ORDER BY used LIMIT ?")?;
    let mut entries = Vec::new();
    for namespace in namespaces {
        let of_namespace = statement.query_map([namespace, AT_ONCE.into()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.max(0).cast_unsigned()))
        })?;
        entries.extend(of_namespace.collect::<Result<Vec<_>, _>>()?);
    }
    // Each namespace has given its oldest ones, so the oldest of these are the oldest of all.
    entries.sort_unstable();
    entries.truncate(AT_ONCE.into());
    Ok(entries)
}
