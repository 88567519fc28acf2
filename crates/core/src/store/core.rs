//! What the handles of a process share with the writer thread.

use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    bounds::Bounds,
    command::{Answer, Flush, Task},
    events::{Events, Reason},
    folder::Folder,
    lease::Leases,
    queue::Queue,
};
use crate::clock::{Clock, UnixMillis};

pub(super) struct Core {
    pub(super) folder: Folder,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) queue: Queue,
    pub(super) events: Events,
    pub(super) leases: Leases,
    pub(super) tally: Tally,
    /// Counts the files that the writer has seen at the path; readers of another one open anew.
    generation: AtomicU64,
    max_bytes: AtomicU64,
    /// The store answers nothing and takes nothing for as long as this core lives.
    off: AtomicBool,
    /// The file is to have no free pages.
    compacting: AtomicBool,
    /// The last time that a caller gave.
    now: AtomicU64,
    last_failure: Mutex<(u64, String)>,
    /// Pages beyond which the disk is full; 0: none.
    #[cfg(test)]
    pub(super) max_pages: AtomicU64,
    end: Mutex<End>,
    ended: Condvar,
}

/// How often something happened since the store was opened.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) dropped_writes: AtomicU64,
    pub(super) failed_writes: AtomicU64,
    pub(super) damaged_records: AtomicU64,
}

#[derive(Default)]
struct End {
    has_come: bool,
    answers: Vec<Answer<()>>,
}

impl Core {
    pub(super) fn new(folder: Folder, max_bytes: u64, clock: Arc<dyn Clock>) -> Self {
        Self {
            folder,
            leases: Leases::new(clock.wall()),
            clock,
            queue: Queue::new(),
            events: Events::default(),
            tally: Tally::default(),
            generation: AtomicU64::new(0),
            max_bytes: AtomicU64::new(max_bytes),
            off: AtomicBool::new(false),
            compacting: AtomicBool::new(false),
            now: AtomicU64::new(f64::NAN.to_bits()),
            last_failure: Mutex::default(),
            #[cfg(test)]
            max_pages: AtomicU64::new(0),
            end: Mutex::default(),
            ended: Condvar::new(),
        }
    }

    pub(super) fn report(&self, reason: Reason, message: impl Into<String>) {
        self.events.report(reason, self.folder.database(), message);
    }

    pub(super) fn bounds(&self) -> Bounds {
        Bounds::new(self.max_bytes())
    }

    pub(super) fn max_bytes(&self) -> u64 {
        self.max_bytes.load(Ordering::Relaxed)
    }

    pub(super) fn set_max_bytes(&self, max_bytes: u64) {
        self.max_bytes.store(max_bytes, Ordering::Relaxed);
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub(super) fn next_generation(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn is_off(&self) -> bool {
        self.off.load(Ordering::Relaxed)
    }

    pub(super) fn turn_off(&self) {
        self.off.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_compacting(&self) -> bool {
        self.compacting.load(Ordering::Relaxed)
    }

    pub(super) fn compact(&self, compacting: bool) {
        self.compacting.store(compacting, Ordering::Relaxed);
    }

    /// Takes note of the time that a caller gives.
    pub(super) fn see(&self, now: UnixMillis) {
        self.now.store(now.0.to_bits(), Ordering::Relaxed);
    }

    /// The time by the callers' clock.
    pub(super) fn seen(&self) -> UnixMillis {
        let callers = f64::from_bits(self.now.load(Ordering::Relaxed));
        if callers.is_nan() {
            self.clock.wall()
        } else {
            UnixMillis(callers)
        }
    }

    /// A time at which what has expired may be removed: neither a caller's fake clock nor the real one says otherwise.
    pub(super) fn expired_before(&self) -> UnixMillis {
        let callers = f64::from_bits(self.now.load(Ordering::Relaxed));
        UnixMillis(self.clock.wall().0.min(callers))
    }

    /// Takes note that what was queued up to `sequence` is not all on disk.
    pub(super) fn fail(&self, sequence: u64, message: &str) {
        let mut failure = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        if sequence >= failure.0 {
            *failure = (sequence, message.to_owned());
        }
    }

    /// What went wrong with anything queued after `since`.
    pub(super) fn failure_since(&self, since: u64) -> Option<String> {
        let failure = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        (failure.0 > since).then(|| failure.1.clone())
    }

    /// Called by the writer thread when it ends.
    pub(super) fn end(&self) {
        let answers = {
            let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
            end.has_come = true;
            std::mem::take(&mut end.answers)
        };
        self.ended.notify_all();
        for answer in answers {
            answer(());
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).has_come
    }

    /// One more holder; true if he is the only one. Who waits for the end, which does not come now, waits for what is
    /// queued instead.
    pub(super) fn hold(&self) -> bool {
        let is_only = self.queue.hold();
        let answers = std::mem::take(&mut self.end.lock().unwrap_or_else(PoisonError::into_inner).answers);
        for answer in answers {
            self.queue.order(Task::Flush(Flush {
                since: u64::MAX,
                asked: self.clock.monotonic(),
                answer: Box::new(|_| answer(())),
            }));
        }
        is_only
    }

    /// Answers when the writer thread has ended.
    pub(super) fn when_ended(&self, answer: Answer<()>) {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if end.has_come {
            drop(end);
            answer(());
        } else {
            end.answers.push(answer);
        }
    }

    /// Waits for the writer thread to end.
    pub(super) fn wait_for_end(&self, patience: Duration) {
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.ended.wait_timeout_while(end, patience, |end| !end.has_come);
    }
}
