//! Those who wait for the lease of a key, as the writer thread keeps them: a list, however many they are.
//!
//! A release in the same process wakes the next at once; what other processes do is looked for every so often, for all
//! keys in one read transaction, and not at all while nobody else has written. Everybody is answered after the time
//! that he gave at the latest.

use rusqlite::Connection;
use std::{
    collections::{HashMap, VecDeque},
    sync::atomic::Ordering,
    time::Duration,
};

use super::{
    command::Task,
    core::Core,
    lease::{Bid, Decision, HEARTBEAT, LIFE, LeaseOutcome, Row, Standing, standing},
    trouble::Trouble,
};

/// Between two looks at what other processes have done.
const LOOK: Duration = Duration::from_millis(20);

/// Keys for which [`LOOK`] holds; more are looked at less often.
const KEYS_AT_ONCE: u32 = 128;

/// How long bids wait for a store that cannot be read or written, because somebody has it locked.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct Waiting {
    lines: HashMap<i64, Line>,
    /// Which file was looked at last, and what SQLite had counted of the commits of others.
    version: Option<(u64, i64)>,
    /// Since when nothing could be read.
    failing: Option<Duration>,
    /// Since when nothing could be written.
    blocked: Option<Duration>,
    /// The heartbeat before the next.
    beat: Option<Duration>,
}

/// Those who wait for one key, who came first in front.
#[derive(Default)]
struct Line {
    bids: VecDeque<Bid>,
    /// The row that they wait for, and since when it has stood still.
    seen: Option<(Row, Duration)>,
}

impl Waiting {
    /// After what time there is something to do if nothing else happens.
    pub(super) fn timeout(&self, core: &Core) -> Option<Duration> {
        if self.lines.is_empty() {
            return (!core.leases.is_none()).then_some(HEARTBEAT);
        }
        Some(LOOK * (1 + self.lines.len() as u32 / KEYS_AT_ONCE))
    }

    /// What follows from a task that is over; `decisions` are those of the transaction, if it was committed.
    pub(super) fn finish(&mut self, core: &Core, task: Task, decisions: &HashMap<i64, Decision>) {
        match task {
            Task::Acquire(bid) => {
                let decision = decisions.get(&bid.ticket).copied();
                self.settle(core, bid, decision);
            }
            Task::Release { id, ticket, failure } => {
                core.leases.drop_lease(id, ticket);
                match failure {
                    Some(failure) => self.answer_all(id, &LeaseOutcome::Failed(failure)),
                    None => self.wake(core, id, None),
                }
            }
            Task::Leave(handle) => {
                self.left(handle);
                for (id, ticket) in core.leases.of_handle(handle) {
                    core.queue.order(Task::Release {
                        id,
                        ticket,
                        failure: None,
                    });
                }
            }
            _ => {}
        }
    }

    /// Whether those who ask for a lease should go without, because nothing can be written for so long.
    pub(super) fn is_blocked(&mut self, now: Duration) -> bool {
        now.saturating_sub(*self.blocked.get_or_insert(now)) >= PATIENCE
    }

    /// Something was written.
    pub(super) fn unblock(&mut self) {
        self.blocked = None;
    }

    fn settle(&mut self, core: &Core, bid: Bid, decision: Option<Decision>) {
        match decision {
            Some(Decision::Granted) if !bid.is_here.load(Ordering::Acquire) => {
                let (id, ticket) = (bid.address.id, bid.ticket);
                core.queue.order(Task::Release {
                    id,
                    ticket,
                    failure: None,
                });
            }
            Some(Decision::Granted) => {
                core.leases.hold(&bid);
                (bid.answer)(LeaseOutcome::Granted);
            }
            Some(Decision::Stored) => {
                self.answer_all(bid.address.id, &LeaseOutcome::Stored);
                (bid.answer)(LeaseOutcome::Stored);
            }
            Some(Decision::Held) if bid.max_wait.is_zero() => (bid.answer)(LeaseOutcome::Held),
            Some(Decision::Held) if bid.is_here.load(Ordering::Acquire) => self.line_up(bid),
            Some(Decision::Held) => {}
            Some(Decision::GoWithout) | None => (bid.answer)(LeaseOutcome::GoWithout),
        }
    }

