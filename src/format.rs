//! Quantities as people read them.

use ai_evals_performance_core::units;
use napi_derive::napi;

/// A duration given in milliseconds, in the unit of its size.
#[napi(catch_unwind)]
#[must_use]
pub fn format_duration(milliseconds: f64) -> String {
    units::duration(milliseconds)
}
