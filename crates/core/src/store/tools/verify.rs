//! Reads everything there is and compares it with its checksums.

use serde::Serialize;

use super::{
    Progress, StoreTools, ToolError,
    scan::{self, Content},
};
use crate::store::{command::Task, database::Database};

/// Sentences of SQLite about one file that are passed on.
const MOST_PROBLEMS: i64 = 20;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifyReport {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// Entries that are as they were written.
    pub entries: u64,
    /// Bytes of their records.
    pub bytes: u64,
    /// Entries that are not.
    pub damaged: u64,
    /// Entries of another version.
    pub unknown: u64,
    /// What is wrong with the file.
    pub problems: Vec<String>,
}

impl StoreTools {
    /// Verifies the store; `remove_damaged`: removes entries that are damaged.
    ///
    /// # Errors
    ///
    /// When it was asked to stop, or a damaged entry cannot be removed. What is wrong with the store is no error.
    pub fn verify(&self, remove_damaged: bool, progress: &Progress) -> Result<VerifyReport, ToolError> {
        let mut report = VerifyReport::default();
        let mut damaged = Vec::new();
        let read = match self.open() {
            Ok(None) => Ok(()),
            Ok(Some(database)) => read(&database, progress, &mut report, &mut damaged),
            Err(trouble) => Err(trouble.into()),
        };
        match read {
            Err(ToolError::Store(trouble)) => report.problems.push(trouble),
            other => other?,
        }
        report.ok = report.damaged == 0 && report.problems.is_empty();
        if remove_damaged && !damaged.is_empty() {
            self.change(damaged.into_iter().map(Task::RemoveDamaged))?;
        }
        Ok(report)
    }
}

fn read(
    database: &Database,
    progress: &Progress,
    report: &mut VerifyReport,
    damaged: &mut Vec<i64>,
) -> Result<(), ToolError> {
    let connection = &database.connection;
    let mut check = connection.prepare(&format!("PRAGMA quick_check({MOST_PROBLEMS})"))?;
    let sentences = check.query_map([], |row| row.get::<_, String>(0))?;
    for sentence in sentences {
        let sentence = sentence?;
        if sentence != "ok" {
            report.problems.push(sentence);
        }
    }
    progress.begin(scan::count(connection, scan::Scope::ALL)?);
    scan::each_record(connection, scan::Scope::ALL, progress, |id, content| {
        match content {
            Content::Whole(_, bytes) => {
                report.entries += 1;
                report.bytes += bytes.len() as u64;
            }
            Content::Unknown => report.unknown += 1,
            Content::Damaged => {
                report.damaged += 1;
                damaged.push(id);
            }
        }
        Ok(())
    })
}
