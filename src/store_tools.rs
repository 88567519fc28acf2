//! What is done with a whole store: each a promise of a report as JSON, or rejected with what went wrong.
//!
//! The work is done by a thread for work that blocks and owns all that it needs, so a store may be closed meanwhile.

#![expect(
    clippy::missing_errors_doc,
    reason = "only Node.js itself can fail here, and then there is nobody to tell"
)]

use ai_evals_performance_core::{
    clock::UnixMillis,
    store::tools::{Progress, Selection, StoreTools, ToolError},
};
use napi::{
    Env,
    bindgen_prelude::{Error, External, PromiseRaw, Result},
};
use napi_derive::napi;
use serde::Serialize;
use std::{path::Path, sync::Arc};
use tokio::task::spawn_blocking;

use crate::store::NativeStore;

/// How far long work has come.
// A class without methods, for its name in the declarations.
#[napi]
#[derive(Default)]
pub struct NativeProgress(Arc<Progress>);

/// Which entries are pruned.
#[napi(object)]
pub struct NativeSelection {
    /// Only those of this namespace.
    pub namespace: Option<String>,
    /// Those written before.
    pub created_before: Option<f64>,
    /// Those not used since.
    pub used_before: Option<f64>,
    /// Those that have expired.
    pub expired: Option<bool>,
    /// The most bytes of those that stay.
    pub max_bytes: Option<f64>,
    /// Removes nothing.
    pub dry_run: Option<bool>,
}

/// Work that has not begun.
#[napi(catch_unwind)]
#[must_use]
pub fn progress_new() -> External<NativeProgress> {
    External::new(NativeProgress::default())
}

/// What is done and what there is to do; 0 where that is not known.
#[napi(catch_unwind)]
#[must_use]
pub fn progress_read(progress: &External<NativeProgress>) -> Vec<f64> {
    let (done, total) = progress.0.get();
    vec![done as f64, total as f64]
}

/// Asks the work to end.
#[napi(catch_unwind)]
pub fn progress_cancel(progress: &External<NativeProgress>) {
    progress.0.cancel();
}

/// Reads everything and compares it with its checksums.
#[napi(catch_unwind)]
pub fn store_verify<'env>(
    env: &'env Env,
    store: &External<NativeStore>,
    remove_damaged: bool,
    progress: Option<&External<NativeProgress>>,
) -> Result<PromiseRaw<'env, String>> {
    let progress = shared(progress);
    run(env, store, move |tools| tools.verify(remove_damaged, &progress))
}

/// The newest entries, at most `limit` of them.
#[napi(catch_unwind)]
pub fn store_list<'env>(
    env: &'env Env,
    store: &External<NativeStore>,
    limit: f64,
    namespace: Option<String>,
) -> Result<PromiseRaw<'env, String>> {
    run(env, store, move |tools| {
        tools.list(limit as usize, namespace.as_deref())
    })
}

/// What the store holds and has saved.
#[napi(catch_unwind)]
pub fn store_summary<'env>(
    env: &'env Env,
    store: &External<NativeStore>,
    now: f64,
) -> Result<PromiseRaw<'env, String>> {
    run(env, store, move |tools| tools.summary(UnixMillis(now)))
}

/// Writes all live entries to a file.
#[napi(catch_unwind)]
pub fn store_export<'env>(
    env: &'env Env,
    store: &External<NativeStore>,
    file: String,
    now: f64,
    namespace: Option<String>,
    progress: Option<&External<NativeProgress>>,
) -> Result<PromiseRaw<'env, String>> {
    let progress = shared(progress);
    run(env, store, move |tools| {
        tools.export(Path::new(&file), namespace.as_deref(), UnixMillis(now), &progress)
    })
}

/// Merges the entries of a file into the store.
#[napi(catch_unwind)]
pub fn store_import<'env>(
    env: &'env Env,
    store: &External<NativeStore>,
    file: String,
    now: f64,
    progress: Option<&External<NativeProgress>>,
) -> Result<PromiseRaw<'env, String>> {
    let progress = shared(progress);
    run(env, store, move |tools| {
        tools.import(Path::new(&file), UnixMillis(now), &progress)
    })
}

/// Removes what is selected.
#[napi(catch_unwind)]
pub fn store_prune<'env>(
    env: &'env Env,
    store: &External<NativeStore>,
    selection: NativeSelection,
    now: f64,
    progress: Option<&External<NativeProgress>>,
) -> Result<PromiseRaw<'env, String>> {
    let progress = shared(progress);
    let selection = Selection {
        namespace: selection.namespace,
        created_before: selection.created_before,
        used_before: selection.used_before,
        expired_at: (selection.expired == Some(true)).then_some(UnixMillis(now)),
        max_bytes: selection.max_bytes.map(|bytes| bytes as u64),
        dry_run: selection.dry_run == Some(true),
    };
    run(env, store, move |tools| tools.prune(&selection, &progress))
}

fn shared(progress: Option<&External<NativeProgress>>) -> Arc<Progress> {
    progress.map(|progress| progress.0.clone()).unwrap_or_default()
}

fn run<'env, T: Serialize>(
    env: &'env Env,
    store: &External<NativeStore>,
    work: impl FnOnce(&StoreTools) -> std::result::Result<T, ToolError> + Send + 'static,
) -> Result<PromiseRaw<'env, String>> {
    let tools = store.0.tools();
    env.spawn_future(async move {
        let reported = spawn_blocking(move || {
            let report = work(&tools).map_err(|error| error.to_string())?;
            serde_json::to_string(&report).map_err(|error| error.to_string())
        });
        let report = reported.await.unwrap_or_else(|panic| Err(panic.to_string()));
        report.map_err(Error::from_reason)
    })
}
