//! Whether two runs differ, and by how much.
//!
//! A verdict other than "similar" needs a change that matters *and* a test that says chance alone does not make it.
//! Either alone calls identical functions different: a threshold because means of heavy-tailed samples scatter by more
//! than that, a test because with enough samples it finds differences nobody cares about.
//!
//! Where the samples are at hand, two more conditions keep a busy machine from making verdicts:
//!
//! - The rank test looks at the medians of ten consecutive blocks of each run, not at single samples. A spell in which
//!   the machine was busy slows hundreds of neighbouring calls down, and a test that takes those for independent
//!   witnesses is sure of differences that are not there.
//! - The fastest call must have changed as well. Other load only ever adds time and spares some calls, so the minimum
//!   is what it disturbs least (J. Chen, J. Revels, "Robust benchmarking in noisy environments", arXiv:1608.04295,
//!   2016). A change of half or more needs no such witness: it may lie in the share of calls that are fast, as when a
//!   cache answers more of them.
//!
//! The price is power: differences below a fifth are often left unproven.

use crate::stats::{Moments, block_medians, mann_whitney, welch};

/// The smallest change that matters, in per cent of the baseline.
const MARGIN: f64 = 5.0;

/// From here on a change is large, in per cent of the baseline.
const LARGE: f64 = 50.0;

/// How unlikely a difference must be by chance.
const LEVEL: f64 = 0.01;

/// Into how many blocks the samples of a run are gathered for the rank test.
const BLOCKS: usize = 10;

/// One run as far as a comparison needs it. Values that are not known are NaN.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Mean duration of a call.
    pub mean: f64,
    /// Median duration of a call.
    pub median: f64,
    /// Shortest duration of a call.
    pub min: f64,
    /// Sample standard deviation of the duration of a call.
    pub deviation: f64,
    /// How many samples these come from.
    pub samples: f64,
    /// Calls per second.
    pub throughput: f64,
    /// Bytes by which the run made memory grow.
    pub memory: f64,
    /// The samples themselves, per call and in the order in which they were taken, while they are at hand.
    pub observations: Option<Vec<f64>>,
}

/// Whether the current run differs from its baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It takes less time.
    Faster,
    /// It takes more time.
    Slower,
    /// No difference that matters, or none that the samples prove.
    Similar,
}

/// How much a proven difference matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Significance {
    /// At least half of the baseline.
    Significant,
    /// At least a fifth.
    Moderate,
    /// At least a twentieth.
    Minor,
    /// Less, or not proven.
    Negligible,
}

/// A current run against its baseline. Percentages are of the baseline, finite, and positive where the current run is
/// better; 0 where that cannot be said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Less mean time.
    pub duration_percent: f64,
    /// More throughput.
    pub throughput_percent: f64,
    /// Less growth of memory.
    pub memory_percent: f64,
    /// Whether they differ.
    pub verdict: Verdict,
    /// How much.
    pub significance: Significance,
}

/// Compares a run with its baseline: by the Mann–Whitney test where both have their samples, otherwise by Welch's.
#[must_use]
pub fn compare(baseline: &Measured, current: &Measured) -> Comparison {
    let duration_percent = decrease(baseline.mean, current.mean);
    let verdict = verdict(baseline, current, duration_percent);
    Comparison {
        duration_percent,
        throughput_percent: decrease(-baseline.throughput, -current.throughput),
        memory_percent: decrease(baseline.memory, current.memory),
        verdict,
        significance: significance(verdict, duration_percent),
    }
}

/// By how many per cent of its size `from` went down to become `to`.
fn decrease(from: f64, to: f64) -> f64 {
    let percent = (from - to) / from.abs() * 100.0;
    if percent.is_finite() { percent } else { 0.0 }
}

fn verdict(baseline: &Measured, current: &Measured, duration_percent: f64) -> Verdict {
    let (change, p_value) = match (&baseline.observations, &current.observations) {
        (Some(before), Some(after)) => {
            let [before, after] = [before, after].map(|samples| block_medians(samples, BLOCKS));
            (common_change(baseline, current), mann_whitney(&before, &after))
        }
        _ => (duration_percent, welch(baseline.moments(), current.moments())),
    };
    if change.abs() < MARGIN || p_value >= LEVEL {
        Verdict::Similar
    } else if change > 0.0 {
        Verdict::Faster
    } else {
        Verdict::Slower
    }
}

/// The change that mean, median and, unless it is large, minimum agree on.
fn common_change(baseline: &Measured, current: &Measured) -> f64 {
    let of_means = decrease(baseline.mean, current.mean);
    let typical = smaller(of_means, decrease(baseline.median, current.median));
    if typical.abs() >= LARGE {
        typical
    } else {
        smaller(typical, decrease(baseline.min, current.min))
    }
}

/// The smaller of two changes, 0 where they contradict each other.
fn smaller(one: f64, other: f64) -> f64 {
    if one * other <= 0.0 {
        0.0
    } else if one.abs() < other.abs() {
        one
    } else {
        other
    }
}

fn significance(verdict: Verdict, percent: f64) -> Significance {
    match percent.abs() {
        _ if verdict == Verdict::Similar => Significance::Negligible,
        LARGE.. => Significance::Significant,
        20.0.. => Significance::Moderate,
        MARGIN.. => Significance::Minor,
        _ => Significance::Negligible,
    }
}

impl Measured {
    fn moments(&self) -> Moments {
        Moments {
            count: self.samples,
            mean: self.mean,
            deviation: self.deviation,
        }
    }
}

#[cfg(test)]
#[path = "comparison_tests.rs"]
mod tests;
