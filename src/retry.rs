//! When a failed attempt is worth another, and what a provider says is left of its limits.

#![expect(clippy::needless_pass_by_value, reason = "napi-rs hands strings over by value")]

use ai_evals_performance_core::{
    clock::UnixMillis,
    rate_headers,
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

/// What such a header says is left; `NaN` where it says nothing.
#[napi(catch_unwind)]
#[must_use]
pub fn rate_limit_remaining(header: String) -> f64 {
    rate_headers::remaining(&header).map_or(f64::NAN, |left| left as f64)
}

/// Milliseconds until the reset that such a header tells, at most 60,000; `NaN` where it says nothing.
#[napi(catch_unwind)]
#[must_use]
pub fn rate_limit_reset(header: String, now_unix_milliseconds: f64) -> f64 {
    rate_headers::reset_in(&header, UnixMillis(now_unix_milliseconds))
        .map_or(f64::NAN, |reset| reset.as_secs_f64() * 1e3)
}
