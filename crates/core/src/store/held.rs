//! What a namespace holds, entry by entry: in the file and waiting to be written.
//!
//! Looking here is no use of an entry: its place in the order of eviction stays.

use rusqlite::{Connection, OptionalExtension, types::ValueRef};
use std::sync::Arc;

use super::{
    Store,
    entry::{Address, Entry, Namespace},
    queue::{Overlaid, Pending},
    record::{Facts, Record},
    trouble::Trouble,
};
use crate::clock::UnixMillis;

/// An entry, live or expired.
pub(super) struct Held {
    pub(super) id: i64,
    /// Bytes that it takes, about while it waits.
    pub(super) bytes: u64,
    pub(super) deadline: UnixMillis,
    waiting: Option<Arc<(Address, Entry)>>,
}

impl Store {
    /// All entries, the least recently used first as far as the store knows; those that wait come last.
    pub(super) fn held(&self, namespace: &Namespace) -> Vec<Held> {
        if !self.is_open() {
            return Vec::new();
        }
        let (mut waiting, overlaid) = self.core.queue.entries_of(namespace.name());
        let stored = self.ask(|connection| stored(connection, namespace, &overlaid).map(Some));
        waiting.sort_by(|one, other| one.1.facts.created.0.total_cmp(&other.1.facts.created.0));
        let mut held = stored.unwrap_or_default();
        held.extend(waiting.into_iter().map(|waiting| Held {
            id: waiting.0.id,
            bytes: waiting.1.waiting_bytes(&waiting.0) as u64,
            deadline: waiting.1.facts.deadline,
            waiting: Some(waiting),
        }));
        held
    }

    /// The key of an entry; `None` if the entry has gone, or its record or the key is not whole.
    pub(super) fn key_of(&self, held: &Held) -> Option<String> {
        let key = match &held.waiting {
            Some(waiting) => waiting.0.key().to_vec(),
            None => self.ask(|connection| with_record(connection, held.id, |record| record.key.to_vec()))?,
        };
        String::from_utf8(key).ok()
    }

    /// What is known about the value at an address, whether its deadline has passed or not.
    pub(super) fn facts(&self, namespace: &Namespace, address: &Address) -> Option<Facts> {
        match self.core.queue.look_up(namespace.name(), address) {
            Pending::Entry(waiting) => Some(waiting.1.facts),
            Pending::Absent => None,
            Pending::Unknown => self.ask(|connection| {
                let facts = with_record(connection, address.id, |record| {
                    address.is_of(record).then_some(record.facts)
                })?;
                Ok(facts.flatten())
            }),
        }
    }
}

fn stored(connection: &Connection, namespace: &Namespace, overlaid: &Overlaid) -> Result<Vec<Held>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT id, size, deadline FROM entry WHERE namespace = (SELECT id FROM namespace WHERE name = ?) ORDER BY used",
    )?;
    let rows = statement.query_map([&**namespace.name()], |row| {
        Ok(Held {
            id: row.get(0)?,
            bytes: row.get::<_, i64>(1)?.max(0).cast_unsigned(),
            deadline: row.get::<_, Option<f64>>(2)?.map_or(UnixMillis::NEVER, UnixMillis),
            waiting: None,
        })
    })?;
    let mut held = rows.collect::<Result<Vec<_>, _>>()?;
    held.retain(|held| !overlaid.covers(held.id));
    Ok(held)
}

/// Gives the record of an entry to `take`. One that is damaged is for those who read it to report.
pub(super) fn with_record<R>(
    connection: &Connection,
    id: i64,
    take: impl FnOnce(&Record<'_>) -> R,
) -> Result<Option<R>, Trouble> {
    let taken = connection
        .prepare_cached("SELECT record FROM entry WHERE id = ?")?
        .query_row([id], |row| match row.get_ref(0)? {
            ValueRef::Blob(bytes) => Ok(Record::decode(bytes).ok().map(|record| take(&record))),
            _ => Ok(None),
        })
        .optional()?;
    Ok(taken.flatten())
}
