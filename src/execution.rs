//! What one parallel executor decides: who may start, and what the time went into.
//!
//! Starting and ending a task, a crossing each, take and give numbers only. `NaN` is an unknown number, `Infinity` no
//! limit, and `now` is `performance.now()` throughout.

use std::{num::NonZeroU64, time::Duration};

use ai_evals_performance_core::{
    execution::{Execution, LaneId, Outcome, Refusal, Start},
    limiter::{Amounts, Consumption, Demand, Guarantee, Handle, Limits, MonotonicMillis, Permit},
};
use napi::bindgen_prelude::{Error, External, Float64Array, Function, Result};
use napi_derive::napi;

use crate::execution_figures::{
    NativeExecutionMetrics, NativeExecutionProgress, NativeExecutionUsage, NativeStartRefusal, metrics, progress,
    refusal, usage,
};
use crate::limiter::{NativeRateLimiter, waker};

const REFUSED: f64 = -1.0;
const TOO_LARGE: f64 = -2.0;
/// Added to an outcome: the task is not over, another attempt will follow.
const AGAIN: u32 = 8;

/// The lanes of one executor under one concurrency.
#[napi]
pub struct NativeExecution {
    execution: Execution,
    refusal: Refusal,
}

#[napi]
#[expect(
    clippy::too_many_arguments,
    reason = "plain numbers cross fastest, and only a lane that does not exist fails"
)]
impl NativeExecution {
    /// At most so many tasks in flight in all lanes together.
    #[napi(constructor, catch_unwind)]
    #[must_use]
    pub fn new(concurrency: f64) -> Self {
        Self {
            execution: Execution::new(at_least_one(concurrency)),
            refusal: Refusal::default(),
        }
    }

    /// A lane with limits of its own, numbered from 0. A `burst` of `NaN` is no pacing.
    #[napi(catch_unwind)]
    pub fn add_lane(
        &mut self,
        requests: f64,
        tokens: f64,
        input_tokens: f64,
        output_tokens: f64,
        concurrency: f64,
        burst: f64,
        strict: bool,
        adaptive: bool,
    ) -> u32 {
        let limits = limits(
            [requests, tokens, input_tokens, output_tokens, concurrency, burst],
            strict,
        );
        self.execution.add_lane(Handle::alone(limits), adaptive).0
    }

    /// A lane that shares the limiter of somebody.
    #[napi(catch_unwind)]
    pub fn add_lane_of(&mut self, limiter: &External<NativeRateLimiter>, adaptive: bool) -> u32 {
        self.execution.add_lane(limiter.handle(), adaptive).0
    }

    /// Calls `callback` when a task of this lane is worth asking about again because of what somebody else did.
    #[napi(catch_unwind)]
    pub fn on_freed(
        &self,
        lane: u32,
        #[napi(ts_arg_type = "(() => void) | null")] callback: Option<Function<'_, (), ()>>,
    ) -> Result<()> {
        let limiter = self.execution.limiter(self.lane(lane)?);
        match callback {
            Some(callback) => limiter.on_freed(waker(&callback)?),
            None => limiter.forget_waker(),
        }
        Ok(())
    }

    /// Changes how many tasks may be in flight in all lanes together.
    #[napi(catch_unwind)]
    pub fn set_concurrency(&mut self, now: f64, concurrency: f64) {
        self.execution
            .set_concurrency(at_least_one(concurrency), MonotonicMillis(now));
    }

    /// Changes the limits of a lane at once.
    #[napi(catch_unwind)]
    pub fn set_limits(
        &mut self,
        now: f64,
        lane: u32,
        requests: f64,
        tokens: f64,
        input_tokens: f64,
        output_tokens: f64,
        concurrency: f64,
        burst: f64,
        strict: bool,
    ) -> Result<()> {
        let limits = limits(
            [requests, tokens, input_tokens, output_tokens, concurrency, burst],
            strict,
        );
        self.execution
            .set_limits(self.lane(lane)?, limits, MonotonicMillis(now));
        Ok(())
    }

