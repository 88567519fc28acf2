//! Leases as a handle asks for them and gives them back.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{
    Store,
    command::{Answer, Task},
    entry::{Address, Namespace},
    lease::{Bid, LeaseOutcome},
};

impl Store {
    /// Asks for the right to make the value of a key, and waits for whoever has it, in this process or another, for at
    /// most `max_wait`. Answers on any thread; the answer is dropped if the handle goes first.
    pub fn acquire(&self, namespace: &Namespace, key: &[u16], max_wait: Duration, answer: Answer<LeaseOutcome>) {
        let answer = move |outcome| {
            answer(match outcome {
                LeaseOutcome::Held => LeaseOutcome::GoWithout,
                outcome => outcome,
            });
        };
        self.bid(namespace.address(key), max_wait, Box::new(answer));
    }

    /// Asks for the leases of many keys without waiting for anybody; answers with an outcome for each, in order.
    pub fn try_acquire<'a>(
        &self,
        namespace: &Namespace,
        keys: impl IntoIterator<Item = &'a [u16]>,
        answer: Answer<Vec<LeaseOutcome>>,
    ) {
        let gathered = Arc::new(Gathered {
            outcomes: Mutex::default(),
            answer: Mutex::new(Some(answer)),
        });
        for key in keys {
            let place = gathered.reserve();
            let gathered = gathered.clone();
            let answer = Box::new(move |outcome| gathered.set(place, outcome));
            self.bid(namespace.address(key), Duration::ZERO, answer);
        }
    }

    /// Gives the lease of a key back, behind whatever this thread has stored. `failure` is for those in this process who
    /// wait for the value, which could not be made.
    pub fn give_back(&self, namespace: &Namespace, key: &[u16], failure: Option<Arc<[u8]>>) {
        let id = namespace.address(key).id;
        if let Some(ticket) = self.core.leases.ticket_of(id, self.number) {
            self.core.queue.order(Task::Release { id, ticket, failure });
        }
    }

    /// Gives everything back and waits for nothing any more.
    pub(super) fn leave_leases(&self) {
        if let Some(is_here) = self.is_bidding.get() {
            is_here.store(false, Ordering::Release);
            self.core.queue.order(Task::Leave(self.number));
        }
    }

    fn bid(&self, address: Address, max_wait: Duration, answer: Answer<LeaseOutcome>) {
        if !self.is_open() || self.core.is_off() {
            return answer(LeaseOutcome::GoWithout);
        }
        let bid = Bid {
            address,
            handle: self.number,
            is_here: self.is_bidding.get_or_init(|| Arc::new(AtomicBool::new(true))).clone(),
            ticket: self.core.leases.next_ticket(),
            asked: self.core.clock.monotonic(),
            max_wait,
            abandoned: None,
            answer,
        };
        self.core.queue.order(Task::Acquire(bid));
    }
}

/// The outcomes of several bids, answered when the last of them is decided or dropped.
struct Gathered {
    outcomes: Mutex<Vec<LeaseOutcome>>,
    answer: Mutex<Option<Answer<Vec<LeaseOutcome>>>>,
}

impl Gathered {
    fn reserve(&self) -> usize {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        outcomes.push(LeaseOutcome::GoWithout);
        outcomes.len() - 1
    }

    fn set(&self, place: usize, outcome: LeaseOutcome) {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        outcomes[place] = outcome;
    }
}

impl Drop for Gathered {
    fn drop(&mut self) {
        let outcomes = std::mem::take(self.outcomes.get_mut().unwrap_or_else(PoisonError::into_inner));
        if let Some(answer) = self.answer.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            answer(outcomes);
        }
    }
}
