//! A limiter for JavaScript: one user's hold on it. `now` is `performance.now()` throughout; where tokens are not known
//! they are `NaN`.
//!
//! Functions of an [`External`] as in `cache.rs`.

#![expect(
    clippy::missing_errors_doc,
    reason = "only Node.js itself can fail here, and then there is nobody to tell"
)]
#![expect(clippy::needless_pass_by_value, reason = "napi-rs hands strings over by value")]

use std::{num::NonZeroU64, sync::Arc, time::Duration};

use ai_evals_performance_core::limiter::{
    Admission, Consumption, Demand, Guarantee, Handle, Limits, MonotonicMillis, NameError, Observation, Permit, Reason,
    Remaining, Usage,
};
use napi::{
    Either, Status,
    bindgen_prelude::{External, Float64Array, Function, Result},
    threadsafe_function::ThreadsafeFunctionCallMode,
};
use napi_derive::napi;

use crate::clock::RealClock;

/// Refused for now: `refusal` says what for and how long.
const REFUSED: f64 = -1.0;
/// More than a whole budget: `refusal` says which.
const TOO_LARGE: f64 = -2.0;

/// What counts towards the limits.
#[napi(object, object_from_js = false)]
pub struct NativeLimiterUsage {
    /// Starts of the last 60 s.
    pub requests: f64,
    /// Tokens that count.
    pub tokens: f64,
    /// Input tokens that count.
    pub input_tokens: f64,
    /// Output tokens that count.
    pub output_tokens: f64,
    /// Permits held.
    pub in_flight: f64,
    /// The used share of the fullest budget: 0..=1.
    pub utilization: f64,
}

impl From<Usage> for NativeLimiterUsage {
    fn from(usage: Usage) -> Self {
        Self {
            requests: usage.requests as f64,
            tokens: usage.tokens as f64,
            input_tokens: usage.input_tokens as f64,
            output_tokens: usage.output_tokens as f64,
            in_flight: usage.in_flight as f64,
            utilization: usage.utilization,
        }
    }
}

/// Why no permit was given.
#[napi(object, object_from_js = false)]
pub struct NativeRefusal {
    /// What holds the start back.
    #[napi(ts_type = "'requests' | 'tokens' | 'input-tokens' | 'output-tokens' | 'concurrency' | 'provider'")]
    pub reason: &'static str,
    /// Milliseconds until it is worth asking again; `Infinity`: after a release.
    pub wait_time: f64,
    /// Of what is too large: the whole budget.
    pub limit: f64,
    /// Of what is too large: what was asked for.
    pub demand: f64,
}

/// One user's hold on a limiter.
// A class without methods, for its name in the declarations.
#[napi]
pub struct NativeRateLimiter {
    handle: Handle,
    refused: Admission,
}

/// The limits: requests, tokens, input tokens and output tokens a minute, concurrency, burst (`Infinity`: none); 1 where
/// the guarantee is strict; 1 where what is larger than a budget may start alone.
#[napi(catch_unwind)]
#[must_use]
pub fn limiter_new(limits: &[f64]) -> External<NativeRateLimiter> {
    NativeRateLimiter::of(Handle::alone(limits_of(limits)))
}

/// The limiter of this name in the process; the limits of that one, where they differ.
#[napi(catch_unwind)]
#[must_use]
pub fn limiter_named(name: String, limits: &[f64]) -> Either<Float64Array, External<NativeRateLimiter>> {
    match Handle::named(&name, limits_of(limits), Arc::new(RealClock)) {
        Ok(handle) => Either::B(NativeRateLimiter::of(handle)),
        Err(NameError::OtherLimits { in_force }) => Either::A(numbers_of(&in_force).into()),
        Err(error) => unreachable!("{error}"),
    }
}

/// Tells what the clock shows, before anything else.
#[napi(catch_unwind)]
pub fn limiter_synchronize(limiter: &External<NativeRateLimiter>, now: f64) {
    limiter.handle.synchronize(MonotonicMillis(now));
}

