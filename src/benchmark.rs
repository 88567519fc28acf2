//! The benchmark's decisions for `lib/benchmark/`: batch sizes, summaries, comparisons.

use ai_evals_performance_core::benchmark::{
    Batch, Measured, Significance, Summary, Verdict, compare, next_batch, resolved,
};
use napi::bindgen_prelude::Float64Array;
use napi_derive::napi;

/// One run in numbers: milliseconds per call, and calls per second.
#[napi(object, object_from_js = false)]
pub struct NativeBenchmarkSummary {
    /// Batches that were timed.
    pub samples: f64,
    /// What the run took.
    pub total: f64,
    /// Arithmetic mean.
    pub mean: f64,
    /// The shortest.
    pub min: f64,
    /// The longest.
    pub max: f64,
    /// The middle one.
    pub median: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Sample standard deviation.
    pub deviation: f64,
    /// Calls per second.
    pub throughput: f64,
}

/// What a comparison needs of one run; what is not known is left out.
#[napi(object, object_to_js = false)]
pub struct NativeBenchmarkMeasured {
    /// Arithmetic mean.
    pub mean: f64,
    /// Median duration.
    pub median: Option<f64>,
    /// Shortest duration.
    pub min: Option<f64>,
    /// Sample standard deviation.
    pub deviation: Option<f64>,
    /// How many samples the summary is of.
    pub samples: Option<f64>,
    /// Calls per second.
    pub throughput: Option<f64>,
    /// Bytes by which memory grew.
    pub memory: Option<f64>,
    /// The samples, where they are at hand.
    pub durations: Option<Float64Array>,
    /// How many calls each sample is of; one where left out.
    pub calls: Option<Float64Array>,
}

/// A current run against its baseline.
#[napi(object, object_from_js = false)]
pub struct NativeBenchmarkComparison {
    /// Less mean time.
    pub duration_percent: f64,
    /// More throughput.
    pub throughput_percent: f64,
    /// Less growth of memory.
    pub memory_percent: f64,
    /// Whether they differ.
    #[napi(ts_type = "'faster' | 'slower' | 'similar'")]
    pub verdict: &'static str,
    /// How much.
    #[napi(ts_type = "'significant' | 'moderate' | 'minor' | 'negligible'")]
    pub significance: &'static str,
}

/// How many calls to time together after a batch of `calls` that took `duration` milliseconds.
#[napi(catch_unwind)]
#[must_use]
pub fn next_benchmark_batch(duration: f64, calls: f64) -> f64 {
    let calls = (calls as u64).max(1);
    next_batch(Batch { duration, calls }) as f64
}

/// Summarises the durations of single calls, or of batches of `calls`; `wall` is what overlapping calls took together.
#[napi(catch_unwind)]
#[must_use]
pub fn summarize_benchmark(durations: &[f64], calls: Option<&[f64]>, wall: Option<f64>) -> NativeBenchmarkSummary {
    Summary::of(batches(durations, calls), wall).into()
}

/// Compares two runs.
#[napi(catch_unwind)]
#[must_use]
pub fn compare_benchmarks(
    baseline: NativeBenchmarkMeasured,
    current: NativeBenchmarkMeasured,
) -> NativeBenchmarkComparison {
    let comparison = compare(&baseline.into(), &current.into());
    NativeBenchmarkComparison {
        duration_percent: comparison.duration_percent,
        throughput_percent: comparison.throughput_percent,
        memory_percent: comparison.memory_percent,
        verdict: verdict_name(comparison.verdict),
        significance: significance_name(comparison.significance),
    }
}

fn batches(durations: &[f64], calls: Option<&[f64]>) -> Vec<Batch> {
    let batch = |(&duration, calls)| Batch { duration, calls };
    match calls {
        None => durations.iter().zip(std::iter::repeat(1)).map(batch).collect(),
        Some(calls) => resolved(durations.iter().zip(calls.iter().map(|&calls| calls as u64)).map(batch)),
    }
}

fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Faster => "faster",
        Verdict::Slower => "slower",
        Verdict::Similar => "similar",
    }
}

fn significance_name(significance: Significance) -> &'static str {
    match significance {
        Significance::Significant => "significant",
        Significance::Moderate => "moderate",
        Significance::Minor => "minor",
        Significance::Negligible => "negligible",
    }
}

impl From<Summary> for NativeBenchmarkSummary {
    fn from(summary: Summary) -> Self {
        Self {
            samples: summary.samples as f64,
            total: summary.total,
            mean: summary.mean,
            min: summary.min,
            max: summary.max,
            median: summary.median,
            p95: summary.p95,
            p99: summary.p99,
            deviation: summary.deviation,
            throughput: summary.throughput,
        }
    }
}

impl From<NativeBenchmarkMeasured> for Measured {
    fn from(run: NativeBenchmarkMeasured) -> Self {
        let per_call = |durations: Float64Array| {
            let batches = batches(&durations, run.calls.as_deref());
            batches.into_iter().map(Batch::per_call).collect()
        };
        Self {
            mean: run.mean,
            median: run.median.unwrap_or(f64::NAN),
            min: run.min.unwrap_or(f64::NAN),
            deviation: run.deviation.unwrap_or(f64::NAN),
            samples: run.samples.unwrap_or(f64::NAN),
            throughput: run.throughput.unwrap_or(f64::NAN),
            memory: run.memory.unwrap_or(f64::NAN),
            observations: run.durations.map(per_call),
        }
    }
}
