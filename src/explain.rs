//! Why a look-up missed among entries that only JavaScript holds.

use ai_evals_performance_core::{
    clock::UnixMillis,
    explain::{Explanation, Stored},
};
use napi_derive::napi;

/// The stored key that is nearest to the wanted one and the places where they differ, as JSON. Keys that have no previews
/// have an empty text; `created` is when each was stored.
#[napi(catch_unwind)]
#[must_use]
#[allow(clippy::needless_pass_by_value, reason = "a binding receives its arguments by value")]
pub fn explain_nearest(
    wanted_key: String,
    wanted_previews: String,
    stored_keys: Vec<String>,
    stored_previews: Vec<String>,
    created: &[f64],
) -> String {
    let entries = stored_keys.iter().zip(&stored_previews).zip(created);
    let stored: Vec<Stored> = entries
        .map(|((key, previews), created)| Stored {
            key: key.as_bytes(),
            previews: previews.as_bytes(),
            created: UnixMillis(*created),
        })
        .collect();
    Explanation::of_miss(wanted_key.as_bytes(), wanted_previews.as_bytes(), &stored).to_json()
}