/// The number of the estimates of this name.
#[napi(catch_unwind)]
#[must_use]
pub fn limiter_key(limiter: &External<NativeRateLimiter>, name: String) -> u32 {
    limiter.handle.key(&name)
}

/// A permit; -1 where it is refused, -2 where more is asked for than a whole budget. Who `waits` has a place in the line
/// from then on.
#[napi(catch_unwind)]
#[must_use]
pub fn limiter_try_acquire(
    limiter: &mut External<NativeRateLimiter>,
    now: f64,
    tokens: f64,
    input: f64,
    output: f64,
    key: u32,
    waits: bool,
) -> f64 {
    let demand = Demand {
        tokens: tokens_of(tokens),
        input_tokens: tokens_of(input),
        output_tokens: tokens_of(output),
        input_characters: 0,
        key,
    };
    limiter.ask(MonotonicMillis(now), &demand, waits)
}

/// Why the last `limiterTryAcquire` gave no permit.
#[napi(catch_unwind)]
#[must_use]
pub fn limiter_refusal(limiter: &External<NativeRateLimiter>) -> NativeRefusal {
    refusal_of(limiter.refused)
}

/// What a permit was really used for; what is not known stays as it was reserved.
#[napi(catch_unwind)]
pub fn limiter_settle(
    limiter: &External<NativeRateLimiter>,
    now: f64,
    permit: f64,
    tokens: f64,
    input: f64,
    output: f64,
) {
    let used = Consumption::Used {
        tokens: tokens_of(tokens),
        input_tokens: tokens_of(input),
        output_tokens: tokens_of(output),
        characters: 0,
    };
    limiter.handle.settle(Permit(permit as u64), used, MonotonicMillis(now));
}

/// Gives a permit back.
#[napi(catch_unwind)]
pub fn limiter_release(limiter: &External<NativeRateLimiter>, now: f64, permit: f64) {
    limiter.handle.release(Permit(permit as u64), MonotonicMillis(now));
}

/// Nothing starts for so many milliseconds.
#[napi(catch_unwind)]
pub fn limiter_block(limiter: &External<NativeRateLimiter>, now: f64, milliseconds: f64) {
    let pause = Duration::try_from_secs_f64(milliseconds / 1e3).unwrap_or(Duration::MAX);
    limiter.handle.block(MonotonicMillis(now), pause);
}

/// What a provider says is left of requests, tokens, input tokens and output tokens, each with the milliseconds until it
/// is whole again; `NaN` where it does not say.
#[napi(catch_unwind)]
pub fn limiter_observe(limiter: &External<NativeRateLimiter>, now: f64, seen: &[f64]) {
    limiter.handle.observe(MonotonicMillis(now), &observation_of(seen));
}

/// Forgets the starts of the last minute, and pauses.
#[napi(catch_unwind)]
pub fn limiter_reset(limiter: &External<NativeRateLimiter>, now: f64) {
    limiter.handle.reset(MonotonicMillis(now));
}

/// What counts towards the limits.
#[napi(catch_unwind)]
#[must_use]
pub fn limiter_usage(limiter: &External<NativeRateLimiter>, now: f64) -> NativeLimiterUsage {
    limiter.handle.usage(MonotonicMillis(now)).into()
}

/// Calls back when another user did something that makes it worth asking again; null ends that.
#[napi(catch_unwind)]
pub fn limiter_on_freed(
    limiter: &External<NativeRateLimiter>,
    #[napi(ts_arg_type = "(() => void) | null")] callback: Option<Function<'_, (), ()>>,
) -> Result<()> {
    match callback {
        Some(callback) => limiter.handle.on_freed(waker(&callback)?),
        None => limiter.handle.forget_waker(),
    }
    Ok(())
}

/// Nobody waits any more.
#[napi(catch_unwind)]
pub fn limiter_leave_line(limiter: &External<NativeRateLimiter>, now: f64) {
    limiter.handle.leave_line(MonotonicMillis(now));
}