    /// The provider asked for a pause of this lane.
    #[napi(catch_unwind)]
    pub fn block(&mut self, now: f64, lane: u32, milliseconds: f64) -> Result<()> {
        let pause = duration(milliseconds);
        self.execution.block(self.lane(lane)?, pause, MonotonicMillis(now));
        Ok(())
    }

    /// The permit of a task that may start; -1 where it may not yet, see `refusal`; -2 where it never may.
    #[napi(catch_unwind)]
    pub fn try_start(
        &mut self,
        now: f64,
        lane: u32,
        tokens: f64,
        input_tokens: f64,
        output_tokens: f64,
        input_characters: f64,
    ) -> Result<f64> {
        let demand = Demand {
            tokens: known(tokens),
            input_tokens: known(input_tokens),
            output_tokens: known(output_tokens),
            input_characters: input_characters as u64,
            key: 0,
        };
        let start = self
            .execution
            .try_start(self.lane(lane)?, &demand, MonotonicMillis(now));
        let (code, refusal) = match start {
            Start::Started(permit) => return Ok(permit.0 as f64),
            Start::Refused(refusal) => (REFUSED, refusal),
            Start::TooLarge(refusal) => (TOO_LARGE, refusal),
        };
        self.refusal = refusal;
        Ok(code)
    }

    /// What held back the task that was refused last.
    #[napi(catch_unwind)]
    #[must_use]
    pub fn refusal(&self) -> NativeStartRefusal {
        refusal(&self.refusal)
    }

    /// Nobody waits in this lane any longer.
    #[napi(catch_unwind)]
    pub fn stop_waiting(&mut self, now: f64, lane: u32) -> Result<()> {
        self.execution.stop_waiting(self.lane(lane)?, MonotonicMillis(now));
        Ok(())
    }

    /// A task has ended. `outcome`: 0 answered, 1 refused, 2 failed, 3 rate-limited, 4 given up; with 8 added, another
    /// attempt of it will follow, so it does not count as done. `characters`: of question and answer; of the question
    /// where there is none.
    #[napi(catch_unwind)]
    pub fn end(
        &mut self,
        now: f64,
        permit: f64,
        outcome: u32,
        tokens: f64,
        input_tokens: f64,
        output_tokens: f64,
        characters: f64,
    ) {
        let characters = characters as u64;
        let answered = Consumption::Used {
            tokens: known(tokens),
            input_tokens: known(input_tokens),
            output_tokens: known(output_tokens),
            characters,
        };
        let input_characters = characters;
        let is_last = outcome & AGAIN == 0;
        let (outcome, used) = match outcome % AGAIN {
            0 => (Outcome::Answered, answered),
            1 => (Outcome::Refused, Consumption::Refused { input_characters }),
            3 => (Outcome::RateLimited, Consumption::Refused { input_characters }),
            4 => (Outcome::GivenUp, Consumption::Failed { input_characters }),
            _ => (Outcome::Failed, Consumption::Failed { input_characters }),
        };
        let done = is_last && outcome != Outcome::GivenUp;
        self.execution
            .end(Permit(permit as u64), outcome, used, done, MonotonicMillis(now));
    }

    /// Forgets the starts of the last minute, pauses, and what adaptive lanes learned.
    #[napi(catch_unwind)]
    pub fn reset(&mut self, now: f64) {
        self.execution.reset(MonotonicMillis(now));
    }

    /// What counts towards the limits of a lane.
    #[napi(catch_unwind)]
    pub fn usage(&mut self, now: f64, lane: u32) -> Result<NativeExecutionUsage> {
        let lane = self.lane(lane)?;
        Ok(usage(&self.execution.usage(lane, MonotonicMillis(now))))
    }

    /// A run begins.
    #[napi(catch_unwind)]
    pub fn begin_run(&mut self, now: f64) {
        self.execution.begin_run(MonotonicMillis(now));
    }

    /// A run has ended.
    #[napi(catch_unwind)]
    pub fn end_run(&mut self, now: f64) {
        self.execution.end_run(MonotonicMillis(now));
    }

