//! What one parallel executor decides: who may start, and what the time went into.
//!
//! Starting and ending a task, a crossing each, take and give numbers only. `NaN` is an unknown number, `Infinity` no
//! limit, and `now` is `performance.now()` throughout. Functions of an [`External`] as in `cache.rs`.

#![expect(
    clippy::missing_errors_doc,
    reason = "only a lane that does not exist fails, or Node.js itself"
)]
#![expect(clippy::too_many_arguments, reason = "plain numbers cross fastest")]

use std::{num::NonZeroU64, time::Duration};

use ai_evals_performance_core::{
    execution::{Execution, LaneId, Outcome, Refusal, Start},
    limiter::{Amounts, Consumption, Demand, Guarantee, Handle, Limits, MonotonicMillis, Permit},
};
use napi::bindgen_prelude::{Error, External, Float64Array, Function, Result};
use napi_derive::napi;

use crate::execution_figures::{
    NativeExecutionMetrics, NativeExecutionProgress, NativeStartRefusal, metrics, progress, refusal,
};
use crate::limiter::{NativeLimiterUsage, NativeRateLimiter, waker};

const REFUSED: f64 = -1.0;
const TOO_LARGE: f64 = -2.0;
/// Added to an outcome: the task is not over, another attempt will follow.
const AGAIN: u32 = 8;

/// The lanes of one executor under one concurrency.
// A class without methods, for its name in the declarations.
#[napi]
pub struct NativeExecution {
    core: Execution,
    refusal: Refusal,
}

/// At most so many tasks in flight in all lanes together.
#[napi(catch_unwind)]
#[must_use]
pub fn execution_new(concurrency: f64) -> External<NativeExecution> {
    External::new(NativeExecution {
        core: Execution::new(at_least_one(concurrency)),
        refusal: Refusal::default(),
    })
}

/// A lane with limits of its own, numbered from 0. A `burst` of `NaN` is no pacing.
#[napi(catch_unwind)]
pub fn execution_add_lane(
    execution: &mut External<NativeExecution>,
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
    execution.core.add_lane(Handle::alone(limits), adaptive).0
}

/// A lane that shares the limiter of somebody.
#[napi(catch_unwind)]
pub fn execution_add_lane_of(
    execution: &mut External<NativeExecution>,
    limiter: &External<NativeRateLimiter>,
    adaptive: bool,
) -> u32 {
    execution.core.add_lane(limiter.handle(), adaptive).0
}

/// Calls `callback` when a task of this lane is worth asking about again because of what somebody else did.
#[napi(catch_unwind)]
pub fn execution_on_freed(
    execution: &External<NativeExecution>,
    lane: u32,
    #[napi(ts_arg_type = "(() => void) | null")] callback: Option<Function<'_, (), ()>>,
) -> Result<()> {
    let limiter = execution.core.limiter(execution.lane(lane)?);
    match callback {
        Some(callback) => limiter.on_freed(waker(&callback)?),
        None => limiter.forget_waker(),
    }
    Ok(())
}

/// Changes how many tasks may be in flight in all lanes together.
#[napi(catch_unwind)]
pub fn execution_set_concurrency(execution: &mut External<NativeExecution>, now: f64, concurrency: f64) {
    execution
        .core
        .set_concurrency(at_least_one(concurrency), MonotonicMillis(now));
}

/// Changes the limits of a lane at once.
#[napi(catch_unwind)]
pub fn execution_set_limits(
    execution: &mut External<NativeExecution>,
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
    let lane = execution.lane(lane)?;
    execution.core.set_limits(lane, limits, MonotonicMillis(now));
    Ok(())
}

/// The provider asked for a pause of this lane.
#[napi(catch_unwind)]
pub fn execution_block(
    execution: &mut External<NativeExecution>,
    now: f64,
    lane: u32,
    milliseconds: f64,
) -> Result<()> {
    let pause = duration(milliseconds);
    let lane = execution.lane(lane)?;
    execution.core.block(lane, pause, MonotonicMillis(now));
    Ok(())
}

/// The permit of a task that may start; -1 where it may not yet, see `refusal`; -2 where it never may.
#[napi(catch_unwind)]
pub fn execution_try_start(
    execution: &mut External<NativeExecution>,
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
    let lane = execution.lane(lane)?;
    let start = execution.core.try_start(lane, &demand, MonotonicMillis(now));
    let (code, refusal) = match start {
        Start::Started(permit) => return Ok(permit.0 as f64),
        Start::Refused(refusal) => (REFUSED, refusal),
        Start::TooLarge(refusal) => (TOO_LARGE, refusal),
    };
    execution.refusal = refusal;
    Ok(code)
}

/// What held back the task that was refused last.
#[napi(catch_unwind)]
#[must_use]
pub fn execution_refusal(execution: &External<NativeExecution>) -> NativeStartRefusal {
    refusal(&execution.refusal)
}

