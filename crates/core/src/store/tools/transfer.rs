//! The file that carries entries from one store to another, specified in `docs/formats.md` under "Export".
//!
//! A sequence of records with an end that tells their number and a checksum over everything, so that a file that was
//! cut is never taken for a whole one. Any bytes read as records and then an end or an error, and no more is allocated
//! than the file has bytes. Whether a record is whole is for [`Record`](crate::store::Record) to say, and which
//! entries are written, in which order, for whoever writes it.

use std::io::{self, Read, Write};
use xxhash_rust::xxh3::Xxh3;

/// How each export begins: a byte that is no text and a line end that a transfer as text would change, as in PNG.
pub const MAGIC: [u8; 8] = *b"\x89aeps\r\n\x1a";

/// The version of the file that is written.
pub const VERSION: u32 = 1;

/// A length that no record has: one of this size is a damaged length.
const MOST_RECORD_BYTES: u32 = 1 << 30;

/// Why a file cannot be read, or not further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// It does not begin as an export does.
    #[error("it is not an export of a store")]
    NotAnExport,
    /// A later version of this package wrote it.
    #[error("it has version {0} of the format, which this version of the package does not know")]
    Version(u32),
    /// It ends before its end was written.
    #[error("it is cut off after {0} records")]
    CutOff(u64),
    /// It is whole as far as its length goes, but not what was written.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    /// The system could not read it.
    #[error(transparent)]
    Unreadable(#[from] io::Error),
}

/// Writes records one after the other, in the order in which they are given.
pub struct TransferWriter<W> {
    to: W,
    hash: Xxh3,
    count: u64,
}

impl<W: Write> TransferWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// When it cannot be written to, as everywhere below.
    pub fn new(to: W) -> io::Result<Self> {
        let hash = Xxh3::new();
        let mut writer = Self { to, hash, count: 0 };
        writer.write(&MAGIC)?;
        writer.write(&VERSION.to_le_bytes())?;
        Ok(writer)
    }

    /// Appends a record, which is not empty.
    ///
    /// # Errors
    ///
    /// When it is larger than any record can be.
    pub fn push(&mut self, record: &[u8]) -> io::Result<()> {
        let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
        if length == 0 || length > MOST_RECORD_BYTES {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.write(&length.to_le_bytes())?;
        self.write(record)?;
        self.count += 1;
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    ///
    /// When it cannot be written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.write(&0_u32.to_le_bytes())?;
        self.write(&self.count.to_le_bytes())?;
        let checksum = self.hash.digest();
        self.to.write_all(&checksum.to_le_bytes())?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.to.write_all(bytes)
    }
}

/// Reads the records of a file.
pub struct TransferReader<R> {
    from: R,
    hash: Xxh3,
    count: u64,
    record: Vec<u8>,
}

impl<R: Read> TransferReader<R> {
    /// Begins to read a file.
    ///
    /// # Errors
    ///
    /// When it is no export, or one of a later version.
    pub fn new(from: R) -> Result<Self, TransferError> {
        let hash = Xxh3::new();
        let record = Vec::new();
        let mut reader = Self {
            from,
            hash,
            count: 0,
            record,
        };
        match reader.array() {
            Ok(MAGIC) => {}
            Ok(_) | Err(TransferError::CutOff(_)) => return Err(TransferError::NotAnExport),
            Err(error) => return Err(error),
        }
        match u32::from_le_bytes(reader.array()?) {
            VERSION => Ok(reader),
            version => Err(TransferError::Version(version)),
        }
    }

    /// The next record; `None` once the end has come and everything was as it was written.
    ///
    /// # Errors
    ///
    /// When the file is not what was written. Records that came before stand on their own checksums.
    pub fn next_record(&mut self) -> Result<Option<&[u8]>, TransferError> {
        let length = u32::from_le_bytes(self.array()?);
        if length == 0 {
            return self.end().map(|()| None);
        }
        if length > MOST_RECORD_BYTES {
            return Err(TransferError::Damaged("a record of impossible length"));
        }
        self.record.clear();
        // Grows with what is there, whatever length was announced.
        let read = (&mut self.from).take(length.into()).read_to_end(&mut self.record)?;
        if read < length as usize {
            return Err(TransferError::CutOff(self.count));
        }
        self.hash.update(&self.record);
        self.count += 1;
        Ok(Some(&self.record))
    }

