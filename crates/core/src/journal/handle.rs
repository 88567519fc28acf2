//! A journal that is open: its rows, its end, and what was recorded in it.
//!
//! Invariant: between calls the file ends with a whole record. A write that fails is taken back, and nothing is written
//! after it.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    error::{JournalError, Refused},
    file::{self, Opened},
    record::{Amounts, Digest, Outcome, Record, Settlement, Start, amount_or_zero, total_length},
    rows::Rows,
    starts::{EarlierStarts, Starts},
    sync::{Answer, Sync},
};
use crate::{
    clock::{Clock, UnixMillis},
    files::positional,
};

/// As much of a record is read at first.
const FIRST_READ: usize = 4 << 10;
/// A larger buffer is given back to the allocator.
const MOST_KEPT: usize = 1 << 20;

/// A journal that is open, for this handle alone.
pub struct Journal {
    path: PathBuf,
    open: Option<Open>,
    salt: u64,
    end: u64,
    rows: Rows,
    earlier: Starts,
    stats: JournalStats,
    buffer: Vec<u8>,
}

struct Open {
    // Before `sync`, so that the thread has the last hold on it.
    file: Arc<File>,
    sync: Sync,
}

/// What a journal holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JournalStats {
    /// Outcomes that were recorded since it was opened.
    pub recorded: u64,
    /// Rows that had ended well when it was opened.
    pub recovered: u64,
    /// Stretches between records that were found damaged then.
    pub damaged: u64,
    /// Bytes at the end that were no whole record then, and were cut off.
    pub torn: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// What is known of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup {
    /// Nothing, or that it failed.
    Nothing,
    /// It ended well.
    Found(Found),
    /// The row at this index was another one.
    OtherContent,
    /// It was this row, but to be run otherwise.
    OtherSettings,
}

/// A result.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// How it is encoded.
    pub codec: u8,
    /// How long it took, in milliseconds.
    pub elapsed: f64,
    /// The result.
    pub value: Vec<u8>,
}

impl Journal {
    /// Opens the journal at a path, or begins one, in folders that are made if need be. `configuration` is the canonical
    /// encoding of whatever the run depends on.
    ///
    /// # Errors
    ///
    /// When it cannot be had, or belongs to another run; the file is left as it was.
    pub fn open(
        path: &Path,
        configuration: &[u8],
        now: UnixMillis,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, JournalError> {
        let mut rows = Rows::default();
        let mut earlier = Starts::new(now);
        let Opened {
            file,
            header,
            is_new,
            scan,
            torn,
        } = file::open(path, configuration, |position, record| match record {
            Record::Configuration(_) => {}
            Record::Outcome(outcome) => rows.note(outcome.index, position, outcome.ended_well),
            Record::Start(start) => earlier.start(start),
            Record::Settlement(settlement) => earlier.settle(settlement),
        })?;
        earlier.seal();
        let stats = JournalStats {
            recorded: 0,
            recovered: rows.ended_well(),
            damaged: scan.damaged,
            torn,
            bytes: scan.end,
        };
        let file = Arc::new(file);
        let sync = Sync::start(file.clone(), path.to_owned(), is_new, clock).map_err(|source| {
            let path = path.to_owned();
            let what = "start the thread of";
            JournalError::System { what, path, source }
        })?;
        Ok(Self {
            path: path.to_owned(),
            open: Some(Open { file, sync }),
            salt: header.salt,
            end: scan.end,
            rows,
            earlier,
            stats,
            buffer: Vec::new(),
        })
    }

    /// Whether there is anything about a row.
    #[must_use]
    pub fn has(&self, index: u64) -> bool {
        self.rows.position(index).is_some()
    }

    /// What is known of a row. An outcome that was damaged since the journal was opened is not known.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn find(&self, index: u64, content: &Digest, settings: &Digest) -> Result<Lookup, JournalError> {
        let Some(open) = &self.open else {
            return Err(self.closed());
        };
        let Some(position) = self.rows.position(index) else {
            return Ok(Lookup::Nothing);
        };
        let bytes = self.read(&open.file, position).map_err(|source| {
            let path = self.path.clone();
            JournalError::System {
                what: "read",
                path,
                source,
            }
        })?;
        let Ok((Record::Outcome(outcome), _)) = Record::decode(&bytes, self.salt) else {
            return Ok(Lookup::Nothing);
        };
        Ok(if outcome.index != index {
            Lookup::Nothing
        } else if outcome.content != content {
            Lookup::OtherContent
        } else if outcome.settings != settings {
            Lookup::OtherSettings
        } else if outcome.ended_well {
            Lookup::Found(Found {
                codec: outcome.codec,
                elapsed: outcome.elapsed,
                value: outcome.value.to_vec(),
            })
        } else {
            Lookup::Nothing
        })
    }

