//! A journal's file: found or made, locked, begun, and cut where it was torn.
//!
//! Nothing is changed before the lock is held and the header was seen to be ours. The lock goes with the file: whoever
//! drops it gives the journal back.

use std::{
    collections::hash_map::RandomState,
    fs::{self, File, OpenOptions, TryLockError},
    hash::BuildHasher,
    io,
    path::Path,
};

use super::{
    error::JournalError,
    header::{HEADER, Header, NoHeader},
    record::{HEAD, LONGEST_SMALL, Record},
    scan::{Scan, scan},
};
use crate::{
    explain::compare,
    files::{create_private_folder, positional, private_file},
};

/// A longer configuration is known by its digest alone.
const LONGEST_CONFIGURATION: usize = 64 << 10;

/// A journal's file, locked.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) header: Header,
    /// Whether it was begun just now.
    pub(super) is_new: bool,
    pub(super) scan: Scan,
    /// Bytes that were cut off.
    pub(super) torn: u64,
}

/// Opens a journal, or begins one. `visit` is given its records.
pub(super) fn open(
    path: &Path,
    configuration: &[u8],
    visit: impl FnMut(u64, &Record<'_>),
) -> Result<Opened, JournalError> {
    let system = |what| {
        move |source| JournalError::System {
            what,
            path: path.to_owned(),
            source,
        }
    };
    let file = find(path).map_err(system("open"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(JournalError::Busy { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => return Err(system("lock")(error)),
    }
    let length = file.metadata().map_err(system("read"))?.len();
    let mut first = [0; HEADER];
    let first = &mut first[..HEADER.min(length as usize)];
    positional::read(&file, first, 0).map_err(system("read"))?;
    let (header, length, is_new) = match Header::decode(first) {
        Ok(header) => (header, length, false),
        Err(NoHeader::Torn) => {
            let header = Header {
                salt: RandomState::new().hash_one(path),
                configuration: blake3::hash(configuration).into(),
            };
            let length = begin(&file, &header, configuration).map_err(system("write to"))?;
            (header, length, true)
        }
        Err(NoHeader::Foreign) => return Err(JournalError::Foreign { path: path.to_owned() }),
        Err(NoHeader::Damaged) => return Err(JournalError::Damaged { path: path.to_owned() }),
        Err(NoHeader::Version(version)) => {
            let path = path.to_owned();
            return Err(JournalError::Version { path, version });
        }
    };
    if header.configuration != *blake3::hash(configuration).as_bytes() {
        let recorded = recorded_configuration(&file, &header, length).map_err(system("read"))?;
        let comparison = recorded.map(|recorded| compare((configuration, b""), (&recorded, b"")));
        let path = path.to_owned();
        return Err(JournalError::Configuration { path, comparison });
    }
    let scan = scan(&file, HEADER as u64, length, header.salt, visit).map_err(system("read"))?;
    let torn = length - scan.end;
    if torn > 0 {
        file.set_len(scan.end).map_err(system("write to"))?;
    }
    Ok(Opened {
        file,
        header,
        is_new,
        scan,
        torn,
    })
}

fn find(path: &Path) -> io::Result<File> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        // A pipe would be waited for, a device takes everything and keeps nothing.
        Ok(metadata) if !metadata.is_file() => return Err(io::Error::other("it is no regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            if let Some(folder) = folder
                && !folder.is_dir()
            {
                create_private_folder(folder)?;
            }
        }
        _ => {}
    }
    private_file(path, OpenOptions::new().create(true))
}

/// Writes the header and, for people, the configuration; gives the length of both.
fn begin(file: &File, header: &Header, configuration: &[u8]) -> io::Result<u64> {
    let mut bytes = header.encode().to_vec();
    let mut record = Vec::new();
    if configuration.len() <= LONGEST_CONFIGURATION
        && Record::Configuration(configuration).encode(header.salt, &mut record)
    {
        bytes.extend(record);
    }
    file.set_len(0)?;
    if let Err(error) = positional::write(file, &bytes, 0) {
        let _ = file.set_len(0);
        return Err(error);
    }
    Ok(bytes.len() as u64)
}

/// What was written for people by whoever began the file.
fn recorded_configuration(file: &File, header: &Header, length: u64) -> io::Result<Option<Vec<u8>>> {
    let most = (HEAD + LONGEST_SMALL) as u64;
    let mut bytes = vec![0; most.min(length - HEADER as u64) as usize];
    positional::read(file, &mut bytes, HEADER as u64)?;
    match Record::decode(&bytes, header.salt) {
        Ok((Record::Configuration(text), _)) => Ok(Some(text.to_owned())),
        _ => Ok(None),
    }
}
