//! Why a look-up missed: in a store, or among entries that only JavaScript holds.

#![expect(clippy::needless_pass_by_value, reason = "napi-rs hands strings over by value")]

use ai_evals_performance_core::{
    clock::UnixMillis,
    explain::{Explanation, Stored},
    store::text_bytes,
};
use napi::bindgen_prelude::{External, Utf16String};
use napi_derive::napi;

use crate::store_entries::NativeNamespace;

/// What a look-up of a key finds or, for a miss, the nearest entry and the places where they differ, as JSON.
#[napi(catch_unwind)]
#[must_use]
pub fn store_explain(
    namespace: &External<NativeNamespace>,
    key: Utf16String,
    previews: Option<Utf16String>,
    now: f64,
) -> String {
    let NativeNamespace { store, namespace } = &**namespace;
    let previews = previews.as_deref().unwrap_or_default();
    store.explain(namespace, &key, previews, UnixMillis(now)).to_json()
}

/// The stored key that is nearest to the wanted one and the places where they differ, as JSON. Keys that have no previews
/// have an empty text; `created` is when each was stored.
#[napi(catch_unwind)]
#[must_use]
pub fn explain_nearest(
    wanted_key: Utf16String,
    wanted_previews: Utf16String,
    stored_keys: Vec<Utf16String>,
    stored_previews: Vec<Utf16String>,
    created: &[f64],
) -> String {
    let [keys, previews] = [stored_keys, stored_previews].map(bytes_of);
    let entries = keys.iter().zip(&previews).zip(created);
    let stored: Vec<Stored> = entries
        .map(|((key, previews), created)| Stored {
            key,
            previews,
            created: UnixMillis(*created),
        })
        .collect();
    Explanation::of_miss(&text_bytes(&wanted_key), &text_bytes(&wanted_previews), &stored).to_json()
}

fn bytes_of(texts: Vec<Utf16String>) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text_bytes(text)).collect()
}
