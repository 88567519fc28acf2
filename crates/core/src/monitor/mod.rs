//! How long the parts of a program take: what each component's spans add up to, which components cost most, and
//! which became slower.
//!
//! A *component* is a name under which spans are recorded; callers number them 0, 1, 2, … in the order of their first
//! span and keep the names. A *span* is one timed call: a component and a duration in milliseconds.
//!
//! Counts, sums, minima and maxima are exact. What a component holds is bounded whatever the number of its spans.
//! Reading a clock, names and baselines' storage are left to callers.

mod bottleneck;
mod component;
mod distribution;
mod regression;
#[cfg(test)]
mod tests;

pub use bottleneck::{Bottleneck, BottleneckSeverity, BottleneckThresholds};
pub use component::Timing;
pub use regression::{Regression, RegressionSeverity, RegressionThresholds};

use crate::stats::Sum;
use component::Component;

/// Why a span was not recorded.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MonitorError {
    /// The duration is not a number or infinite: the clock it comes from is broken.
    #[error("a span of component {component} has the duration {duration}, which is not finite")]
    NotFinite {
        /// The component of the span.
        component: u32,
        /// What was given.
        duration: f64,
    },
    /// The component's number skips others: numbers are given in the order of first spans.
    #[error("component {component} is recorded before component {expected}")]
    OutOfOrder {
        /// The component of the span.
        component: u32,
        /// The number that the next new component has.
        expected: u32,
    },
}

/// All components taken together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Components with at least one span.
    pub components: u32,
    /// Spans of all components.
    pub calls: u64,
    /// Milliseconds of all spans.
    pub total: f64,
    /// Milliseconds per span; 0 where there is none.
    pub mean: f64,
    /// The component with the largest mean, the earlier one of two equal ones.
    pub slowest: Option<u32>,
    /// The component with the smallest mean, the earlier one of two equal ones.
    pub fastest: Option<u32>,
}

/// The spans recorded so far, by component.
#[derive(Debug, Default)]
pub struct Monitor {
    components: Vec<Component>,
}

impl Monitor {
    /// A monitor without spans.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a span of `duration` milliseconds; a negative one, which a clock that was set back produces, counts as 0.
    ///
    /// # Errors
    ///
    /// Where the duration is not finite or the component's number skips others. Nothing is recorded then.
    pub fn record(&mut self, component: u32, duration: f64) -> Result<(), MonitorError> {
        if !duration.is_finite() {
            return Err(MonitorError::NotFinite { component, duration });
        }
        let expected = self.components.len() as u32;
        if component > expected {
            return Err(MonitorError::OutOfOrder { component, expected });
        }
        if component == expected {
            self.components.push(Component::default());
        }
        self.components[component as usize].record(duration.max(0.0));
        Ok(())
    }

    /// Adds the spans whose components and durations stand at the same places of the two slices, in order.
    ///
    /// # Errors
    ///
    /// As [`Monitor::record`]; the spans before the refused one are recorded.
    pub fn record_all(&mut self, components: &[u32], durations: &[f64]) -> Result<(), MonitorError> {
        components
            .iter()
            .zip(durations)
            .try_for_each(|(&component, &duration)| self.record(component, duration))
    }

    /// Forgets every component.
    pub fn reset(&mut self) {
        self.components = Vec::new();
    }

    /// What the component's spans add up to; `None` where it has none.
    pub fn timing(&mut self, component: u32) -> Option<Timing> {
        self.components
            .get_mut(component as usize)
            .map(|state| state.timing(component))
    }

    /// Every component's timing, the largest total first, the earlier one of two equal ones first.
    pub fn timings(&mut self) -> Vec<Timing> {
        let mut timings: Vec<_> = self.all_timings().collect();
        timings.sort_by(|a, b| b.total.total_cmp(&a.total));
        timings
    }

    /// All components taken together.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let calls = self.components.iter().map(Component::count).sum();
        let total = self.total();
        let means = || (0..).zip(self.components.iter().map(Component::mean));
        Summary {
            components: self.components.len() as u32,
            calls,
            total,
            mean: if calls == 0 { 0.0 } else { total / calls as f64 },
            // `max_by` takes the last of equal ones, so the order of components is turned round for it.
            slowest: means()
                .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
                .map(|(component, _)| component),
            fastest: means()
                .min_by(|a, b| a.1.total_cmp(&b.1))
                .map(|(component, _)| component),
        }
    }

    /// The components that cost most, the largest share of the total first.
    pub fn bottlenecks(&mut self, thresholds: BottleneckThresholds) -> Vec<Bottleneck> {
        let total = self.total();
        let mut found: Vec<_> = self
            .all_timings()
            .filter_map(|timing| bottleneck::judge(&timing, total, thresholds))
            .collect();
        found.sort_by(|a, b| b.share.total_cmp(&a.share));
        found
    }

    /// The components slower than `baseline_means`, which holds each component's earlier mean at the component's
    /// number and NaN where there is none; the largest change first. A mean of 0 cannot be compared and is passed over.
    #[must_use]
    pub fn regressions(&self, baseline_means: &[f64], thresholds: RegressionThresholds) -> Vec<Regression> {
        let means = self.components.iter().map(Component::mean);
        let mut found: Vec<_> = (0..)
            .zip(baseline_means.iter().zip(means))
            .filter_map(|(component, (&baseline, current))| regression::judge(component, baseline, current, thresholds))
            .collect();
        found.sort_by(|a, b| b.percent_change.total_cmp(&a.percent_change));
        found
    }

    fn all_timings(&mut self) -> impl Iterator<Item = Timing> {
        (0..)
            .zip(&mut self.components)
            .map(|(component, state)| state.timing(component))
    }

    fn total(&self) -> f64 {
        self.components.iter().map(Component::total).collect::<Sum>().value()
    }
}
