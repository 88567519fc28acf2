//! The limiter of one parallel executor.

use std::num::NonZeroU64;

use ai_evals_performance_core::limiter::{
    Admission, Consumption, Demand, Guarantee, Limiter, Limits, MonotonicMillis, Permit,
};
use napi_derive::napi;

/// One of `permit` and `wait` is set; neither while all places are taken.
#[napi(object, object_from_js = false)]
pub struct NativeAdmission {
    /// The permit that was given.
    pub permit: Option<f64>,
    /// Milliseconds until it is worth asking again.
    pub wait: Option<f64>,
    /// What holds the task back.
    #[napi(ts_type = "'requests' | 'tokens'")]
    pub reason: Option<&'static str>,
}

/// What counts towards the limits.
#[napi(object, object_from_js = false)]
pub struct NativeExecutorUsage {
    /// Starts of the last 60 s.
    pub requests: f64,
    /// Tokens of those starts.
    pub tokens: f64,
    /// Permits held.
    pub in_flight: f64,
}

/// Figures of the current or last busy period.
#[napi(object, object_from_js = false)]
pub struct NativeMetrics {
    /// Its length in milliseconds.
    pub total_millis: f64,
    /// Mean milliseconds of the ended tasks.
    pub mean_task_millis: f64,
    /// Milliseconds during which a rate limit held the next task back.
    pub throttled_millis: f64,
    /// Mean tasks in flight over the most at once.
    pub efficiency: f64,
    /// Mean tasks in flight over those allowed.
    pub utilization: f64,
}

/// Concurrency, requests and tokens a minute in one decision. `now` is `performance.now()` throughout.
#[napi]
pub struct NativeExecutorLimiter(Limiter);

#[napi]
impl NativeExecutorLimiter {
    /// `Infinity` is no limit.
    #[napi(constructor, catch_unwind)]
    #[must_use]
    pub fn new(requests_per_minute: f64, tokens_per_minute: f64, concurrency: f64) -> Self {
        Self(Limiter::new(limits(
            requests_per_minute,
            tokens_per_minute,
            concurrency,
        )))
    }

    /// Asks for one start.
    #[napi(catch_unwind)]
    pub fn try_acquire(&mut self, now: f64, output_tokens: Option<f64>, input_characters: f64) -> NativeAdmission {
        let demand = Demand {
            output_tokens: output_tokens.map(|tokens| tokens.ceil() as u64),
            input_characters: input_characters as u64,
            ..Demand::default()
        };
        admission(self.0.try_acquire(MonotonicMillis(now), &demand))
    }

    /// A task ended with a result: `tokens` where they were reported, else taken from the characters.
    #[napi(catch_unwind)]
    pub fn settle(&mut self, now: f64, permit: f64, tokens: Option<f64>, characters: f64) {
        let consumption = Consumption::Used {
            tokens: tokens.map(|tokens| tokens.ceil() as u64),
            input_tokens: None,
            output_tokens: None,
            characters: characters as u64,
        };
        self.end(now, permit, consumption);
    }

    /// A task ended with an error; `refused` where the provider surely did not answer it.
    #[napi(catch_unwind)]
    pub fn fail(&mut self, now: f64, permit: f64, input_characters: f64, refused: bool) {
        let input_characters = input_characters as u64;
        let consumption = if refused {
            Consumption::Refused { input_characters }
        } else {
            Consumption::Failed { input_characters }
        };
        self.end(now, permit, consumption);
    }

    /// Changes the limits at once.
    #[napi(catch_unwind)]
    pub fn set_limits(&mut self, now: f64, requests_per_minute: f64, tokens_per_minute: f64, concurrency: f64) {
        self.0.set_limits(
            limits(requests_per_minute, tokens_per_minute, concurrency),
            MonotonicMillis(now),
        );
    }

    /// Forgets the starts of the last minute.
    #[napi(catch_unwind)]
    pub fn reset(&mut self, now: f64) {
        self.0.reset(MonotonicMillis(now));
    }

    /// A run begins.
    #[napi(catch_unwind)]
    pub fn begin_run(&mut self, now: f64) {
        self.0.begin_run(MonotonicMillis(now));
    }

    /// A run has ended.
    #[napi(catch_unwind)]
    pub fn end_run(&mut self, now: f64) {
        self.0.end_run(MonotonicMillis(now));
    }

    /// What counts towards the limits.
    #[napi(catch_unwind)]
    pub fn usage(&mut self, now: f64) -> NativeExecutorUsage {
        let usage = self.0.usage(MonotonicMillis(now));
        NativeExecutorUsage {
            requests: usage.requests as f64,
            tokens: usage.tokens as f64,
            in_flight: usage.in_flight as f64,
        }
    }

    /// Figures of the current or last busy period.
    #[napi(catch_unwind)]
    pub fn metrics(&mut self, now: f64) -> NativeMetrics {
        let metrics = self.0.metrics(MonotonicMillis(now));
        NativeMetrics {
            total_millis: metrics.total_millis,
            mean_task_millis: metrics.mean_task_millis,
            throttled_millis: metrics.throttled_millis,
            efficiency: metrics.efficiency,
            utilization: metrics.utilization,
        }
    }
}

impl NativeExecutorLimiter {
    fn end(&mut self, now: f64, permit: f64, consumption: Consumption) {
        let permit = Permit(permit as u64);
        self.0.settle(permit, consumption, MonotonicMillis(now));
        self.0.release(permit, MonotonicMillis(now));
    }
}

fn limits(requests_per_minute: f64, tokens_per_minute: f64, concurrency: f64) -> Limits {
    let limit = |value: f64| value.is_finite().then(|| at_least_one(value));
    Limits {
        requests_per_minute: limit(requests_per_minute),
        tokens_per_minute: limit(tokens_per_minute),
        concurrency: Some(at_least_one(concurrency)),
        guarantee: Guarantee::Strict,
        allow_oversize: true,
        ..Limits::default()
    }
}

fn at_least_one(value: f64) -> NonZeroU64 {
    NonZeroU64::new(value as u64).unwrap_or(NonZeroU64::MIN)
}

fn admission(admission: Admission) -> NativeAdmission {
    match admission {
        Admission::Granted(permit) => NativeAdmission {
            permit: Some(permit.0 as f64),
            wait: None,
            reason: None,
        },
        Admission::Wait { duration, reason } => NativeAdmission {
            permit: None,
            wait: Some(duration.as_nanos() as f64 / 1e6),
            reason: Some(reason.word()),
        },
        Admission::Full | Admission::TooLarge { .. } => NativeAdmission {
            permit: None,
            wait: None,
            reason: None,
        },
    }
}