    fn end(&mut self) -> Result<(), TransferError> {
        let count = u64::from_le_bytes(self.array()?);
        let expected = self.hash.digest();
        let checksum = u64::from_le_bytes(self.array()?);
        if checksum != expected {
            return Err(TransferError::Damaged("the checksum of the file differs"));
        }
        if count != self.count {
            return Err(TransferError::Damaged("it has another number of records than it says"));
        }
        match self.from.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(TransferError::Damaged("something follows its end")),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], TransferError> {
        let mut bytes = [0; N];
        self.from.read_exact(&mut bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => TransferError::CutOff(self.count),
            _ => error.into(),
        })?;
        self.hash.update(&bytes);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{MAGIC, TransferError, TransferReader, TransferWriter, VERSION};
    use proptest::prelude::*;

    fn write(records: &[&[u8]]) -> Vec<u8> {
        let mut writer = TransferWriter::new(Vec::new()).unwrap();
        for record in records {
            writer.push(record).unwrap();
        }
        writer.finish().unwrap()
    }

    fn read(file: &[u8]) -> (Vec<Vec<u8>>, Option<TransferError>) {
        let mut records = Vec::new();
        let mut reader = match TransferReader::new(file) {
            Ok(reader) => reader,
            Err(error) => return (records, Some(error)),
        };
        loop {
            match reader.next_record() {
                Ok(Some(record)) => records.push(record.to_vec()),
                Ok(None) => return (records, None),
                Err(error) => return (records, Some(error)),
            }
        }
    }

    /// The bytes of the example in `docs/formats.md`.
    #[test]
    fn the_documented_example_keeps_its_bytes() {
        let expected = [
            "89616570730d0a1a01000000",
            "030000006f6e65",
            "050000007468726565",
            "000000000200000000000000",
            "c84a57f043aa066e",
        ];
        let written = write(&[b"one", b"three"]).into_iter();
        let bytes = written.fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        assert_eq!(bytes, expected.concat());
    }

    #[test]
    fn every_cut_is_noticed_and_what_stood_before_it_is_read() {
        let file = write(&[b"one", b"three"]);
        for length in 0..file.len() {
            let (records, error) = read(&file[..length]);
            let error = error.unwrap();
            assert!(
                matches!(error, TransferError::NotAnExport | TransferError::CutOff(_)),
                "{error} at {length}"
            );
            assert_eq!(records.len(), usize::from(length >= 19) + usize::from(length >= 28));
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let file = write(&[b"one", b"three"]);
        for bit in 0..8 * file.len() {
            let mut flipped = file.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&flipped).1.is_some(), "bit {bit}");
        }
    }

    #[test]
    fn what_is_no_export_is_told_from_one_of_a_later_version_and_from_two_in_one_file() {
        let file = write(&[]);
        assert!(matches!(read(b"PK\x03\x04 a zip").1, Some(TransferError::NotAnExport)));
        let later = [&MAGIC[..], &(VERSION + 1).to_le_bytes(), b"anything"].concat();
        assert!(matches!(read(&later).1, Some(TransferError::Version(2))));
        let doubled = [&file[..], &file].concat();
        assert!(matches!(read(&doubled).1, Some(TransferError::Damaged(_))));
    }

    /// A file of a few bytes that announces a gigabyte.
    #[test]
    fn an_announced_length_alone_allocates_nothing() {
        let file = [
            &MAGIC[..],
            &VERSION.to_le_bytes(),
            &(1_u32 << 30).to_le_bytes(),
            b"ten bytes!",
        ]
        .concat();
        let mut reader = TransferReader::new(&file[..]).unwrap();
        assert!(matches!(reader.next_record(), Err(TransferError::CutOff(0))));
        assert!(reader.record.capacity() < 4096);
    }

    proptest! {
        #[test]
        fn what_was_written_comes_back(records in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..100), 0..20)) {
            let slices: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
            let (read, error) = read(&write(&slices));
            prop_assert!(error.is_none());
            prop_assert_eq!(read, records);
        }

        #[test]
        fn any_bytes_are_records_and_an_end_or_an_error(rest in prop::collection::vec(any::<u8>(), 0..300)) {
            let file = [&MAGIC[..], &VERSION.to_le_bytes(), &rest].concat();
            let (records, _) = read(&file);
            prop_assert!(records.iter().map(Vec::len).sum::<usize>() <= rest.len());
            let _ = read(&rest);
        }
    }
}
