//! The folder of a store: names, permissions, locks, and what to do with a damaged file.
//!
//! Whoever creates, sets aside or opens the database does it under the lock file, so nobody opens a new database
//! beside the old one's log. What we create is for its owner alone, whatever the umask; what was there is not changed,
//! except that files of the store lose the rights of others.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::OnceLock,
    thread,
    time::Duration,
};

use super::{schema, trouble::Trouble};
use crate::files::{create_private_folder, private_file, restrict};

/// Which file stands at a path: device, number, and when it was made, since the number of a deleted file is soon that of
/// another. A file that is held open keeps its identity to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(u64, u64, u128);

/// Between two attempts to get a lock.
const RETRY: Duration = Duration::from_millis(5);

/// The suffixes of the files that make up the database: the log and the index of it go before what they belong to.
const PARTS: [&str; 3] = ["-wal", "-shm", ""];

/// The paths of a store.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    path: PathBuf,
    database: PathBuf,
    /// The database that was there at first, if it is not ours to open.
    stranger: OnceLock<(Identity, Trouble)>,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        let database = path.join("store.sqlite");
        let stranger = OnceLock::new();
        Self {
            path,
            database,
            stranger,
        }
    }

    /// Looks into the header of the database. SQLite itself would lay a log beside a database of somebody else. Only for
    /// when this process has no connection to it: closing the file ends the locks of all.
    pub(super) fn examine(&self) {
        let Ok(identity) = self.identity() else { return };
        let mut header = [0; schema::HEADER];
        let read = File::open(&self.database).and_then(|mut file| file.read_exact(&mut header));
        let has_log = self.part_bytes("-wal") > 0;
        if read.is_ok()
            && let Some(trouble) = schema::stranger(&header, has_log)
        {
            let _ = self.stranger.set((identity, trouble));
        }
    }

    /// What was found when the database was examined.
    ///
    /// # Errors
    ///
    /// When it is not ours to open.
    pub(super) fn stranger(&self, identity: Identity) -> Result<(), Trouble> {
        match self.stranger.get() {
            Some((stranger, trouble)) if *stranger == identity => Err(trouble.clone()),
            _ => Ok(()),
        }
    }

    /// Whether no file can be made or written in the folder.
    pub(super) fn is_read_only(&self) -> bool {
        let lock = private_file(&self.lock_path(), OpenOptions::new().create(true));
        lock.is_err_and(|error| matches!(Trouble::from(error), Trouble::ReadOnly(_)))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn database(&self) -> &Path {
        &self.database
    }

    /// A file beside the database, such as its log.
    pub(super) fn part(&self, suffix: &str) -> PathBuf {
        let mut path = self.database.clone().into_os_string();
        path.push(suffix);
        path.into()
    }

    /// Makes the folder if it is missing.
    pub(super) fn create(&self) -> io::Result<()> {
        if self.path.is_dir() {
            return Ok(());
        }
        create_private_folder(&self.path)
    }

    /// The database file that is at its place now.
    pub(super) fn identity(&self) -> io::Result<Identity> {
        Ok(identity(&fs::metadata(&self.database)?))
    }

    /// Bytes of the database, its log and its index.
    pub(super) fn bytes(&self) -> u64 {
        PARTS.iter().map(|part| self.part_bytes(part)).sum()
    }

    pub(super) fn part_bytes(&self, suffix: &str) -> u64 {
        fs::metadata(self.part(suffix)).map_or(0, |metadata| metadata.len())
    }

    fn lock_path(&self) -> PathBuf {
        self.path.join("store.lock")
    }

    /// The names of databases that were damaged and set aside, oldest first.
    pub(super) fn set_aside_names(&self) -> Vec<String> {
        let Ok(files) = fs::read_dir(&self.path) else {
            return Vec::new();
        };
        let mut names: Vec<_> = files
            .flatten()
            .map(|file| file.file_name().to_string_lossy().into_owned())
            .filter(|name| {
                name.starts_with("store.sqlite.damaged-") && !name.ends_with("-wal") && !name.ends_with("-shm")
            })
            .collect();
        names.sort_unstable();
        names
    }

    /// The lock under which the database file may be created or moved.
    pub(super) fn lock_alone(&self, patience: Duration) -> io::Result<File> {
        let file = private_file(&self.lock_path(), OpenOptions::new().create(true))?;
        lock(&file, File::try_lock, patience)?;
        Ok(file)
    }

    /// The lock under which the database file may be opened; `None` where there can be none, since nothing in a folder
    /// that is read-only is moved either.
    pub(super) fn lock_shared(&self, patience: Duration) -> io::Result<Option<File>> {
        let path = self.lock_path();
        let file = private_file(&path, OpenOptions::new().create(true)).or_else(|_| File::open(&path));
        let Ok(file) = file else { return Ok(None) };
        lock(&file, File::try_lock_shared, patience)?;
        Ok(Some(file))
    }

    /// Begins an empty database file. The caller holds the lock.
    pub(super) fn create_database(&self) -> io::Result<()> {
        // A log or index that was left behind belongs to a file that is gone.
        for part in PARTS {
            match fs::remove_file(self.part(part)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        private_file(&self.database, OpenOptions::new().create_new(true))?;
        // So that the name, too, is on disk when a flush says so.
        File::open(&self.path).and_then(|folder| folder.sync_all())
    }

    /// Takes the rights that others have to the files, where we may.
    pub(super) fn make_private(&self) {
        for part in PARTS {
            let _ = restrict(&self.part(part), 0o600);
        }
    }

    /// Moves the database aside under a name with the time in it, if it is still the one that was found damaged. The
    /// caller holds the lock. Returns where it is now.
    pub(super) fn set_aside(&self, damaged: Identity, milliseconds: f64) -> io::Result<Option<PathBuf>> {
        if self.identity().ok() != Some(damaged) {
            return Ok(None);
        }
        let mut name = format!(".damaged-{milliseconds:.0}");
        while self.part(&name).exists() {
            name.push('a');
        }
        for part in PARTS {
            match fs::rename(self.part(part), self.part(&format!("{name}{part}"))) {
                Err(error) if error.kind() != io::ErrorKind::NotFound || part.is_empty() => return Err(error),
                _ => {}
            }
        }
        Ok(Some(self.part(&name)))
    }
}

fn lock(file: &File, attempt: fn(&File) -> Result<(), TryLockError>, patience: Duration) -> io::Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        match attempt(file) {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if waited >= patience => return Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::WouldBlock) => {
                thread::sleep(RETRY);
                waited += RETRY;
            }
        }
    }
}

pub(super) fn identity(metadata: &fs::Metadata) -> Identity {
    #[cfg(unix)]
    use std::os::unix::fs::MetadataExt;
    #[cfg(unix)]
    let (device, number) = (metadata.dev(), metadata.ino());
    // No number is to be had there; a file that is open cannot be moved either.
    #[cfg(not(unix))]
    let (device, number) = (0, 0);
    // Not every file system knows.
    let made = metadata.created().ok();
    let made = made.and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
    Identity(device, number, made.unwrap_or_default().as_nanos())
}