/// Nobody waits in this lane any longer.
#[napi(catch_unwind)]
pub fn execution_stop_waiting(execution: &mut External<NativeExecution>, now: f64, lane: u32) -> Result<()> {
    let lane = execution.lane(lane)?;
    execution.core.stop_waiting(lane, MonotonicMillis(now));
    Ok(())
}

/// A task has ended. `outcome`: 0 answered, 1 refused, 2 failed, 3 rate-limited, 4 given up; with 8 added, another
/// attempt of it will follow, so it does not count as done. `characters`: of question and answer; of the question
/// where there is none.
#[napi(catch_unwind)]
pub fn execution_end(
    execution: &mut External<NativeExecution>,
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
    execution
        .core
        .end(Permit(permit as u64), outcome, used, done, MonotonicMillis(now));
}

/// Forgets the starts of the last minute, pauses, and what adaptive lanes learned.
#[napi(catch_unwind)]
pub fn execution_reset(execution: &mut External<NativeExecution>, now: f64) {
    execution.core.reset(MonotonicMillis(now));
}

/// What counts towards the limits of a lane.
#[napi(catch_unwind)]
pub fn execution_usage(execution: &mut External<NativeExecution>, now: f64, lane: u32) -> Result<NativeLimiterUsage> {
    let lane = execution.lane(lane)?;
    Ok(execution.core.usage(lane, MonotonicMillis(now)).into())
}

/// A run begins.
#[napi(catch_unwind)]
pub fn execution_begin_run(execution: &mut External<NativeExecution>, now: f64) {
    execution.core.begin_run(MonotonicMillis(now));
}

/// A run has ended.
#[napi(catch_unwind)]
pub fn execution_end_run(execution: &mut External<NativeExecution>, now: f64) {
    execution.core.end_run(MonotonicMillis(now));
}

/// Figures of the current or last busy period.
#[napi(catch_unwind)]
pub fn execution_metrics(execution: &mut External<NativeExecution>, now: f64) -> NativeExecutionMetrics {
    metrics(&execution.core.metrics(MonotonicMillis(now)))
}

/// How fast tasks end, and when the `remaining` ones (`NaN`: unknown) will have.
#[napi(catch_unwind)]
pub fn execution_progress(
    execution: &mut External<NativeExecution>,
    now: f64,
    remaining: f64,
) -> NativeExecutionProgress {
    progress(&execution.core.progress(known(remaining), MonotonicMillis(now)))
}

/// What counts for a task in flight: 1 request, its tokens, input tokens and output tokens; empty where it is none.
#[napi(catch_unwind)]
#[must_use]
pub fn execution_reserved(execution: &External<NativeExecution>, permit: f64) -> Float64Array {
    let counts = execution.core.reserved(Permit(permit as u64)).map(|amounts| {
        let tokens = [amounts.tokens, amounts.input_tokens, amounts.output_tokens];
        [1, tokens[0], tokens[1], tokens[2]].map(|count| count as f64).to_vec()
    });
    Float64Array::new(counts.unwrap_or_default())
}

/// Starts of an earlier process: how many milliseconds ago, and what counted for each. All five are equally long.
#[napi(catch_unwind)]
pub fn execution_restore(
    execution: &mut External<NativeExecution>,
    now: f64,
    lane: u32,
    ages: &[f64],
    requests: &[f64],
    tokens: &[f64],
    input_tokens: &[f64],
    output_tokens: &[f64],
) -> Result<()> {
    let lane = execution.lane(lane)?;
    for (index, &age) in ages.iter().enumerate() {
        let of = |counts: &[f64]| counts.get(index).copied().and_then(known).unwrap_or(0);
        let amounts = Amounts {
            tokens: of(tokens),
            input_tokens: of(input_tokens),
            output_tokens: of(output_tokens),
        };
        execution
            .core
            .restore(lane, duration(age), of(requests), amounts, MonotonicMillis(now));
    }
    Ok(())
}

/// How many decisions adaptive lanes have taken.
#[napi(catch_unwind)]
#[must_use]
pub fn execution_decided(execution: &External<NativeExecution>) -> f64 {
    execution.core.decided() as f64
}

/// The last 1,000 decisions of adaptive lanes, a list in JSON.
#[napi(catch_unwind)]
pub fn execution_decisions(execution: &External<NativeExecution>) -> Result<String> {
    let decisions: Vec<_> = execution.core.decisions().collect();
    serde_json::to_string(&decisions).map_err(|error| Error::from_reason(error.to_string()))
}

impl NativeExecution {
    fn lane(&self, lane: u32) -> Result<LaneId> {
        let id = LaneId(lane);
        let known = self.core.has_lane(id).then_some(id);
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
