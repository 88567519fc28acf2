//! When a failed attempt is worth another.

#![expect(clippy::needless_pass_by_value, reason = "napi-rs hands strings over by value")]

use ai_evals_performance_core::{
    clock::UnixMillis,
    retry::{Header, delay_millis},
};
use napi_derive::napi;

/// Milliseconds before the attempt after this one (1 is the first): `random` (0..1) times a doubling bound.
#[napi(catch_unwind)]
#[must_use]
pub fn retry_delay(attempt: u32, base_delay: f64, max_delay: f64, random: f64) -> f64 {
    delay_millis(attempt, base_delay, max_delay, random)
}

/// Milliseconds that the header of this name asks to wait, at most 120,000; `NaN` where it says nothing.
#[napi(catch_unwind)]
#[must_use]
pub fn retry_after(header: String, name: String, now_unix_milliseconds: f64) -> f64 {
    Header::named(&name)
        .and_then(|name| name.wait(&header, UnixMillis(now_unix_milliseconds)))
        .map_or(f64::NAN, |wait| wait.as_secs_f64() * 1e3)
}
