//! Digests of the large leaves of a key.

use ai_evals_performance_core::key;
use napi::bindgen_prelude::Utf16String;
use napi_derive::napi;

/// The BLAKE3-256 digest of a text's UTF-16 code units, in hexadecimal.
#[napi(catch_unwind)]
#[must_use]
#[allow(clippy::needless_pass_by_value, reason = "a binding receives its arguments by value")]
pub fn digest_text(text: Utf16String) -> String {
    key::digest_text(&text)
}

/// The BLAKE3-256 digest of bytes, in hexadecimal.
#[napi(catch_unwind)]
#[must_use]
pub fn digest_bytes(bytes: &[u8]) -> String {
    key::digest_bytes(bytes)
}
