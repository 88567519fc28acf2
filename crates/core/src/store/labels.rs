//! The labels of a namespace, page by page, for whoever invalidates by pattern.

use rusqlite::{Connection, types::ValueRef};
use std::sync::Arc;

use super::{
    entry::{Address, Entry, Namespace},
    queue::Overlaid,
    record::Record,
    text::text_units,
    trouble::Trouble,
};

/// Low bits of an entry's number that a cursor leaves out, so that it is exact as a double.
const LEFT_OUT: u32 = 11;

/// A page of labels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// Where the next page begins; `None` if there is none.
    pub next: Option<u64>,
    /// The labels as UTF-16 code units.
    pub labels: Vec<Vec<u16>>,
    /// The numbers of their entries.
    pub ids: Vec<i64>,
}

impl Labels {
    /// Adds the labels of entries that wait to be written.
    pub(super) fn add_waiting(&mut self, entries: &[Arc<(Address, Entry)>]) {
        for waiting in entries.iter().filter(|waiting| !waiting.1.label.is_empty()) {
            self.ids.push(waiting.0.id);
            self.labels.push(waiting.1.label.clone());
        }
    }
}

/// The labels in the file, `limit` of them or a few more, without entries for which the file does not count.
pub(super) fn stored(
    connection: &Connection,
    namespace: &Namespace,
    cursor: u64,
    limit: usize,
    overlaid: &Overlaid,
) -> Result<Labels, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT id, record FROM entry WHERE id >= ?1 AND +namespace = (SELECT id FROM namespace WHERE name = ?2) ORDER BY id",
    )?;
    let mut rows = statement.query(rusqlite::params![first_id(cursor), &**namespace.name()])?;
    let mut page = Labels::default();
    let mut last = None;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        // A page ends only where its cursor can say so.
        if page.ids.len() >= limit && last != Some(cursor_of(id)) {
            page.next = Some(cursor_of(id));
            break;
        }
        last = Some(cursor_of(id));
        let ValueRef::Blob(bytes) = row.get_ref(1)? else {
            continue;
        };
        let Ok(record) = Record::decode(bytes) else { continue };
        if !record.label.is_empty() && !overlaid.covers(id) {
            page.ids.push(id);
            page.labels.push(text_units(record.label));
        }
    }
    Ok(page)
}

/// Where the page begins that has the entry with this number.
pub(super) fn cursor_of(id: i64) -> u64 {
    (id.cast_unsigned() ^ 1 << 63) >> LEFT_OUT
}

/// The lowest number that an entry of the page has.
pub(super) fn first_id(cursor: u64) -> i64 {
    (cursor << LEFT_OUT ^ 1 << 63).cast_signed()
}
