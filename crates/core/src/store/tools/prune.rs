//! Removes entries by age and size, and gives the room back to the file system.

use serde::Serialize;

use super::{
    Progress, StoreTools, ToolError,
    scan::{self, Row},
};
use crate::{
    clock::UnixMillis,
    store::{command::Task, database::Database},
};

/// Which entries go: those that any of these selects, and of the others the longest unused until the rest fits.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// Only those of this namespace.
    pub namespace: Option<String>,
    /// Those written before.
    pub created_before: Option<f64>,
    /// Those not used since.
    pub used_before: Option<f64>,
    /// Those whose deadline has passed.
    pub expired_at: Option<UnixMillis>,
    /// The most bytes of those that stay.
    pub max_bytes: Option<u64>,
    /// Removes nothing.
    pub dry_run: bool,
}

/// What was removed and what is left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PruneReport {
    /// Entries removed.
    pub removed: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Entries left, of the namespace if one was named.
    pub entries: u64,
    /// Bytes of these.
    pub bytes_left: u64,
}

impl StoreTools {
    /// Removes what is selected. What is used or written anew meanwhile stays.
    ///
    /// # Errors
    ///
    /// When the store cannot be read or written, or it was asked to stop before anything was removed.
    pub fn prune(&self, selection: &Selection, progress: &Progress) -> Result<PruneReport, ToolError> {
        let mut report = PruneReport::default();
        let Some(database) = self.open()? else {
            return Ok(report);
        };
        let (going, staying) = select(&database, selection, progress)?;
        for row in &staying {
            report.entries += 1;
            report.bytes_left += row.size;
        }
        for row in &going {
            report.removed += 1;
            report.bytes += row.size;
        }
        if !selection.dry_run && !going.is_empty() {
            let removals = going.iter().map(|row| Task::RemoveUnused(row.id, row.used));
            self.change(removals.chain([Task::Compact]))?;
        }
        Ok(report)
    }
}

/// The entries that go and those that stay, the longest unused first.
fn select(database: &Database, selection: &Selection, progress: &Progress) -> Result<(Vec<Row>, Vec<Row>), ToolError> {
    let connection = &database.connection;
    let (mut going, mut staying) = (Vec::new(), Vec::new());
    let Some(scope) = scan::Scope::of(connection, selection.namespace.as_deref())? else {
        return Ok((going, staying));
    };
    progress.begin(scan::count(connection, scope)?);
    let with_created = selection.created_before.is_some();
    scan::each_row(connection, scope, with_created, progress, |row| {
        let list = if selection.selects(&row) {
            &mut going
        } else {
            &mut staying
        };
        list.push(row);
    })?;
    staying.sort_unstable_by_key(|row: &Row| (row.used, row.id));
    if let Some(max_bytes) = selection.max_bytes {
        let mut excess = staying
            .iter()
            .map(|row| row.size)
            .sum::<u64>()
            .saturating_sub(max_bytes);
        let stays = staying.iter().position(|row| {
            let fits = excess == 0;
            excess = excess.saturating_sub(row.size);
            fits
        });
        // An entry that takes nothing goes too where nothing may be taken.
        let first = stays.filter(|_| max_bytes > 0).unwrap_or(staying.len());
        going.extend(staying.drain(..first));
    }
    Ok((going, staying))
}

impl Selection {
    fn selects(&self, row: &Row) -> bool {
        let created = self.created_before.is_some_and(|before| row.created < before);
        let used = self.used_before.is_some_and(|before| (row.used as f64) < before);
        let expired = self.expired_at.zip(row.deadline);
        created || used || expired.is_some_and(|(now, deadline)| UnixMillis(deadline).has_passed(now))
    }
}
