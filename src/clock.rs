//! Real time for what works by itself in the core; fake timers do not move it.

use ai_evals_performance_core::clock::{Clock, UnixMillis};
use std::{
    sync::LazyLock,
    time::{Duration, Instant, SystemTime},
};

pub(crate) struct RealClock;

static ORIGIN: LazyLock<Instant> = LazyLock::new(real_time);

impl Clock for RealClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the core's real time comes from"
    )]
    fn wall(&self) -> UnixMillis {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        UnixMillis(since_epoch.unwrap_or_default().as_secs_f64() * 1e3)
    }

    fn monotonic(&self) -> Duration {
        real_time().duration_since(*ORIGIN)
    }
}

/// A point of time that fake timers do not move.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the core's real time comes from"
)]
pub(crate) fn real_time() -> Instant {
    Instant::now()
}
