//! One component's spans, reduced to what reports need.

use super::distribution::Distribution;
use crate::stats::Sum;

/// What a component's spans add up to. Durations are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// The component's number.
    pub component: u32,
    /// Its spans.
    pub count: u64,
    /// The sum of their durations.
    pub total: f64,
    /// Their mean, between `min` and `max` also where rounding would say otherwise.
    pub mean: f64,
    /// The shortest.
    pub min: f64,
    /// The longest.
    pub max: f64,
    /// The median (nearest rank), as are the next two: exact up to [`Timing::EXACT_SAMPLES`] spans.
    pub p50: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
}

impl Timing {
    /// Up to this many spans percentiles are exact; with more they are within 0.1 % of the exact ones, or within a
    /// nanosecond where that is more.
    pub const EXACT_SAMPLES: usize = 1024;
}

/// The invariant: it holds at least one span whenever somebody else sees it.
#[derive(Debug)]
pub(super) struct Component {
    count: u64,
    total: Sum,
    min: f64,
    max: f64,
    distribution: Distribution,
}

impl Default for Component {
    fn default() -> Self {
        Self {
            count: 0,
            total: Sum::default(),
            min: f64::INFINITY,
            max: 0.0,
            distribution: Distribution::new(Timing::EXACT_SAMPLES),
        }
    }
}

impl Component {
    /// `duration` is finite and not negative.
    pub(super) fn record(&mut self, duration: f64) {
        self.count += 1;
        self.total.add(duration);
        self.min = self.min.min(duration);
        self.max = self.max.max(duration);
        self.distribution.record(duration);
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn total(&self) -> f64 {
        self.total.value()
    }

    pub(super) fn mean(&self) -> f64 {
        (self.total() / self.count as f64).clamp(self.min, self.max)
    }

    pub(super) fn timing(&mut self, component: u32) -> Timing {
        let [p50, p95, p99] = self
            .distribution
            .percentiles([50.0, 95.0, 99.0])
            .map(|value| value.clamp(self.min, self.max));
        Timing {
            component,
            count: self.count,
            total: self.total(),
            mean: self.mean(),
            min: self.min,
            max: self.max,
            p50,
            p95,
            p99,
        }
    }
}