    /// Figures of the current or last busy period.
    #[napi(catch_unwind)]
    pub fn metrics(&mut self, now: f64) -> NativeExecutionMetrics {
        metrics(&self.execution.metrics(MonotonicMillis(now)))
    }

    /// How fast tasks end, and when the `remaining` ones (`NaN`: unknown) will have.
    #[napi(catch_unwind)]
    pub fn progress(&mut self, now: f64, remaining: f64) -> NativeExecutionProgress {
        progress(&self.execution.progress(known(remaining), MonotonicMillis(now)))
    }

    /// What counts for a task in flight: 1 request, its tokens, input tokens and output tokens; empty where it is none.
    #[napi(catch_unwind)]
    #[must_use]
    pub fn reserved(&self, permit: f64) -> Float64Array {
        let counts = self.execution.reserved(Permit(permit as u64)).map(|amounts| {
            let tokens = [amounts.tokens, amounts.input_tokens, amounts.output_tokens];
            [1, tokens[0], tokens[1], tokens[2]].map(|count| count as f64).to_vec()
        });
        Float64Array::new(counts.unwrap_or_default())
    }

    /// Starts of an earlier process: how many milliseconds ago, and what counted for each. All five are equally long.
    #[napi(catch_unwind)]
    pub fn restore(
        &mut self,
        now: f64,
        lane: u32,
        ages: &[f64],
        requests: &[f64],
        tokens: &[f64],
        input_tokens: &[f64],
        output_tokens: &[f64],
    ) -> Result<()> {
        let lane = self.lane(lane)?;
        for (index, &age) in ages.iter().enumerate() {
            let of = |counts: &[f64]| counts.get(index).copied().and_then(known).unwrap_or(0);
            let amounts = Amounts {
                tokens: of(tokens),
                input_tokens: of(input_tokens),
                output_tokens: of(output_tokens),
            };
            self.execution
                .restore(lane, duration(age), of(requests), amounts, MonotonicMillis(now));
        }
        Ok(())
    }

    /// How many decisions adaptive lanes have taken.
    #[napi(catch_unwind)]
    #[must_use]
    pub fn decided(&self) -> f64 {
        self.execution.decided() as f64
    }

    /// The last 1,000 decisions of adaptive lanes, a list in JSON.
    #[napi(catch_unwind)]
    pub fn decisions(&self) -> Result<String> {
        let decisions: Vec<_> = self.execution.decisions().collect();
        serde_json::to_string(&decisions).map_err(|error| Error::from_reason(error.to_string()))
    }
}

impl NativeExecution {
    fn lane(&self, lane: u32) -> Result<LaneId> {
        let id = LaneId(lane);
        let known = self.execution.has_lane(id).then_some(id);
        known.ok_or_else(|| Error::from_reason(format!("there is no lane {lane}")))
    }
}

fn limits([requests, tokens, input_tokens, output_tokens, concurrency, burst]: [f64; 6], strict: bool) -> Limits {
    let limit = |value: f64| value.is_finite().then(|| at_least_one(value));
    Limits {
        requests_per_minute: limit(requests),
        tokens_per_minute: limit(tokens),
        input_tokens_per_minute: limit(input_tokens),
        output_tokens_per_minute: limit(output_tokens),
        concurrency: limit(concurrency),
        burst: limit(burst),
        guarantee: if strict { Guarantee::Strict } else { Guarantee::Balanced },
        // A task of the documented executor that is larger than the whole limit runs alone.
        allow_oversize: true,
    }
}

fn at_least_one(value: f64) -> NonZeroU64 {
    NonZeroU64::new(value as u64).unwrap_or(NonZeroU64::MIN)
}

fn known(count: f64) -> Option<u64> {
    (!count.is_nan()).then(|| count.ceil() as u64)
}

fn duration(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1e3).unwrap_or(if milliseconds > 0.0 {
        Duration::MAX
    } else {
        Duration::ZERO
    })
}
