//! An entry that is found: waiting to be written, or in the file.
//!
//! What comes from the file is verified first: that the record is whole, that it is the entry asked for, and that it has
//! not ended.

use rusqlite::{Connection, types::ValueRef};

use super::{
    command::Task,
    core::Core,
    entry::{Address, Entry, Value},
    record::{Facts, Record, RecordError},
    trouble::Trouble,
};
use crate::clock::UnixMillis;

/// A use of an entry is written back at most once in this time, in milliseconds.
const TOUCHED_EVERY: f64 = 10.0 * 60.0 * 1000.0;

/// An entry that was found.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    /// What is known about the value.
    pub facts: Facts,
    /// The value.
    pub value: Found<'a>,
    /// Bytes that the entry takes.
    pub stored_bytes: usize,
}

/// A value that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// A text that waits to be written, as UTF-16 code units.
    Units(&'a [u16]),
    /// The bytes that its codec made, of a text its generalized UTF-8.
    Bytes(&'a [u8]),
}

pub(super) fn hit_of(entry: &Entry, now: UnixMillis) -> Option<Hit<'_>> {
    let value = match &entry.value {
        Value::Text(units) => Found::Units(units),
        Value::Bytes(bytes) => Found::Bytes(bytes),
    };
    let hit = Hit {
        facts: entry.facts,
        value,
        stored_bytes: 0,
    };
    (!entry.facts.deadline.has_passed(now)).then_some(hit)
}

pub(super) fn read_stored<R>(
    core: &Core,
    connection: &Connection,
    address: &Address,
    now: UnixMillis,
    take: impl FnOnce(&Hit<'_>) -> R,
) -> Result<Option<R>, Trouble> {
    let mut statement = connection.prepare_cached("SELECT record, used FROM entry WHERE id = ?")?;
    let mut rows = statement.query([address.id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let bytes = match row.get_ref(0)? {
        ValueRef::Blob(bytes) => bytes,
        _ => &[],
    };
    let record = match Record::decode(bytes) {
        Ok(record) if address.is_of(&record) => record,
        // Another entry of the same number, or one of another version.
        Ok(_) | Err(RecordError::Version(_)) => return Ok(None),
        Err(_) => {
            core.queue.order(Task::Inspect(address.id));
            return Ok(None);
        }
    };
    if record.facts.deadline.has_passed(now) {
        return Ok(None);
    }
    let used: i64 = row.get(1)?;
    if core.clock.wall().0 - used as f64 > TOUCHED_EVERY {
        core.queue.order(Task::Touch(address.id));
    }
    Ok(Some(take(&Hit {
        facts: record.facts,
        value: Found::Bytes(record.value),
        stored_bytes: bytes.len(),
    })))
}