    /// A handle is gone, and with it all who waited by it.
    fn left(&mut self, handle: u64) {
        self.lines.retain(|_, line| {
            line.bids.retain(|bid| bid.handle != handle);
            !line.bids.is_empty()
        });
    }

    /// Answers those who have waited for too long, and looks what others have done.
    pub(super) fn attend(&mut self, core: &Core, connection: Option<&Connection>) {
        self.keep_alive(core);
        if self.lines.is_empty() {
            self.version = None;
            return;
        }
        let now = core.clock.monotonic();
        let is_off = core.is_off();
        self.answer_where(|bid| is_off || now.saturating_sub(bid.asked) >= bid.max_wait);
        if connection.is_none() {
            self.version = None;
        }
        let looked = connection.map_or(Err(Trouble::Missing), |connection| self.look(core, connection, now));
        if looked.is_ok() {
            self.failing = None;
        } else if now.saturating_sub(*self.failing.get_or_insert(now)) >= PATIENCE {
            self.failing = None;
            self.answer_where(|_| true);
        }
    }

    /// Renews what is held when it is time.
    fn keep_alive(&mut self, core: &Core) {
        if core.leases.is_none() {
            self.beat = None;
            return;
        }
        let now = core.clock.monotonic();
        match self.beat {
            // What was granted just now is fresh.
            None => self.beat = Some(now),
            Some(beat) if now.saturating_sub(beat) >= HEARTBEAT => {
                self.beat = Some(now);
                core.queue.order(Task::Renew);
            }
            Some(_) => {}
        }
    }

    fn look(&mut self, core: &Core, connection: &Connection, now: Duration) -> Result<(), Trouble> {
        let commits = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        let version = (core.generation(), commits);
        let wall = core.clock.wall();
        let is_news = self.version != Some(version);
        let is_due = |line: &Line| {
            line.seen
                .is_none_or(|(row, since)| row.is_over(wall) || now.saturating_sub(since) >= LIFE)
        };
        if !is_news && !self.lines.values().any(is_due) {
            return Ok(());
        }
        let transaction = connection.unchecked_transaction()?;
        let mut stored = Vec::new();
        let mut free = Vec::new();
        for (id, line) in &mut self.lines {
            let Some(first) = line.bids.front().filter(|_| is_news || is_due(line)) else {
                continue;
            };
            match standing(&transaction, &first.address, core.seen(), wall)? {
                Standing::Stored => stored.push(*id),
                Standing::Free => free.push((*id, None)),
                Standing::Held(row) => match line.seen {
                    Some((seen, since)) if seen == row => {
                        if now.saturating_sub(since) >= LIFE {
                            free.push((*id, Some(row)));
                        }
                    }
                    _ => line.seen = Some((row, now)),
                },
            }
        }
        drop(transaction);
        self.version = Some(version);
        for id in stored {
            self.answer_all(id, &LeaseOutcome::Stored);
        }
        for (id, abandoned) in free {
            self.wake(core, id, abandoned);
        }
        Ok(())
    }

    /// Lets the first in a line ask again.
    fn wake(&mut self, core: &Core, id: i64, abandoned: Option<Row>) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        if let Some(bid) = line.bids.pop_front() {
            core.queue.order(Task::Acquire(Bid { abandoned, ..bid }));
        }
        line.seen = None;
        if line.bids.is_empty() {
            self.lines.remove(&id);
        }
    }

    fn line_up(&mut self, bid: Bid) {
        let line = self.lines.entry(bid.address.id).or_default();
        let place = line.bids.partition_point(|other| other.asked <= bid.asked);
        line.bids.insert(place, bid);
    }

    fn answer_all(&mut self, id: i64, outcome: &LeaseOutcome) {
        for bid in self.lines.remove(&id).map(|line| line.bids).unwrap_or_default() {
            (bid.answer)(outcome.clone());
        }
    }

    fn answer_where(&mut self, is_over: impl Fn(&Bid) -> bool) {
        for line in self.lines.values_mut() {
            for bid in std::mem::take(&mut line.bids) {
                if is_over(&bid) {
                    (bid.answer)(LeaseOutcome::GoWithout);
                } else {
                    line.bids.push_back(bid);
                }
            }
        }
        self.lines.retain(|_, line| !line.bids.is_empty());
    }
}
