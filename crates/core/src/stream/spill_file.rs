//! A first-in, first-out file of records.
//!
//! Invariant: a record that was appended comes back byte for byte or as an error, never changed. The file has no name
//! from the moment it exists (on Windows: it is deleted on close), so the system takes it away with the process, however
//! that ends. It is opened by the first append and closed, which frees its space, when the last record leaves.
//!
//! Each record is its length and its xxh3-64 checksum (both eight bytes, little-endian), then its bytes. A write that
//! fails half-way leaves the end where it was, so the next append overwrites the torn part. Reading takes a [`Record`],
//! which needs no access to the file's bookkeeping and so may run on another thread.

use std::{collections::VecDeque, fs::File, io, sync::Arc};

use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

use crate::files::positional;

const HEADER: usize = 16;

/// Why a record could not be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SpillError {
    /// The temporary folder does not exist, is full, or refuses new files.
    #[error("cannot create a temporary file in {folder}: {source}", folder = std::env::temp_dir().display())]
    Create {
        /// What the system said.
        source: io::Error,
    },
    /// The disk is full or a limit on file sizes is reached. Nothing was appended.
    #[error("cannot write {length} bytes to a temporary file: {source}")]
    Write {
        /// Bytes of the record with its header.
        length: usize,
        /// What the system said.
        source: io::Error,
    },
    /// The system could not read a record back; it stays in front.
    #[error("cannot read {length} bytes of a temporary file: {source}")]
    Read {
        /// Bytes of the record with its header.
        length: usize,
        /// What the system said.
        source: io::Error,
    },
    /// A record's length or checksum differs from what was written; it stays in front.
    #[error("a record of {length} bytes in a temporary file is damaged")]
    Damaged {
        /// Bytes of the record with its header.
        length: usize,
    },
}

/// The file and where its records are.
#[derive(Debug, Default)]
pub struct SpillFile {
    file: Option<Arc<File>>,
    records: VecDeque<(u64, usize)>,
    end: u64,
}

/// A record that is still in the file; it can be read as often as needed.
#[derive(Debug)]
pub struct Record {
    file: Arc<File>,
    offset: u64,
    length: usize,
}

impl SpillFile {
    /// Number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is no record, and so no open file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Appends `payload` as one record.
    ///
    /// # Errors
    /// [`SpillError::Create`] and [`SpillError::Write`]; the records so far are untouched.
    pub fn append(&mut self, payload: &[u8]) -> Result<(), SpillError> {
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None => Arc::new(tempfile::tempfile().map_err(|source| SpillError::Create { source })?),
        };
        let length = HEADER + payload.len();
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(&(payload.len() as u64).to_le_bytes());
        header[8..].copy_from_slice(&xxh3_64(payload).to_le_bytes());
        positional::write(&file, &header, self.end)
            .and_then(|()| positional::write(&file, payload, self.end + HEADER as u64))
            .map_err(|source| SpillError::Write { length, source })?;
        self.file = Some(file);
        self.records.push_back((self.end, length));
        self.end += length as u64;
        Ok(())
    }

    /// The oldest record.
    #[must_use]
    pub fn front(&self) -> Option<Record> {
        let &(offset, length) = self.records.front()?;
        let file = Arc::clone(self.file.as_ref()?);
        Some(Record { file, offset, length })
    }

    /// Removes the oldest record; with the last one the file goes.
    pub fn pop(&mut self) {
        self.records.pop_front();
        if self.records.is_empty() {
            self.clear();
        }
    }

    /// Removes all records and the file.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Record {
    /// The bytes that were appended.
    ///
    /// # Errors
    /// [`SpillError::Read`] and [`SpillError::Damaged`].
    pub fn read(&self) -> Result<Vec<u8>, SpillError> {
        let length = self.length;
        let failed = |source| SpillError::Read { length, source };
        let mut header = [0; HEADER];
        positional::read(&self.file, &mut header, self.offset).map_err(failed)?;
        let mut payload = vec![0; length - HEADER];
        positional::read(&self.file, &mut payload, self.offset + HEADER as u64).map_err(failed)?;
        let (written_length, checksum) = header.split_at(8);
        if written_length != (payload.len() as u64).to_le_bytes() || checksum != xxh3_64(&payload).to_le_bytes() {
            return Err(SpillError::Damaged { length });
        }
        Ok(payload)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn records_come_back_in_order_whatever_their_length() {
        let mut file = SpillFile::default();
        let payloads: Vec<Vec<u8>> = [0, 1, 7, 65_537]
            .iter()
            .map(|&length| vec![length as u8; length])
            .collect();
        for payload in &payloads {
            file.append(payload).unwrap();
        }
        for payload in &payloads {
            assert_eq!(&file.front().unwrap().read().unwrap(), payload);
            file.pop();
        }
        assert!(file.front().is_none());
    }

    #[test]
    fn the_last_record_takes_the_file_with_it() {
        let mut file = SpillFile::default();
        assert!(file.file.is_none());
        file.append(b"one").unwrap();
        assert!(file.file.is_some());
        file.pop();
        assert!(file.file.is_none() && file.end == 0);
    }

    #[test]
    fn a_flipped_bit_is_an_error_in_payload_checksum_and_length_alike() {
        for position in [0, 8, HEADER as u64, HEADER as u64 + 4] {
            let mut file = SpillFile::default();
            file.append(b"hello").unwrap();
            let handle = file.file.as_ref().unwrap();
            let mut byte = [0];
            positional::read(handle, &mut byte, position).unwrap();
            positional::write(handle, &[byte[0] ^ 1], position).unwrap();
            let error = file.front().unwrap().read().unwrap_err();
            assert!(
                matches!(error, SpillError::Damaged { length: 21 }),
                "{position}: {error}"
            );
        }
    }

    #[test]
    fn a_truncated_file_is_an_error() {
        let mut file = SpillFile::default();
        file.append(b"hello").unwrap();
        file.file.as_ref().unwrap().set_len(18).unwrap();
        assert!(matches!(
            file.front().unwrap().read(),
            Err(SpillError::Read { length: 21, .. })
        ));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_that_changes_nothing() {
        let full = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/full")
            .unwrap();
        let mut file = SpillFile {
            file: Some(Arc::new(full)),
            ..SpillFile::default()
        };
        let error = file.append(b"hello").unwrap_err();
        assert!(
            matches!(&error, SpillError::Write { length: 21, source } if source.kind() == io::ErrorKind::StorageFull)
        );
        assert!(file.is_empty() && file.end == 0);
    }
}
