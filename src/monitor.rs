//! `NativeMonitor`: the recorded spans behind one `PerformanceMonitor`.

use ai_evals_performance_core::monitor::{BottleneckThresholds, Monitor, Regression, RegressionThresholds, Timing};
use napi::bindgen_prelude::{Error, Float64Array, Float64ArraySlice, Result, Status, Uint32ArraySlice};
use napi_derive::napi;

/// A list of findings as flat data: the same count of numbers and of texts for each finding.
#[napi(object)]
pub struct NativeFindings {
    /// The findings' numbers, one finding after the other.
    pub numbers: Float64Array,
    /// The findings' texts, one finding after the other.
    pub texts: Vec<String>,
}

/// The recorded spans of one monitor. Components are numbered in the order of their first spans.
#[napi]
#[derive(Default)]
pub struct NativeMonitor {
    monitor: Monitor,
}

#[napi]
impl NativeMonitor {
    /// A monitor without spans.
    #[napi(constructor, catch_unwind)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Records the first `count` spans of the two arrays.
    #[napi(catch_unwind)]
    pub fn record(&mut self, components: Uint32ArraySlice, durations: Float64ArraySlice, count: u32) -> Result<()> {
        let count = (count as usize).min(components.len()).min(durations.len());
        self.monitor
            .record_all(&components[..count], &durations[..count])
            .map_err(|error| Error::new(Status::InvalidArg, error.to_string()))
    }

    /// Forgets every span.
    #[napi(catch_unwind)]
    pub fn reset(&mut self) {
        self.monitor.reset();
    }

    /// Per component: its number, count, total, mean, min, max, p50, p95, p99. The largest total comes first.
    #[napi(catch_unwind)]
    pub fn timings(&mut self) -> Float64Array {
        self.monitor
            .timings()
            .iter()
            .flat_map(flat_timing)
            .collect::<Vec<_>>()
            .into()
    }

    /// The same nine numbers of one component; none where it has no spans.
    #[napi(catch_unwind)]
    pub fn timing(&mut self, component: u32) -> Float64Array {
        self.monitor
            .timing(component)
            .iter()
            .flat_map(flat_timing)
            .collect::<Vec<_>>()
            .into()
    }

    /// Components, calls, total, mean, and the numbers of the slowest and the fastest component, −1 where there is none.
    #[napi(catch_unwind)]
    pub fn summary(&self) -> Float64Array {
        let summary = self.monitor.summary();
        let number = |component: Option<u32>| component.map_or(-1.0, f64::from);
        let (slowest, fastest) = (number(summary.slowest), number(summary.fastest));
        vec![
            f64::from(summary.components),
            summary.calls as f64,
            summary.total,
            summary.mean,
            slowest,
            fastest,
        ]
        .into()
    }

    /// Per bottleneck the numbers component, mean, share and the texts severity, impact, recommendation.
    #[napi(catch_unwind)]
    pub fn bottlenecks(&mut self, mean: f64, share: f64) -> NativeFindings {
        let found = self.monitor.bottlenecks(BottleneckThresholds { mean, share });
        NativeFindings {
            numbers: found
                .iter()
                .flat_map(|it| [f64::from(it.component), it.mean, it.share])
                .collect::<Vec<_>>()
                .into(),
            texts: found
                .into_iter()
                .flat_map(|it| [it.severity.as_str().to_owned(), it.impact, it.recommendation])
                .collect(),
        }
    }

    /// Per regression the numbers component, earlier mean, mean, per cent slower, threshold and the text severity.
    #[napi(catch_unwind)]
    pub fn regressions(
        &self,
        baseline_means: Float64ArraySlice,
        critical: f64,
        major: f64,
        minor: f64,
    ) -> NativeFindings {
        let found = self
            .monitor
            .regressions(&baseline_means, RegressionThresholds { critical, major, minor });
        NativeFindings {
            numbers: found.iter().flat_map(flat_regression).collect::<Vec<_>>().into(),
            texts: found.iter().map(|it| it.severity.as_str().to_owned()).collect(),
        }
    }
}

fn flat_timing(it: &Timing) -> [f64; 9] {
    [
        f64::from(it.component),
        it.count as f64,
        it.total,
        it.mean,
        it.min,
        it.max,
        it.p50,
        it.p95,
        it.p99,
    ]
}

fn flat_regression(it: &Regression) -> [f64; 5] {
    [
        f64::from(it.component),
        it.baseline_mean,
        it.current_mean,
        it.percent_change,
        it.threshold,
    ]
}
