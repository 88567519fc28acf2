//! The live entries of a namespace, page by page, for whoever goes through all of them.
//!
//! Pages follow the numbers of entries, in no order that means anything. A number stays with its key, so an entry that
//! is there from the first page to the last is given exactly once, be it written anew, or written to the file, meanwhile.

use rusqlite::{Connection, types::ValueRef};
use std::{iter::Peekable, sync::Arc, vec::IntoIter};

use super::{
    Store,
    entry::{Address, Entry, Namespace},
    hit::{Found, Hit, hit_of},
    labels::{cursor_of, first_id},
    queue::Overlaid,
    record::Record,
    text::{text_bytes, text_units},
    trouble::Trouble,
};
use crate::clock::UnixMillis;

/// Where a page ends, although it could have more entries.
const MOST_BYTES: usize = 1 << 20;

/// Which entries are gone through.
#[derive(Debug, Clone, Copy)]
pub struct PageOf<'a> {
    /// Those whose labels begin with this.
    pub prefix: &'a [u16],
    /// Those that live at this time.
    pub now: UnixMillis,
    /// Where the page begins: where the one before ended, 0 at the beginning.
    pub cursor: u64,
    /// So many are looked at, or a few more; fewer where they are large.
    pub limit: usize,
}

impl Store {
    /// Gives the labels and the values of a page to `take`; returns where the next page begins, if there is one.
    pub fn page(&self, namespace: &Namespace, of: PageOf<'_>, take: impl FnMut(Vec<u16>, &Hit<'_>)) -> Option<u64> {
        if !self.is_open() {
            return None;
        }
        self.core.see(of.now);
        let (mut waiting, overlaid) = self.core.queue.entries_of(namespace.name());
        waiting.retain(|entry| entry.0.id >= first_id(of.cursor));
        waiting.sort_unstable_by_key(|entry| entry.0.id);
        let mut page = Page {
            of,
            prefix: text_bytes(of.prefix),
            take,
            waiting: waiting.into_iter().peekable(),
            last: None,
            count: 0,
            bytes: 0,
        };
        let stored = self.ask(|connection| page.add_stored(connection, namespace, &overlaid).map(Some));
        match stored {
            Some(Err(next)) => Some(next),
            // To the end of the file, or there is none.
            _ => page.add_waiting_before(None).err(),
        }
    }
}

struct Page<'a, T> {
    of: PageOf<'a>,
    prefix: Vec<u8>,
    take: T,
    /// In the order of their numbers.
    waiting: Peekable<IntoIter<Arc<(Address, Entry)>>>,
    /// The cursor of the entry that was looked at last.
    last: Option<u64>,
    count: usize,
    bytes: usize,
}

/// `Err` where the page is full, with the beginning of the next.
type Progress = Result<(), u64>;

impl<T: FnMut(Vec<u16>, &Hit<'_>)> Page<'_, T> {
    fn add_stored(
        &mut self,
        connection: &Connection,
        namespace: &Namespace,
        overlaid: &Overlaid,
    ) -> Result<Progress, Trouble> {
        let mut statement = connection.prepare_cached(
            "SELECT id, record FROM entry WHERE id >= ?1 AND +namespace = (SELECT id FROM namespace WHERE name = ?2) ORDER BY id",
        )?;
        let mut rows = statement.query(rusqlite::params![first_id(self.of.cursor), &**namespace.name()])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            if let Err(next) = self.add_waiting_before(Some(id)) {
                return Ok(Err(next));
            }
            if overlaid.covers(id) {
                continue;
            }
            if let Err(next) = self.look_at(id) {
                return Ok(Err(next));
            }
            let ValueRef::Blob(bytes) = row.get_ref(1)? else {
                continue;
            };
            // One that is damaged is for those who read it to report.
            if let Ok(record) = Record::decode(bytes) {
                self.add_record(&record, bytes.len());
            }
        }
        Ok(Ok(()))
    }

    fn add_record(&mut self, record: &Record<'_>, stored_bytes: usize) {
        if !record.label.starts_with(&self.prefix) || record.facts.deadline.has_passed(self.of.now) {
            return;
        }
        self.bytes += stored_bytes;
        let hit = Hit {
            facts: record.facts,
            value: Found::Bytes(record.value),
            stored_bytes,
        };
        (self.take)(text_units(record.label), &hit);
    }

    /// Adds what waits under lower numbers than this.
    fn add_waiting_before(&mut self, id: Option<i64>) -> Progress {
        while let Some(entry) = self.waiting.next_if(|entry| id.is_none_or(|id| entry.0.id < id)) {
            self.look_at(entry.0.id)?;
            let (address, entry) = &*entry;
            if !entry.label.starts_with(self.of.prefix) {
                continue;
            }
            if let Some(hit) = hit_of(entry, self.of.now) {
                self.bytes += entry.waiting_bytes(address);
                (self.take)(entry.label.clone(), &hit);
            }
        }
        Ok(())
    }

    /// A page ends only where its cursor can say so.
    fn look_at(&mut self, id: i64) -> Progress {
        let cursor = cursor_of(id);
        let is_full = self.count >= self.of.limit || self.bytes >= MOST_BYTES;
        if is_full && self.last != Some(cursor) {
            return Err(cursor);
        }
        self.last = Some(cursor);
        self.count += 1;
        Ok(())
    }
}
