//! Writes the entries of a store to one file, which depends on the entries alone.
//!
//! The order is that of their numbers, which follow from namespace and key. What is not part of an entry is not in the
//! file: when it was used, where it stood. The file appears under its name only when it is whole.

use serde::Serialize;
use std::{
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
};

use super::{
    Progress, StoreTools, ToolError, file_error,
    scan::{self, Content},
    transfer::TransferWriter,
};
use crate::{clock::UnixMillis, store::database::Database};

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportReport {
    /// Entries in the file.
    pub entries: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Entries that were left out because nobody can say what they are.
    pub damaged: u64,
}

impl StoreTools {
    /// Writes all entries that are live at `now`, or those of a namespace.
    ///
    /// # Errors
    ///
    /// When the store cannot be read, the file cannot be written, or it was asked to stop. What stood under the name of
    /// the file before then still stands there.
    pub fn export(
        &self,
        path: &Path,
        namespace: Option<&str>,
        now: UnixMillis,
        progress: &Progress,
    ) -> Result<ExportReport, ToolError> {
        let error = file_error(path);
        let database = self.open()?;
        let mut file = tempfile::Builder::new()
            .prefix(".export-")
            .tempfile_in(folder_of(path))
            .map_err(&error)?;
        let mut report = write(database.as_ref(), file.as_file_mut(), &error, namespace, now, progress)?;
        file.as_file().sync_all().map_err(&error)?;
        report.bytes = file.as_file().metadata().map_err(&error)?.len();
        file.persist(path).map_err(|failed| error(failed.error))?;
        // So that the name is on disk too, where a folder can be synchronised.
        let _ = File::open(folder_of(path)).and_then(|folder| folder.sync_all());
        Ok(report)
    }
}

fn write(
    database: Option<&Database>,
    file: &mut File,
    error: &impl Fn(std::io::Error) -> ToolError,
    namespace: Option<&str>,
    now: UnixMillis,
    progress: &Progress,
) -> Result<ExportReport, ToolError> {
    let mut writer = TransferWriter::new(BufWriter::new(file)).map_err(error)?;
    let (mut entries, mut damaged) = (0, 0);
    if let Some(database) = database
        && let Some(scope) = scan::Scope::of(&database.connection, namespace)?
    {
        progress.begin(scan::count(&database.connection, scope)?);
        scan::each_record(&database.connection, scope, progress, |_, content| {
            match content {
                Content::Whole(record, _) if record.facts.deadline.has_passed(now) => {}
                Content::Whole(_, bytes) => {
                    writer.push(bytes).map_err(error)?;
                    entries += 1;
                }
                Content::Unknown | Content::Damaged => damaged += 1,
            }
            Ok(())
        })?;
    }
    writer.finish().map_err(error)?;
    Ok(ExportReport {
        entries,
        bytes: 0,
        damaged,
    })
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
