//! Which components became slower than they were.

/// How much slower, in per cent of the earlier mean, a component is to be reported at each severity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegressionThresholds {
    /// The largest.
    pub critical: f64,
    /// Between the two others.
    pub major: f64,
    /// The smallest.
    pub minor: f64,
}

/// How much slower a component became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegressionSeverity {
    /// Beyond the critical threshold.
    Critical,
    /// Beyond the major threshold.
    Major,
    /// Beyond the minor threshold.
    Minor,
}

impl RegressionSeverity {
    /// The severity in a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Major => "major",
            Self::Minor => "minor",
        }
    }
}

/// A component whose mean grew. Durations are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regression {
    /// The component's number.
    pub component: u32,
    /// The earlier mean.
    pub baseline_mean: f64,
    /// The mean now.
    pub current_mean: f64,
    /// The growth in per cent of the earlier mean.
    pub percent_change: f64,
    /// The worst severity whose threshold the growth exceeds.
    pub severity: RegressionSeverity,
    /// That threshold.
    pub threshold: f64,
}

/// `None` where the mean did not grow beyond the smallest threshold, or the earlier one is absent (NaN) or 0.
pub(super) fn judge(
    component: u32,
    baseline_mean: f64,
    current_mean: f64,
    thresholds: RegressionThresholds,
) -> Option<Regression> {
    if baseline_mean.is_nan() || baseline_mean <= 0.0 {
        return None;
    }
    let percent_change = (current_mean - baseline_mean) / baseline_mean * 100.0;
    let (severity, threshold) = [
        (RegressionSeverity::Critical, thresholds.critical),
        (RegressionSeverity::Major, thresholds.major),
        (RegressionSeverity::Minor, thresholds.minor),
    ]
    .into_iter()
    .find(|&(_, threshold)| percent_change > threshold)?;
    Some(Regression {
        component,
        baseline_mean,
        current_mean,
        percent_change,
        severity,
        threshold,
    })
}
