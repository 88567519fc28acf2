//! `NativeScoring`: one run of a scorer over chunks of pairs, on threads of the pool for work that blocks.
//!
//! A chunk is copied before the call returns, so nothing of a JavaScript thread is borrowed while threads work.

#![expect(clippy::needless_pass_by_value, reason = "napi-rs hands texts over by value")]

use ai_evals_performance_core::scoring::{Chunk, Failure, Run, Stop, TextScorer, Worker, cosine};
use napi::{
    Env,
    bindgen_prelude::{Error, Float64Array, PromiseRaw, Result, Utf16String, spawn_blocking},
};
use napi_derive::napi;
use tokio::sync::oneshot;

/// Scores of pairs, chunk after chunk.
#[napi]
pub struct NativeScoring(Run);

#[napi]
impl NativeScoring {
    /// With at most so many threads.
    #[napi(constructor, catch_unwind)]
    #[must_use]
    pub fn new(threads: u32) -> Self {
        Self(Run::new(threads as usize))
    }

    /// Adds texts, joined, with their lengths in code units. Answers with the number of chunks that are not finished.
    #[napi(catch_unwind)]
    pub fn submit_texts(&self, scorer: String, texts: Utf16String, lengths: &[u32]) -> Result<u32> {
        let scorer = TextScorer::from_name(&scorer).ok_or_else(|| Error::from_reason(scorer))?;
        let (texts, lengths) = (texts.to_vec(), lengths.to_vec());
        self.submit(lengths.len() / 2, move |stop| {
            scorer.score(&Chunk::new(texts, lengths), stop)
        })
    }

    /// Adds vectors of single precision, as `submitTexts` adds texts.
    #[napi(catch_unwind)]
    pub fn submit_singles(&self, numbers: &[f32], lengths: &[u32]) -> Result<u32> {
        let (numbers, lengths) = (numbers.to_vec(), lengths.to_vec());
        self.submit(lengths.len() / 2, move |stop| {
            Chunk::new(numbers, lengths).score(stop, cosine)
        })
    }

    /// Adds vectors of double precision, as `submitTexts` adds texts.
    #[napi(catch_unwind)]
    pub fn submit_doubles(&self, numbers: &[f64], lengths: &[u32]) -> Result<u32> {
        let (numbers, lengths) = (numbers.to_vec(), lengths.to_vec());
        self.submit(lengths.len() / 2, move |stop| {
            Chunk::new(numbers, lengths).score(stop, cosine)
        })
    }

    /// Resolves once at most so many chunks are not finished; rejects where the run has failed.
    #[napi(catch_unwind)]
    pub fn until<'env>(&self, env: &'env Env, unfinished: u32) -> Result<PromiseRaw<'env, ()>> {
        let (sender, receiver) = oneshot::channel();
        self.0.until(unfinished as usize, move |outcome| {
            let _ = sender.send(outcome);
        });
        env.spawn_future(async move {
            let outcome = receiver.await.unwrap_or(Err(Failure::Stopped));
            outcome.map_err(to_error)
        })
    }

    /// The scores of a finished run.
    #[napi(catch_unwind)]
    #[must_use]
    pub fn take(&self) -> Float64Array {
        self.0.take().into()
    }

    /// Ends the run before its end.
    #[napi(catch_unwind)]
    pub fn stop(&self) {
        self.0.stop();
    }

    fn submit(&self, count: usize, work: impl FnOnce(&Stop) -> Vec<f64> + Send + 'static) -> Result<u32> {
        let start = |worker: Worker| {
            spawn_blocking(|| worker.work());
        };
        let unfinished = self.0.submit(count, work, start).map_err(to_error)?;
        Ok(unfinished as u32)
    }
}

fn to_error(failure: Failure) -> Error {
    Error::from_reason(failure.to_string())
}
