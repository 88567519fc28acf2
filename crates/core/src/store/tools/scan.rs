//! All entries of a store, in the order of their numbers.

use rusqlite::{Connection, MAIN_DB, OptionalExtension, types::ValueRef};

use super::{Progress, ToolError};
use crate::store::{
    entry::Namespace,
    record::{Record, RecordError},
};

/// Rows that are read in one transaction.
const PAGE: u32 = 128;

/// A row without its record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) id: i64,
    /// When it was used, in milliseconds.
    pub(super) used: i64,
    pub(super) size: u64,
    pub(super) deadline: Option<f64>,
    /// When it was written, as its record says; not verified, and read only where it is asked for.
    pub(super) created: f64,
}

/// What a record turned out to be.
pub(in crate::store) enum Content<'a> {
    /// What was written under this number.
    Whole(Record<'a>, &'a [u8]),
    /// What another version wrote.
    Unknown,
    /// Neither.
    Damaged,
}

/// Which entries are meant: all, or those of the namespace with a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope(Option<i64>);

impl Scope {
    pub(super) const ALL: Self = Self(None);

    /// Those of the namespace of a name, or all; `None` if there is no such namespace.
    pub(super) fn of(connection: &Connection, name: Option<&str>) -> Result<Option<Self>, ToolError> {
        let Some(name) = name else {
            return Ok(Some(Self::ALL));
        };
        let id = connection
            .prepare_cached("SELECT id FROM namespace WHERE name = ?")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        Ok(id.map(|id| Self(Some(id))))
    }
}

/// How many entries the file says there are.
pub(super) fn count(connection: &Connection, scope: Scope) -> Result<u64, ToolError> {
    let count = connection
        .prepare_cached("SELECT total(entries) FROM namespace WHERE ?1 IS NULL OR id = ?1")?
        .query_row([scope.0], |row| row.get::<_, f64>(0))?;
    Ok(count as u64)
}

/// Gives each record to `take`.
pub(super) fn each_record(
    connection: &Connection,
    scope: Scope,
    progress: &Progress,
    mut take: impl FnMut(i64, Content<'_>) -> Result<(), ToolError>,
) -> Result<(), ToolError> {
    each_page(|first| {
        let mut statement = connection.prepare_cached(
            "SELECT id, record FROM entry WHERE id >= ?1 AND (?2 IS NULL OR +namespace = ?2) ORDER BY id LIMIT ?3",
        )?;
        let mut rows = statement.query((first, scope.0, PAGE))?;
        let (mut last, mut length) = (first, 0);
        while let Some(row) = rows.next()? {
            last = row.get(0)?;
            take(last, content(last, row.get_ref(1)?))?;
            progress.advance(1)?;
            length += 1;
        }
        Ok((last, length))
    })
}

/// Gives each row to `take`; reads when entries were created only if `with_created`.
pub(super) fn each_row(
    connection: &Connection,
    scope: Scope,
    with_created: bool,
    progress: &Progress,
    mut take: impl FnMut(Row),
) -> Result<(), ToolError> {
    each_page(|first| {
        // One moment for the rows and what is then read of their records.
        let _moment = connection.unchecked_transaction()?;
        let mut statement = connection.prepare_cached(
            "SELECT id, used, size, deadline FROM entry WHERE id >= ?1 AND (?2 IS NULL OR +namespace = ?2)
            ORDER BY id LIMIT ?3",
        )?;
        let rows = statement.query_map((first, scope.0, PAGE), |row| {
            Ok(Row {
                id: row.get(0)?,
                used: row.get(1)?,
                size: row.get::<_, i64>(2)?.max(0).cast_unsigned(),
                deadline: row.get(3)?,
                created: f64::NAN,
            })
        })?;
        let (mut last, mut length) = (first, 0);
        let mut created = Created::new(connection);
        for row in rows {
            let mut row = row?;
            if with_created {
                row.created = created.of(row.id)?;
            }
            last = row.id;
            length += 1;
            take(row);
            progress.advance(1)?;
        }
        Ok((last, length))
    })
}

/// What is stored under a number, given to `take`; `None` if there is nothing any more.
pub(super) fn read<T>(
    connection: &Connection,
    id: i64,
    take: impl FnOnce(Content<'_>) -> T,
) -> Result<Option<T>, ToolError> {
    let mut statement = connection.prepare_cached("SELECT record FROM entry WHERE id = ?")?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(take(content(id, row.get_ref(0)?))))
}

/// Whether a record is what was written under this number.
pub(in crate::store) fn content(id: i64, value: ValueRef<'_>) -> Content<'_> {
    let ValueRef::Blob(bytes) = value else {
        return Content::Damaged;
    };
    match Record::decode(bytes) {
        Ok(record) if Namespace::id_of(record.namespace, record.key) == id => Content::Whole(record, bytes),
        Err(RecordError::Version(_)) => Content::Unknown,
        _ => Content::Damaged,
    }
}

/// Calls `page` with the first number of each page; it answers with the last one that it met and how many there were.
fn each_page(mut page: impl FnMut(i64) -> Result<(i64, u32), ToolError>) -> Result<(), ToolError> {
    let mut first = i64::MIN;
    loop {
        let (last, length) = page(first)?;
        match last.checked_add(1) {
            Some(next) if length == PAGE => first = next,
            _ => return Ok(()),
        }
    }
}

/// Reads when records were written, without the rest of them.
struct Created<'a> {
    connection: &'a Connection,
    blob: Option<rusqlite::blob::Blob<'a>>,
}

impl<'a> Created<'a> {
    fn new(connection: &'a Connection) -> Self {
        Self { connection, blob: None }
    }

    fn of(&mut self, id: i64) -> Result<f64, ToolError> {
        let blob = match &mut self.blob {
            Some(blob) => {
                blob.reopen(id)?;
                blob
            }
            none => none.insert(self.connection.blob_open(MAIN_DB, "entry", "record", id, true)?),
        };
        let mut bytes = [0; 8];
        let read = blob.read_at(&mut bytes, Record::CREATED_AT)?;
        Ok(if read == bytes.len() {
            f64::from_le_bytes(bytes)
        } else {
            f64::NAN
        })
    }
}
