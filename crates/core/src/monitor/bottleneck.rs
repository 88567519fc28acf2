//! Which components cost most, what that means, and what to do about it.

use super::component::Timing;
use crate::units::{duration, percent, times};

/// When a component is a critical bottleneck.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BottleneckThresholds {
    /// A mean of at least this many milliseconds is slow.
    pub mean: f64,
    /// A share of the total of at least this many per cent is large.
    pub share: f64,
}

/// How much a component weighs. Its mean and its share of the total are held against their thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BottleneckSeverity {
    /// Both reach them.
    Critical,
    /// One reaches its own.
    High,
    /// One reaches half of its own.
    Medium,
    /// One reaches a quarter of its own.
    Low,
}

impl BottleneckSeverity {
    /// The severity in a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// From how many times their thresholds the mean and the share are.
    pub(super) fn of(mean: f64, share: f64) -> Option<Self> {
        match mean.max(share) {
            _ if mean >= 1.0 && share >= 1.0 => Some(Self::Critical),
            larger if larger >= 1.0 => Some(Self::High),
            larger if larger >= 0.5 => Some(Self::Medium),
            larger if larger >= 0.25 => Some(Self::Low),
            _ => None,
        }
    }
}

/// A component that costs much.
#[derive(Debug, Clone, PartialEq)]
pub struct Bottleneck {
    /// The component's number.
    pub component: u32,
    /// How much it weighs.
    pub severity: BottleneckSeverity,
    /// Milliseconds per span.
    pub mean: f64,
    /// Its per cent of the durations of all components.
    pub share: f64,
    /// What it costs, in a sentence.
    pub impact: String,
    /// What to do about it, in a sentence.
    pub recommendation: String,
}

/// A p99 this many times the median means that a few spans are unlike the others.
const LONG_TAIL: f64 = 5.0;

/// Fewer spans than this have a p99 that says nothing about a tail.
const TAIL_SAMPLES: u64 = 20;

/// `None` where the component is no bottleneck. `total` is the sum over all components, in milliseconds.
pub(super) fn judge(timing: &Timing, total: f64, thresholds: BottleneckThresholds) -> Option<Bottleneck> {
    // Where every span took 0 ms, nobody has a share.
    let share = if total > 0.0 {
        (timing.total / total * 100.0).min(100.0)
    } else {
        0.0
    };
    let severity = BottleneckSeverity::of(timing.mean / thresholds.mean, share / thresholds.share)?;
    Some(Bottleneck {
        component: timing.component,
        severity,
        mean: timing.mean,
        share,
        impact: impact(timing, share),
        recommendation: recommendation(timing, thresholds),
    })
}

fn impact(timing: &Timing, share: f64) -> String {
    let share = percent(share);
    match timing.count {
        1 => format!(
            "{share} of the measured time: called once, for {}",
            duration(timing.total)
        ),
        count => format!(
            "{share} of the measured time: called {} for {} in all, {} on average (p95 {})",
            times(count),
            duration(timing.total),
            duration(timing.mean),
            duration(timing.p95)
        ),
    }
}

fn recommendation(timing: &Timing, thresholds: BottleneckThresholds) -> String {
    if timing.count >= TAIL_SAMPLES && timing.p99 >= LONG_TAIL * timing.p50 {
        return format!(
            "Look at the slowest calls first: the median is {}, but one in a hundred takes {} or more. \
             Retries, rate limits, timeouts and cold starts do this.",
            duration(timing.p50),
            duration(timing.p99)
        );
    }
    if timing.count == 1 {
        return "Run it beside other work, or keep its result for the next run.".to_owned();
    }
    if timing.mean >= thresholds.mean / 2.0 {
        return format!(
            "Make the single call cheaper than {}: answer repeated ones from a cache, ask for less, or run several at \
             a time.",
            duration(timing.mean)
        );
    }
    format!(
        "Call it less often than {}: a call takes only {}, so batch the calls, hoist them out of loops or cache \
         repeated ones.",
        times(timing.count),
        duration(timing.mean)
    )
}
