//! A journal read from its first record to its end, whatever has become of it.
//!
//! Where no record is to be read, reading goes on at the next marker that begins one whose checksum agrees. If there is
//! one, what lies between was damaged; if there is none, the file was torn there. Memory is bounded by the longest record
//! that is really there.

use std::io::{self, Read, Seek, SeekFrom};

use super::record::{HEAD, MARKER, Record, RecordError, total_length};

/// How much is read at once.
const CHUNK: usize = 256 << 10;

/// What was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scan {
    /// Where the last whole record ends.
    pub end: u64,
    /// Stretches between whole records that hold none.
    pub damaged: u64,
}

/// Gives every record of a source to `visit`, with its position. `from` is where the first one begins, `length` where
/// the source ends.
///
/// # Errors
///
/// When the source cannot be read.
pub fn scan(
    source: impl Read + Seek,
    from: u64,
    length: u64,
    salt: u64,
    mut visit: impl FnMut(u64, &Record<'_>),
) -> io::Result<Scan> {
    let mut window = Window::new(source, length);
    let mut found = Scan { end: from, damaged: 0 };
    let mut position = from;
    while position < length {
        match step(&mut window, position, salt, &mut visit)? {
            Some(total) => {
                found.damaged += u64::from(found.end < position);
                position += total;
                found.end = position;
            }
            None => position = window.next_marker(position + 1)?,
        }
    }
    Ok(found)
}

/// The length of the record at a position, which `visit` is given unless its kind is unknown.
fn step<S: Read + Seek>(
    window: &mut Window<S>,
    position: u64,
    salt: u64,
    visit: &mut impl FnMut(u64, &Record<'_>),
) -> io::Result<Option<u64>> {
    let Ok(total) = total_length(window.at(position, HEAD)?) else {
        return Ok(None);
    };
    match Record::decode(window.at(position, total)?, salt) {
        Ok((record, _)) => visit(position, &record),
        // Of a later version.
        Err(RecordError::Kind(_)) => {}
        Err(_) => return Ok(None),
    }
    Ok(Some(total as u64))
}

/// A stretch of a source that is in memory.
struct Window<S> {
    source: S,
    /// Of the source.
    length: u64,
    /// Where the stretch begins.
    start: u64,
    bytes: Vec<u8>,
}

impl<S: Read + Seek> Window<S> {
    fn new(source: S, length: u64) -> Self {
        Self {
            source,
            length,
            start: 0,
            bytes: Vec::new(),
        }
    }

    /// The next `wanted` bytes; fewer, down to none, where the source ends before.
    fn at(&mut self, position: u64, wanted: usize) -> io::Result<&[u8]> {
        let left = usize::try_from(self.length.saturating_sub(position)).unwrap_or(usize::MAX);
        let wanted = wanted.min(left);
        if self.from(position).len() < wanted {
            self.bytes.resize(left.min(wanted.max(CHUNK)), 0);
            self.source.seek(SeekFrom::Start(position))?;
            self.source.read_exact(&mut self.bytes)?;
            self.start = position;
        }
        Ok(&self.from(position)[..wanted])
    }

    /// What is in memory from a position on.
    fn from(&self, position: u64) -> &[u8] {
        let from = position.checked_sub(self.start).map(|from| from as usize);
        from.and_then(|from| self.bytes.get(from..)).unwrap_or_default()
    }

    /// Where the next marker begins; the end where there is none.
    fn next_marker(&mut self, from: u64) -> io::Result<u64> {
        let mut position = from;
        while self.at(position, MARKER.len())?.len() == MARKER.len() {
            let bytes = self.from(position);
            if let Some(at) = bytes.windows(MARKER.len()).position(|bytes| bytes == MARKER) {
                return Ok(position + at as u64);
            }
            // A marker may lie across the end of what is in memory.
            position += (bytes.len() - MARKER.len() + 1) as u64;
        }
        Ok(self.length)
    }
}
