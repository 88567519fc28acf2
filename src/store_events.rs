//! What goes wrong with a store, told to JavaScript while somebody listens there.

#![expect(
    clippy::missing_errors_doc,
    reason = "only Node.js itself can fail here, and then there is nobody to tell"
)]

use ai_evals_performance_core::store::{Degraded, Listener};
use napi::{
    Status,
    bindgen_prelude::{External, Function, Result},
    threadsafe_function::ThreadsafeFunctionCallMode,
};
use napi_derive::napi;
use serde_json::json;
use std::sync::Arc;

use crate::store::NativeStore;

/// Tells the callback of each event as JSON, beginning with those it has missed; null ends that.
#[napi(catch_unwind)]
pub fn store_on_event(
    store: &External<NativeStore>,
    #[napi(ts_arg_type = "((event: string) => void) | null")] callback: Option<Function<'_, String, ()>>,
) -> Result<()> {
    let Some(callback) = callback else {
        store.0.stop_listening();
        return Ok(());
    };
    // Weak: a listener does not keep the process alive.
    let callback = callback
        .build_threadsafe_function::<String>()
        .weak::<true>()
        .callee_handled::<false>()
        .error_status::<Status>()
        .build()?;
    let listener: Listener = Arc::new(move |event| {
        callback.call(json_of(event), ThreadsafeFunctionCallMode::NonBlocking);
    });
    store.0.listen(&listener);
    Ok(())
}

fn json_of(event: &Degraded) -> String {
    let Degraded { reason, path, message } = event;
    json!({ "kind": "degraded", "reason": reason.word(), "path": path.to_string_lossy(), "message": message })
        .to_string()
}
