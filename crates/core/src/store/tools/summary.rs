//! What a store holds and what it has saved since it was made.

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use super::{StoreTools, ToolError};
use crate::{clock::UnixMillis, store::bounds::ANY};

/// Of the whole store.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Entries.
    pub entries: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Bytes of the files.
    pub file_bytes: u64,
    /// The bound with which the store was last opened; `None` where there is none or it is not known.
    pub max_bytes: Option<u64>,
    /// Entries that have expired.
    pub expired: u64,
    /// Damaged entries that were removed since the store was made.
    pub damaged: u64,
    /// Names of files that were damaged and set aside.
    pub set_aside: Vec<String>,
    /// Each namespace.
    pub namespaces: Vec<NamespaceSummary>,
}

/// Of one namespace.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceSummary {
    /// Its name.
    pub namespace: String,
    /// Entries.
    pub entries: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Answers that were there.
    pub hits: f64,
    /// Look-ups that waited for the answer of another one.
    pub coalesced: f64,
    /// Milliseconds saved.
    pub time: f64,
    /// Tokens saved.
    pub tokens: f64,
    /// Cost saved.
    pub cost: f64,
    /// Values that could not be stored.
    pub not_storable: f64,
}

impl StoreTools {
    /// Sums up the store.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn summary(&self, now: UnixMillis) -> Result<Summary, ToolError> {
        let mut summary = Summary {
            file_bytes: self.core.folder.bytes(),
            set_aside: self.core.folder.set_aside_names(),
            ..Summary::default()
        };
        let Some(database) = self.open()? else {
            return Ok(summary);
        };
        let connection = &database.connection;
        summary.namespaces = namespaces(connection)?;
        summary.entries = summary.namespaces.iter().map(|namespace| namespace.entries).sum();
        summary.bytes = summary.namespaces.iter().map(|namespace| namespace.bytes).sum();
        summary.expired = count(connection.query_row(
            "SELECT count(*) FROM entry WHERE deadline <= ?",
            [now.0],
            |row| row.get(0),
        )?);
        summary.max_bytes = bound(connection)?.filter(|bound| *bound < ANY);
        summary.damaged = meta(connection, "damaged_records")?.unwrap_or_default();
        Ok(summary)
    }
}

fn namespaces(connection: &Connection) -> Result<Vec<NamespaceSummary>, ToolError> {
    let mut statement = connection.prepare(
        "SELECT name, entries, bytes, hits, coalesced, milliseconds, tokens, cost, not_storable
        FROM namespace LEFT JOIN counter ON counter.namespace = namespace.id ORDER BY name",
    )?;
    let summaries = statement.query_map([], |row| {
        let number = |index| Ok::<f64, rusqlite::Error>(row.get::<_, Option<f64>>(index)?.unwrap_or_default());
        Ok(NamespaceSummary {
            namespace: row.get(0)?,
            entries: count(row.get(1)?),
            bytes: count(row.get(2)?),
            hits: number(3)?,
            coalesced: number(4)?,
            time: number(5)?,
            tokens: number(6)?,
            cost: number(7)?,
            not_storable: number(8)?,
        })
    })?;
    Ok(summaries.collect::<Result<_, _>>()?)
}

/// The bound with which the store was last opened.
pub(super) fn bound(connection: &Connection) -> Result<Option<u64>, ToolError> {
    meta(connection, "max_bytes")
}

/// A number that the writer noted.
fn meta(connection: &Connection, name: &str) -> Result<Option<u64>, ToolError> {
    let number = connection
        .query_row("SELECT value FROM meta WHERE name = ?", [name], |row| row.get(0))
        .optional()?;
    Ok(number.map(count))
}

fn count(number: i64) -> u64 {
    number.max(0).cast_unsigned()
}