    /// Records how a row ended. It is in the file when this returns.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub fn record(&mut self, outcome: &Outcome<'_>) -> Result<(), Refused> {
        let elapsed = amount_or_zero(outcome.elapsed);
        let position = self.append(&Record::Outcome(Outcome { elapsed, ..*outcome }))?;
        self.rows.note(outcome.index, position, outcome.ended_well);
        self.stats.recorded += 1;
        Ok(())
    }

    /// Records that something begins which a limiter counts.
    ///
    /// # Errors
    ///
    /// When that is not in the file.
    pub fn started(&mut self, sequence: u64, at: UnixMillis, reserved: Amounts, lane: &[u8]) -> Result<(), Refused> {
        let at = UnixMillis(amount_or_zero(at.0));
        let start = Start {
            sequence,
            at,
            reserved,
            lane,
        };
        self.append(&Record::Start(start)).map(drop)
    }

    /// Records what it took.
    ///
    /// # Errors
    ///
    /// When that is not in the file.
    pub fn settled(&mut self, sequence: u64, at: UnixMillis, used: Amounts) -> Result<(), Refused> {
        let at = UnixMillis(amount_or_zero(at.0));
        let settlement = Settlement { sequence, at, used };
        self.append(&Record::Settlement(settlement)).map(drop)
    }

    /// What was started in the minute before now, and before the journal was opened.
    #[must_use]
    pub fn earlier_starts(&self, now: UnixMillis) -> Vec<EarlierStarts> {
        self.earlier.counting(now)
    }

    /// What went wrong with a write, so that nothing is recorded any more.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.open.as_ref().and_then(|open| open.sync.trouble())
    }

    /// What it holds.
    #[must_use]
    pub fn stats(&self) -> JournalStats {
        JournalStats {
            bytes: self.end,
            ..self.stats
        }
    }

    /// Answers when everything recorded before is on the disk.
    pub fn flush(&self, answer: Answer) {
        match &self.open {
            Some(open) => open.sync.flush(answer),
            None => answer(None),
        }
    }

    /// Answers when, besides, the file is closed and its lock given back.
    pub fn close(&mut self, answer: Answer) {
        match self.open.take() {
            Some(Open { file, sync }) => {
                drop(file);
                sync.end(answer);
            }
            None => answer(None),
        }
    }

    fn append(&mut self, record: &Record<'_>) -> Result<u64, Refused> {
        let mut bytes = std::mem::take(&mut self.buffer);
        let appended = if record.encode(self.salt, &mut bytes) {
            self.write(&bytes)
        } else {
            Err(Refused::TooLong)
        };
        if bytes.capacity() <= MOST_KEPT {
            self.buffer = bytes;
        }
        appended
    }

    fn write(&mut self, bytes: &[u8]) -> Result<u64, Refused> {
        let Some(Open { file, sync }) = &self.open else {
            return Err(Refused::Trouble(self.closed().to_string()));
        };
        if let Some(trouble) = sync.trouble() {
            return Err(Refused::Trouble(trouble));
        }
        if let Err(error) = positional::write(file, bytes, self.end) {
            // What is left of a record that was not finished would be cut off at the next opening.
            let _ = file.set_len(self.end);
            let trouble = format!("Cannot write to the journal {}: {error}", self.path.display());
            sync.fail(trouble.clone());
            return Err(Refused::Trouble(trouble));
        }
        let position = self.end;
        self.end += bytes.len() as u64;
        sync.written();
        Ok(position)
    }

    fn closed(&self) -> JournalError {
        let path = self.path.clone();
        JournalError::Closed { path }
    }

    /// The bytes of the record at a position, or some that are none.
    fn read(&self, file: &File, position: u64) -> io::Result<Vec<u8>> {
        let left = usize::try_from(self.end - position).unwrap_or(usize::MAX);
        let mut bytes = vec![0; left.min(FIRST_READ)];
        let read = |bytes: &mut [u8], at| match positional::read(file, bytes, position + at) {
            // Somebody cut the file.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
            read => read,
        };
        read(&mut bytes, 0)?;
        let total = total_length(&bytes).unwrap_or_default();
        let first = bytes.len();
        if total > first && total <= left {
            bytes.resize(total, 0);
            read(&mut bytes[first..], first as u64)?;
        }
        Ok(bytes)
    }
}
