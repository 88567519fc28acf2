//! The open stores of the process: one core and one writer thread per folder, however many handles there are.
//!
//! This is the one static that is shared on purpose. A store whose last handle is gone stays here until its writer has
//! ended; whoever opens the folder before that takes it over.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use super::{bounds::ANY, claim::Claim, core::Core, events::Reason, folder::Folder, trouble::Trouble, writer::Writer};
use crate::clock::Clock;

static OPEN: Mutex<BTreeMap<PathBuf, Arc<Core>>> = Mutex::new(BTreeMap::new());

/// The core of a folder, held once more.
pub(super) fn open(folder: &Path, max_bytes: u64, clock: Arc<dyn Clock>) -> Arc<Core> {
    let (folder, created) = locate(folder);
    let mut open = registry();
    if let Some(core) = open.get(folder.path()) {
        // Whoever came first has said how much the store may hold.
        if core.hold() {
            core.set_max_bytes(max_bytes);
        }
        return core.clone();
    }
    let core = Arc::new(Core::new(folder, max_bytes, clock));
    open.insert(core.folder.path().to_owned(), core.clone());
    if let Err(trouble) = created {
        core.report(Reason::ReadOnly, format!("the folder cannot be made: {trouble}"));
    }
    let claim = claim(&core);
    if !core.is_off() {
        core.folder.examine();
    }
    start(&core, claim, |core, claim| {
        let mut open = registry();
        let is_over = core.queue.is_abandoned();
        if is_over {
            open.remove(core.folder.path());
            claim.take();
        }
        is_over
    });
    core
}

/// A core that is only looked at: it has no writer, and nothing in the folder is made, claimed or set aside. For a process
/// that opens the folder in no other way.
pub(super) fn look(folder: &Path, clock: Arc<dyn Clock>) -> Arc<Core> {
    let core = Arc::new(Core::new(Folder::new(absolute(folder)), ANY, clock));
    core.folder.examine();
    core.end();
    core
}

/// A core for tests that play several processes: it is not in the registry and claims nothing.
#[cfg(test)]
pub(super) fn open_alone(folder: &Path, max_bytes: u64, clock: Arc<dyn Clock>) -> Arc<Core> {
    let core = Arc::new(Core::new(locate(folder).0, max_bytes, clock));
    start(&core, None, |core, _| core.queue.is_abandoned());
    core
}

fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

/// The folder by the one name that all its names lead to.
fn locate(folder: &Path) -> (Folder, Result<(), Trouble>) {
    let absolute = absolute(folder);
    let created = Folder::new(absolute.clone()).create();
    let canonical = absolute.canonicalize().unwrap_or(absolute);
    (Folder::new(canonical), created.map_err(Trouble::from))
}

fn claim(core: &Core) -> Option<Claim> {
    match Claim::take(core.folder.path()) {
        Ok(Some(claim)) => Some(claim),
        Ok(None) => {
            core.turn_off();
            core.report(
                Reason::SecondCopy,
                "another copy of this package in the same process uses the store; this one goes without",
            );
            None
        }
        // Where no file can be made, nothing is written, and there is nothing to protect.
        Err(_) => None,
    }
}

fn start(core: &Arc<Core>, claim: Option<Claim>, retire: fn(&Core, &mut Option<Claim>) -> bool) {
    let (of_writer, of_retirement) = (core.clone(), core.clone());
    let spawned = thread::Builder::new().name("ai-evals-store".to_owned()).spawn(move || {
        Writer::new(of_writer, claim).run(|claim| retire(&of_retirement, claim));
    });
    if let Err(error) = spawned {
        core.turn_off();
        core.report(
            Reason::Internal,
            format!("the writer thread cannot be started: {error}"),
        );
        core.end();
    }
}

fn registry() -> MutexGuard<'static, BTreeMap<PathBuf, Arc<Core>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}
