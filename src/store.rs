//! The store on disk for JavaScript: a handle per thread, what it tells of the whole store, and its end.
//!
//! Functions of an [`External`] as in `cache.rs`. What waits for the disk is a promise; the future that settles it owns
//! what it waits for and nothing of the JavaScript thread.

#![expect(
    clippy::missing_errors_doc,
    reason = "only Node.js itself can fail here, and then there is nobody to tell"
)]
#![expect(clippy::needless_pass_by_value, reason = "napi-rs hands strings over by value")]

use ai_evals_performance_core::store::{Store, StoreStats};
use napi::{
    Env,
    bindgen_prelude::{External, PromiseRaw, Result},
};
use napi_derive::napi;
use std::{path::Path, rc::Rc, sync::Arc, time::Duration};
use tokio::sync::oneshot;

use crate::clock::RealClock;

/// A handle of a store.
// A class without methods, for its name in the declarations.
#[napi]
pub struct NativeStore(pub(crate) Rc<Store>);

/// What a store holds and what it has lost.
#[napi(object)]
pub struct NativeStoreStats {
    /// Entries in the file.
    pub entries: f64,
    /// Bytes of the files.
    pub bytes: f64,
    /// The bound on them.
    pub max_bytes: f64,
    /// Commands that wait to be written.
    pub pending: f64,
    /// Writes that were dropped: no room to wait, too large, or nothing can be written.
    pub dropped_writes: f64,
    /// Writes that failed.
    pub failed_writes: f64,
    /// Records that did not agree with their checksum.
    pub damaged_records: f64,
    /// Events so far.
    pub degradations: f64,
}

/// Opens the store in a folder, whatever the state of the disk.
#[napi(catch_unwind)]
#[must_use]
pub fn store_open(folder: String, max_bytes: f64) -> External<NativeStore> {
    let store = Store::open(Path::new(&folder), max_bytes as u64, Arc::new(RealClock));
    External::new(NativeStore(Rc::new(store)))
}

/// The store in a folder, only to be looked at, by a process that opens it in no other way.
#[napi(catch_unwind)]
#[must_use]
pub fn store_look(folder: String) -> External<NativeStore> {
    let store = Store::look(Path::new(&folder), Arc::new(RealClock));
    External::new(NativeStore(Rc::new(store)))
}

/// Null when what was written before is on disk; else what went wrong with anything since the last flush.
#[napi(catch_unwind)]
pub fn store_flush<'env>(env: &'env Env, store: &External<NativeStore>) -> Result<PromiseRaw<'env, Option<String>>> {
    let (sender, receiver) = oneshot::channel();
    store.0.flush(Box::new(move |failure| {
        let _ = sender.send(failure);
    }));
    env.spawn_future(async move { Ok(receiver.await.unwrap_or_else(|_| Some("the writer failed".to_owned()))) })
}

/// Waits until what was written before is on disk; false if it is not, or not in time.
#[napi(catch_unwind)]
#[must_use]
pub fn store_flush_sync(store: &External<NativeStore>, max_milliseconds: f64) -> bool {
    let patience = Duration::try_from_secs_f64(max_milliseconds / 1e3).unwrap_or_default();
    store.0.flush_within(patience)
}

/// What the store holds and what it has lost.
#[napi(catch_unwind)]
#[must_use]
pub fn store_stats(store: &External<NativeStore>) -> NativeStoreStats {
    let StoreStats {
        entries,
        bytes,
        max_bytes,
        pending,
        dropped_writes,
        failed_writes,
        damaged_records,
        degradations,
    } = store.0.stats();
    NativeStoreStats {
        entries: entries as f64,
        bytes: bytes as f64,
        max_bytes: max_bytes as f64,
        pending: pending as f64,
        dropped_writes: dropped_writes as f64,
        failed_writes: failed_writes as f64,
        damaged_records: damaged_records as f64,
        degradations: degradations as f64,
    }
}

/// Gives the store back; settles when what was written has been handed over, and the files are closed if nobody else
/// in the process has it open.
#[napi(catch_unwind)]
pub fn store_close<'env>(env: &'env Env, store: &External<NativeStore>) -> Result<PromiseRaw<'env, ()>> {
    let (sender, receiver) = oneshot::channel();
    store.0.close(Box::new(move |()| {
        let _ = sender.send(());
    }));
    env.spawn_future(async move {
        let _ = receiver.await;
        Ok(())
    })
}
