//! One copy of this library per process and folder.
//!
//! SQLite's locks belong to the process: when one copy of the library closes a file, the locks of another copy in the
//! same process are gone. So a process claims a folder by a lock on a file that is named after it; a second copy finds
//! it locked. The file of a process that has ended is locked by nobody and is removed by whoever comes next.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    process, thread,
    time::Duration,
};

use super::folder::identity;
use crate::files::private_file;

const PREFIX: &str = "process-";

/// Whoever looks for stale files holds the lock of one for a moment: it is tried again before it is taken for a claim.
const ATTEMPTS: u32 = 20;
const RETRY: Duration = Duration::from_millis(5);

/// A claim, given back when dropped.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
    // Holds the lock.
    _file: File,
}

impl Claim {
    /// Claims a folder; `None` where this process has done so already.
    pub(super) fn take(folder: &Path) -> io::Result<Option<Self>> {
        remove_stale(folder);
        let path = folder.join(format!("{PREFIX}{}-{}", process::id(), process_namespace()));
        for _ in 1..ATTEMPTS {
            match Self::attempt(&path) {
                Ok(None) => thread::sleep(RETRY),
                // Taken for stale and removed before it was locked.
                Err(error) if error.kind() == io::ErrorKind::NotFound && folder.is_dir() => {}
                claimed => return claimed,
            }
        }
        Self::attempt(&path)
    }

    fn attempt(path: &Path) -> io::Result<Option<Self>> {
        let file = private_file(path, OpenOptions::new().create(true))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
            Ok(()) if is_at(&file, path) => Ok(Some(Self {
                path: path.to_owned(),
                _file: file,
            })),
            Ok(()) => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let of = |metadata: io::Result<fs::Metadata>| metadata.map(|metadata| identity(&metadata)).ok();
    of(file.metadata()).is_some_and(|held| of(fs::metadata(path)) == Some(held))
}

fn remove_stale(folder: &Path) {
    let Ok(files) = fs::read_dir(folder) else { return };
    let claims = files
        .flatten()
        .filter(|file| file.file_name().to_string_lossy().starts_with(PREFIX));
    for claim in claims {
        let path = claim.path();
        if let Ok(file) = File::open(&path)
            && file.try_lock().is_ok()
            && is_at(&file, &path)
        {
            let _ = fs::remove_file(&path);
        }
    }
}

/// Processes of two containers may have one number and share a folder.
#[cfg(target_os = "linux")]
fn process_namespace() -> u64 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self/ns/pid").map_or(0, |metadata| metadata.ino())
}

#[cfg(not(target_os = "linux"))]
fn process_namespace() -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use tempfile::TempDir;

    #[test]
    fn whoever_looks_for_stale_claims_is_not_taken_for_a_second_copy() {
        let folder = TempDir::new().unwrap();
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    remove_stale(folder.path());
                    thread::yield_now();
                }
            });
            let failed: Vec<_> = (0..5000)
                .map(|_| Claim::take(folder.path()).map(|claim| claim.is_some()))
                .filter(|claimed| !matches!(claimed, Ok(true)))
                .collect();
            is_over.store(true, Ordering::Relaxed);
            assert!(failed.is_empty(), "{failed:?}");
        });
    }

    #[test]
    fn a_second_copy_finds_the_folder_claimed() {
        let folder = TempDir::new().unwrap();
        let claim = Claim::take(folder.path()).unwrap();
        assert!(claim.is_some());
        assert!(Claim::take(folder.path()).unwrap().is_none());
        drop(claim);
        assert!(Claim::take(folder.path()).unwrap().is_some());
    }
}
