//! The files of a store as bytes: samples, and places in which to damage them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

use super::subject::{close, entries, flush, namespace_of, open, put, right_ones};

pub(super) const DATABASE: &str = "store.sqlite";
pub(super) const LOG: &str = "store.sqlite-wal";
pub(super) const INDEX: &str = "store.sqlite-shm";
pub(super) const PAGE: usize = 4096;

/// The files of a store: by name, their bytes.
#[derive(Clone)]
pub(super) struct Files(pub(super) BTreeMap<String, Vec<u8>>);

impl Files {
    pub(super) fn of(folder: &Path) -> Self {
        let files = [DATABASE, LOG, INDEX].into_iter().filter_map(|name| {
            let bytes = fs::read(folder.join(name)).ok()?;
            Some((name.to_owned(), bytes))
        });
        Self(files.collect())
    }

    /// Puts them into a folder, in place of whatever is there.
    pub(super) fn place(&self, folder: &Path) {
        for file in fs::read_dir(folder).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        for (name, bytes) in &self.0 {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }

    pub(super) fn with(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut changed = self.clone();
        change(changed.0.get_mut(name).unwrap());
        changed
    }
}

/// A folder in memory where the system has one, for the sake of speed.
pub(super) fn folder() -> TempDir {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() {
        TempDir::new_in(memory)
    } else {
        TempDir::new()
    }
    .unwrap()
}

/// The files of a store that was closed, and of one that was not: with everything in its log.
pub(super) fn samples() -> (Files, Files) {
    let folder = folder();
    let store = open(folder.path());
    for (index, (key, value)) in entries().iter().enumerate() {
        put(&store, &namespace_of(index), key, value);
        assert_eq!(flush(&store), None);
    }
    assert_eq!(right_ones(&store, "undamaged"), entries().len());
    let with_log = Files::of(folder.path());
    close(&store);
    let closed = Files::of(folder.path());
    assert!(with_log.0[LOG].len() > PAGE);
    assert!(closed.0.get(LOG).is_none_or(Vec::is_empty));
    (closed, with_log)
}

/// Where to strike: every byte that is used or close to one that is, and one in `rate` of the others.
pub(super) fn places(bytes: &[u8], rate: usize) -> impl Iterator<Item = usize> {
    (0..bytes.len()).filter(move |at| {
        let around = &bytes[at.saturating_sub(4)..(at + 4).min(bytes.len())];
        around.iter().any(|byte| *byte != 0) || at % rate == 0
    })
}

/// Another byte than the one that was there, not always in the same way.
pub(super) fn other(byte: u8, at: usize) -> u8 {
    byte ^ [0xff, 0x01, 0x80, 0x10, 0x42][at % 5]
}