impl NativeRateLimiter {
    fn of(handle: Handle) -> External<Self> {
        External::new(Self {
            handle,
            refused: Admission::Full,
        })
    }

    /// For a lane of an executor that uses this limiter.
    pub(crate) fn handle(&self) -> Handle {
        self.handle.another()
    }

    fn ask(&mut self, now: MonotonicMillis, demand: &Demand, waits: bool) -> f64 {
        self.refused = if waits {
            self.handle.try_acquire(now, demand)
        } else {
            self.handle.try_acquire_once(now, demand)
        };
        match self.refused {
            Admission::Granted(permit) => permit.0 as f64,
            Admission::TooLarge { .. } => TOO_LARGE,
            Admission::Wait { .. } | Admission::Full => REFUSED,
        }
    }
}

/// Calls back in the thread that the callback is of, from any.
pub(crate) fn waker(callback: &Function<'_, (), ()>) -> Result<Box<dyn Fn() + Send + Sync>> {
    // Weak: what keeps the process alive is the timer of whoever waits.
    let callback = callback
        .build_threadsafe_function::<()>()
        .weak::<true>()
        .callee_handled::<false>()
        .error_status::<Status>()
        .build()?;
    Ok(Box::new(move || {
        callback.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }))
}

fn refusal_of(admission: Admission) -> NativeRefusal {
    let (reason, wait_time, limit, demand) = match admission {
        Admission::Wait { duration, reason } => (reason, duration.as_nanos() as f64 / 1e6, 0, 0),
        Admission::TooLarge { reason, limit, demand } => (reason, f64::INFINITY, limit, demand),
        Admission::Granted(_) | Admission::Full => (Reason::Concurrency, f64::INFINITY, 0, 0),
    };
    NativeRefusal {
        reason: reason.word(),
        wait_time,
        limit: limit as f64,
        demand: demand as f64,
    }
}

fn tokens_of(tokens: f64) -> Option<u64> {
    (!tokens.is_nan()).then(|| tokens.ceil() as u64)
}

fn observation_of(seen: &[f64]) -> Observation {
    let remaining = |index: usize| {
        let pair = seen.get(2 * index..2 * index + 2)?;
        (!pair[0].is_nan()).then(|| Remaining {
            left: pair[0] as u64,
            reset_in: Duration::try_from_secs_f64(pair[1] / 1e3).unwrap_or(Duration::MAX),
        })
    };
    Observation {
        requests: remaining(0),
        tokens: remaining(1),
        input_tokens: remaining(2),
        output_tokens: remaining(3),
    }
}

fn limits_of(limits: &[f64]) -> Limits {
    let number = |index: usize| limits.get(index).copied().unwrap_or(f64::INFINITY);
    let limit = |index| {
        Some(number(index))
            .filter(|limit| limit.is_finite())
            .and_then(|limit| NonZeroU64::new(limit as u64))
    };
    Limits {
        requests_per_minute: limit(0),
        tokens_per_minute: limit(1),
        input_tokens_per_minute: limit(2),
        output_tokens_per_minute: limit(3),
        concurrency: limit(4),
        burst: limit(5),
        guarantee: if number(6) > 0.0 {
            Guarantee::Strict
        } else {
            Guarantee::Balanced
        },
        allow_oversize: number(7) > 0.0,
    }
}

fn numbers_of(limits: &Limits) -> Vec<f64> {
    let number = |limit: Option<NonZeroU64>| limit.map_or(f64::INFINITY, |limit| limit.get() as f64);
    vec![
        number(limits.requests_per_minute),
        number(limits.tokens_per_minute),
        number(limits.input_tokens_per_minute),
        number(limits.output_tokens_per_minute),
        number(limits.concurrency),
        number(limits.burst),
        f64::from(u8::from(limits.guarantee == Guarantee::Strict)),
        f64::from(u8::from(limits.allow_oversize)),
    ]
}
