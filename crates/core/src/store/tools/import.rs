//! Adds the entries of an exported file to a store.
//!
//! Of two entries for one request, the one that was created later stays; of two of one time, the one whose record is
//! greater by its bytes. So it does not matter which of several files is imported first, or how often. What has expired
//! counts as absent on both sides.

use serde::Serialize;
use std::{
    cmp::Ordering,
    fs::File,
    io::{BufReader, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{self, AtomicU8},
    },
};

use super::{
    Progress, StoreTools, ToolError, file_error,
    transfer::{TransferError, TransferReader},
};
use crate::{
    clock::UnixMillis,
    store::{command::Task, record::Record},
};

/// Bytes of records that are written at once.
const PIECE: usize = 4 << 20;

/// What became of a file's entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportReport {
    /// Entries that the store has now and had not before.
    pub imported: u64,
    /// Entries that the store had as new or newer.
    pub kept: u64,
    /// Entries that have expired.
    pub expired: u64,
    /// Entries that are damaged or of another version.
    pub damaged: u64,
    /// Entries that are too large for the bound of the store.
    pub too_large: u64,
    /// Why the file was not read to its end.
    pub problem: Option<String>,
}

/// A record that is to be merged into the store, and what came of it.
pub(in crate::store) struct Merge {
    pub(in crate::store) record: Vec<u8>,
    pub(in crate::store) now: UnixMillis,
    /// Set each time that the record is written: only the last time counts, so a batch may be written again.
    outcome: AtomicU8,
}

/// What came of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Merged {
    Imported = 1,
    Kept = 2,
    TooLarge = 3,
}

impl Merge {
    /// Whether the record stays, rather than one that is stored under its number.
    pub(in crate::store) fn wins(&self, record: &Record<'_>, stored: &[u8]) -> bool {
        let Ok(other) = Record::decode(stored) else { return true };
        if other.facts.deadline.has_passed(self.now) {
            return true;
        }
        let by_time = record.facts.created.0.total_cmp(&other.facts.created.0);
        by_time.then_with(|| self.record.as_slice().cmp(stored)) == Ordering::Greater
    }

    pub(in crate::store) fn settle(&self, outcome: Merged) {
        self.outcome.store(outcome as u8, atomic::Ordering::Relaxed);
    }

    fn is(&self, outcome: Merged) -> bool {
        self.outcome.load(atomic::Ordering::Relaxed) == outcome as u8
    }
}

impl StoreTools {
    /// Merges the entries of a file into the store. Each record stands on its own checksum: those that are whole are
    /// imported though the file is not.
    ///
    /// # Errors
    ///
    /// When the file cannot be read at all, the store cannot be written, or it was asked to stop; pieces that were
    /// imported before that stay. What is wrong inside the file is in the report.
    pub fn import(&self, path: &Path, now: UnixMillis, progress: &Progress) -> Result<ImportReport, ToolError> {
        let error = file_error(path);
        let file = File::open(path).map_err(&error)?;
        progress.begin(file.metadata().map_err(&error)?.len());
        let mut report = ImportReport::default();
        match self.merge(BufReader::new(file), now, progress, &mut report) {
            Ok(()) => {}
            Err(Stopped::File(TransferError::Unreadable(failed))) => return Err(error(failed)),
            Err(Stopped::File(problem)) => report.problem = Some(problem.to_string()),
            Err(Stopped::Here(failed)) => return Err(failed),
        }
        Ok(report)
    }

    fn merge(
        &self,
        file: impl Read,
        now: UnixMillis,
        progress: &Progress,
        report: &mut ImportReport,
    ) -> Result<(), Stopped> {
        let mut reader = TransferReader::new(file)?;
        let mut piece = Vec::new();
        let mut bytes = 0;
        let end = loop {
            let record = match reader.next_record() {
                Ok(Some(record)) => record,
                end => break end.map(|_| ()),
            };
            progress.advance(record.len() as u64 + 4)?;
            match Record::decode(record) {
                Err(_) => report.damaged += 1,
                Ok(found) if found.facts.deadline.has_passed(now) => report.expired += 1,
                Ok(_) => {
                    bytes += record.len();
                    piece.push(Arc::new(Merge {
                        record: record.to_vec(),
                        now,
                        outcome: AtomicU8::new(0),
                    }));
                }
            }
            if bytes >= PIECE {
                self.write(&mut piece, report)?;
                bytes = 0;
            }
        };
        self.write(&mut piece, report)?;
        Ok(end?)
    }

    fn write(&self, piece: &mut Vec<Arc<Merge>>, report: &mut ImportReport) -> Result<(), ToolError> {
        if piece.is_empty() {
            return Ok(());
        }
        self.change(piece.iter().cloned().map(Task::Merge))?;
        for merge in piece.drain(..) {
            report.imported += u64::from(merge.is(Merged::Imported));
            report.kept += u64::from(merge.is(Merged::Kept));
            report.too_large += u64::from(merge.is(Merged::TooLarge));
        }
        Ok(())
    }
}

enum Stopped {
    File(TransferError),
    Here(ToolError),
}

impl From<TransferError> for Stopped {
    fn from(error: TransferError) -> Self {
        Self::File(error)
    }
}

impl From<ToolError> for Stopped {
    fn from(error: ToolError) -> Self {
        Self::Here(error)
    }
}
