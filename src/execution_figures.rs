//! The figures of an executor as JavaScript reads them.

use ai_evals_performance_core::execution::{Metrics, Progress, Refusal};
use napi_derive::napi;

/// What held a task back.
#[napi(object, object_from_js = false)]
pub struct NativeStartRefusal {
    /// Its lane.
    pub lane: u32,
    /// Milliseconds until it is worth asking again; `Infinity`: after an end.
    pub wait_time: f64,
    /// What holds it back; empty where that is the executor's own concurrency.
    #[napi(ts_type = "'' | 'requests' | 'tokens' | 'input-tokens' | 'output-tokens' | 'concurrency' | 'provider'")]
    pub reason: &'static str,
    /// How much is allowed; `Infinity` where that is no number.
    pub limit: f64,
    /// How much of it is used.
    pub current: f64,
}

/// Figures of the current or last busy period.
#[napi(object, object_from_js = false)]
pub struct NativeExecutionMetrics {
    /// Its length in milliseconds.
    pub total_millis: f64,
    /// Mean milliseconds of the ended tasks.
    pub mean_task_millis: f64,
    /// Milliseconds during which some limit held the next task back.
    pub throttled_millis: f64,
    /// The same by reason, in the order requests, tokens, input-tokens, output-tokens, concurrency, provider.
    pub waited_millis: Vec<f64>,
    /// Mean tasks in flight over the most at once.
    pub efficiency: f64,
    /// Mean tasks in flight over those allowed.
    pub utilization: f64,
    /// Mean use of the fullest budget of any lane.
    pub limit_utilization: f64,
}

/// How far the tasks have come.
#[napi(object, object_from_js = false)]
pub struct NativeExecutionProgress {
    /// Tasks that end a second.
    pub rate: f64,
    /// Milliseconds until the remaining ones have ended; `NaN` where that is unknown.
    pub eta: f64,
    /// Use of the fullest budget of any lane now.
    pub limit_utilization: f64,
}

pub(crate) fn refusal(refusal: &Refusal) -> NativeStartRefusal {
    NativeStartRefusal {
        lane: refusal.lane.0,
        wait_time: refusal.wait.map_or(f64::INFINITY, |wait| wait.as_nanos() as f64 / 1e6),
        reason: refusal.reason.map_or("", |reason| reason.word()),
        limit: refusal.limit.map_or(f64::INFINITY, |limit| limit as f64),
        current: refusal.current as f64,
    }
}

pub(crate) fn metrics(metrics: &Metrics) -> NativeExecutionMetrics {
    NativeExecutionMetrics {
        total_millis: metrics.total_millis,
        mean_task_millis: metrics.mean_task_millis,
        throttled_millis: metrics.throttled_millis,
        waited_millis: metrics.waited_millis.to_vec(),
        efficiency: metrics.efficiency,
        utilization: metrics.utilization,
        limit_utilization: metrics.limit_utilization,
    }
}

pub(crate) fn progress(progress: &Progress) -> NativeExecutionProgress {
    NativeExecutionProgress {
        rate: progress.rate,
        eta: progress.eta_millis.unwrap_or(f64::NAN),
        limit_utilization: progress.limit_utilization,
    }
}
