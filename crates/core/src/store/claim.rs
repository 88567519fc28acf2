//! One copy of this library per process and folder.
//!
//! SQLite's locks belong to the process: when one copy of the library closes a file, the locks of another copy in the
//! same process are gone. So a process claims a folder by a lock on a file that is named after it; a second copy finds
//! it locked. The file of a process that has ended is locked by nobody and is removed by whoever comes next.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    process,
};

use super::folder::{identity, private_file};

const PREFIX: &str = "process-";

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
        loop {
            let file = private_file(&path, OpenOptions::new().create(true))?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
                // Somebody who took it for stale may have removed it in between.
                Ok(()) if is_at(&file, &path) => return Ok(Some(Self { path, _file: file })),
                Ok(()) => {}
            }
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
