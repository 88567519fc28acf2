//! Chunks of work that threads take in turn, at most so many at a time, and their scores in the order of the chunks.
//!
//! A thread is asked for only while there is work that none takes, and ends when it finds none. No chunk begins once the
//! run is stopped: it is, when it is dropped, and when the first chunk panics.

use std::{
    any::Any,
    collections::VecDeque,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use thiserror::Error;

/// Tells the threads of a run to end soon.
#[derive(Default)]
pub struct Stop(AtomicBool);

impl Stop {
    /// For good.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Looked at before each pair.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why a run has no scores.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// Nobody wants them any more.
    #[error("the run was stopped")]
    Stopped,
    /// A scorer panicked: its message.
    #[error("{0}")]
    Panicked(String),
}

/// Gives a score for each pair of a chunk; how many it gives once it is to stop does not matter.
type Work = Box<dyn FnOnce(&Stop) -> Vec<f64> + Send>;
type Answer = Box<dyn FnOnce(Result<(), Failure>) + Send>;

/// Everything that is scored together.
pub struct Run(Arc<Shared>);

struct Shared {
    threads: usize,
    stop: Stop,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Each with the place of its first score.
    waiting: VecDeque<(usize, Work)>,
    scores: Vec<f64>,
    /// Chunks that wait or are scored.
    unfinished: usize,
    /// Threads at work.
    working: usize,
    waiter: Option<(usize, Answer)>,
    failure: Option<Failure>,
}

impl Run {
    /// With at most so many threads at a time.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self(Arc::new(Shared {
            threads,
            stop: Stop::default(),
            state: Mutex::default(),
        }))
    }

    /// Adds a chunk of `count` pairs behind all others, and gives a worker to `start` if one more thread is to run.
    /// Answers with the number of chunks that are not finished.
    ///
    /// # Errors
    ///
    /// Where the run has failed: nothing is added.
    pub fn submit(
        &self,
        count: usize,
        work: impl FnOnce(&Stop) -> Vec<f64> + Send + 'static,
        start: impl FnOnce(Worker),
    ) -> Result<usize, Failure> {
        let mut state = self.0.lock();
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        let first = state.scores.len();
        state.scores.resize(first + count, 0.0);
        state.waiting.push_back((first, Box::new(work)));
        state.unfinished += 1;
        let unfinished = state.unfinished;
        if state.working < self.0.threads {
            state.working += 1;
            drop(state);
            start(Worker(self.0.clone()));
        }
        Ok(unfinished)
    }

    /// Answers as soon as at most so many chunks are unfinished, or the run has failed. One caller waits at a time:
    /// another one's `answer` is dropped.
    pub fn until(&self, unfinished: usize, answer: impl FnOnce(Result<(), Failure>) + Send + 'static) {
        let mut state = self.0.lock();
        state.waiter = Some((unfinished, Box::new(answer)));
        Shared::notify(state);
    }

    /// The scores, once all chunks are finished.
    #[must_use]
    pub fn take(&self) -> Vec<f64> {
        mem::take(&mut self.0.lock().scores)
    }

    /// Gives up what waits; what is being scored ends before its next pair.
    pub fn stop(&self) {
        self.0.fail(Failure::Stopped);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, failure: Failure) {
        let mut state = self.lock();
        state.failure.get_or_insert(failure);
        // After the failure is known, so that no chunk cut short counts as finished.
        self.stop.set();
        let waiting = mem::take(&mut state.waiting);
        Self::notify(state);
        drop(waiting);
    }

    /// Calls the waiter if what it waits for is there, without the lock.
    fn notify(mut state: MutexGuard<'_, State>) {
        let outcome = state.failure.clone().map_or(Ok(()), Err);
        let unfinished = state.unfinished;
        let ready = state
            .waiter
            .take_if(|(at_most, _)| outcome.is_err() || unfinished <= *at_most);
        drop(state);
        if let Some((_, answer)) = ready {
            answer(outcome);
        }
    }

    fn finish(&self, first: usize, scores: &[f64]) {
        let mut state = self.lock();
        // A run that failed has no use for scores, and may have too few.
        if state.failure.is_none() {
            state.scores[first..first + scores.len()].copy_from_slice(scores);
            state.unfinished -= 1;
        }
        Self::notify(state);
    }
}

/// What a thread of a run does.
pub struct Worker(Arc<Shared>);

impl Worker {
    /// Scores chunks until none waits.
    pub fn work(self) {
        while let Some((first, work)) = self.next() {
            match catch_unwind(AssertUnwindSafe(|| work(&self.0.stop))) {
                Ok(scores) => self.0.finish(first, &scores),
                Err(panic) => self.0.fail(Failure::Panicked(message(&*panic))),
            }
        }
    }

    fn next(&self) -> Option<(usize, Work)> {
        let mut state = self.0.lock();
        let next = state.waiting.pop_front();
        if next.is_none() {
            state.working -= 1;
        }
        next
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a scorer panicked")
        .to_owned()
}

#[cfg(test)]
mod tests;
