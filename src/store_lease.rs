//! Single-flight: who makes the value of a key, among threads and processes.
//!
//! The futures own what they wait for, so that nothing of a JavaScript thread is borrowed while it goes on or ends. A
//! handle that goes drops the senders, which is an answer too.

#![expect(
    clippy::missing_errors_doc,
    reason = "only Node.js itself can fail here, and then there is nobody to tell"
)]
#![expect(clippy::needless_pass_by_value, reason = "napi-rs hands strings over by value")]

use ai_evals_performance_core::store::LeaseOutcome;
use napi::{
    Env,
    bindgen_prelude::{Buffer, External, PromiseRaw, Result, Uint8Array, Utf16String},
};
use napi_derive::napi;
use std::{sync::Arc, time::Duration};
use tokio::sync::oneshot;

use crate::store_entries::NativeNamespace;

/// How it ended that somebody asked for a lease.
#[napi(object)]
pub struct NativeLease {
    /// 0: granted, and to be given back. 1: the value is stored meanwhile. 2: make the value without a lease. 3: somebody
    /// else in this process tried and failed.
    pub outcome: u32,
    /// With outcome 3: what the other gave to `storeRelease`.
    pub failure: Option<Buffer>,
}

/// Asks for the right to make the value of a key, and waits for who has it, but no longer than that.
#[napi(catch_unwind)]
pub fn store_acquire<'env>(
    env: &'env Env,
    namespace: &External<NativeNamespace>,
    key: Utf16String,
    max_wait_milliseconds: f64,
) -> Result<PromiseRaw<'env, NativeLease>> {
    let max_wait = Duration::try_from_secs_f64(max_wait_milliseconds / 1e3).unwrap_or(Duration::MAX);
    let (sender, receiver) = oneshot::channel();
    let answer = Box::new(move |outcome| {
        let _ = sender.send(outcome);
    });
    namespace.store.acquire(&namespace.namespace, &key, max_wait, answer);
    env.spawn_future(async move {
        let outcome = receiver.await.unwrap_or(LeaseOutcome::GoWithout);
        let failure = match &outcome {
            LeaseOutcome::Failed(failure) => Some(failure.to_vec().into()),
            _ => None,
        };
        Ok(NativeLease {
            outcome: u32::from(number_of(&outcome)),
            failure,
        })
    })
}

/// Asks for the leases of many keys without waiting for anybody: for each the outcome as `storeAcquire` gives it, or 4
/// where somebody else has the lease.
#[napi(catch_unwind)]
pub fn store_try_acquire<'env>(
    env: &'env Env,
    namespace: &External<NativeNamespace>,
    keys: Vec<Utf16String>,
) -> Result<PromiseRaw<'env, Uint8Array>> {
    let count = keys.len();
    let (sender, receiver) = oneshot::channel();
    let answer = Box::new(move |outcomes| {
        let _ = sender.send(outcomes);
    });
    let keys = keys.iter().map(|key| &**key);
    namespace.store.try_acquire(&namespace.namespace, keys, answer);
    env.spawn_future(async move {
        let outcomes = receiver.await.unwrap_or_else(|_| vec![LeaseOutcome::GoWithout; count]);
        Ok(outcomes.iter().map(number_of).collect::<Vec<u8>>().into())
    })
}

/// Gives a lease back, behind what was stored before. `failure` is for those in this process who wait for the value, if
/// it could not be made.
#[napi(catch_unwind)]
pub fn store_release(namespace: &External<NativeNamespace>, key: Utf16String, failure: Option<&[u8]>) {
    namespace
        .store
        .give_back(&namespace.namespace, &key, failure.map(Arc::from));
}

fn number_of(outcome: &LeaseOutcome) -> u8 {
    match outcome {
        LeaseOutcome::Granted => 0,
        LeaseOutcome::Stored => 1,
        LeaseOutcome::Failed(_) => 3,
        LeaseOutcome::Held => 4,
        _ => 2,
    }
}
