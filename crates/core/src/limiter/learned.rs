//! What the tasks of one key used, and what the next one will take by that.
//!
//! Of tasks that run at the same time the short ones end first. A percentile of what has ended would be that of short
//! tasks, and too low just when many are started. So tasks are learned from in the order in which they *started*: thirty
//! in a row form a cohort, which says nothing before 95 % of it have ended; the others count as longer than all.
//! Everything is computed once for each cohort, so an estimate is one look.

use std::collections::VecDeque;

use super::estimator::MOST_TOKENS;
use super::slab::Slab;
use super::terms::Amounts;

/// How many tasks in a row are learned from together, and so how many have to end before anything is learned.
const COHORT: u32 = 30;
/// How many cohorts are looked back on.
const COHORTS: usize = 4;
/// Stands for what a task that has not ended yet will have used.
const LONGER: Amounts = Amounts {
    tokens: MOST_TOKENS,
    input_tokens: MOST_TOKENS,
    output_tokens: MOST_TOKENS,
};
/// The largest use is looked for among so many tasks, and as many before them.
const PEAK: u32 = 50;

#[derive(Debug)]
struct Cohort {
    /// Tasks that ended in a way that tells of others, or have not ended yet.
    tasks: u32,
    used: Vec<Amounts>,
}

impl Cohort {
    fn running(&self) -> u32 {
        self.tasks - self.used.len() as u32
    }
}

/// The largest use of the last 50 to 100 tasks.
#[derive(Debug, Default)]
struct Peak {
    now: Option<Amounts>,
    before: Option<Amounts>,
    count: u32,
}

impl Peak {
    fn push(&mut self, used: Amounts) {
        if self.count == PEAK {
            self.before = self.now.take();
            self.count = 0;
        }
        self.count += 1;
        self.now = Some(self.now.map_or(used, |now| now.each(used, u64::max)));
    }

    fn largest(&self) -> Option<Amounts> {
        let now = self.now?;
        Some(self.before.map_or(now, |before| now.each(before, u64::max)))
    }
}

#[derive(Debug, Default)]
pub(super) struct Learned {
    peak: Peak,
    cohorts: Slab<Cohort>,
    /// The cohort that tasks join, while it is there and not full.
    open: Option<u64>,
    /// What those of the last cohorts used.
    recent: VecDeque<Vec<Amounts>>,
    usual: Option<Amounts>,
}

impl Learned {
    /// 1.1 times the 95th percentile of each, once it can be told.
    pub(super) fn usual(&self) -> Option<Amounts> {
        self.usual
    }

    /// The most of each that any of the recent tasks used.
    pub(super) fn largest(&self) -> Option<Amounts> {
        self.peak.largest()
    }

    /// A task starts: the number of its cohort.
    pub(super) fn start(&mut self) -> u64 {
        if let Some(number) = self.open
            && let Some(cohort) = self.cohorts.get_mut(number)
            && cohort.tasks < COHORT
        {
            cohort.tasks += 1;
            return number;
        }
        let number = self.cohorts.insert(Cohort {
            tasks: 1,
            used: Vec::new(),
        });
        self.open = Some(number);
        number
    }

    /// A task of this cohort has ended; `None` where that tells nothing of others.
    pub(super) fn end(&mut self, number: u64, used: Option<Amounts>) {
        if let Some(used) = used {
            self.peak.push(used);
        }
        let Some(cohort) = self.cohorts.get_mut(number) else {
            return;
        };
        match used {
            Some(used) => cohort.used.push(used),
            None => cohort.tasks -= 1,
        }
        let closed = cohort.tasks == COHORT || self.open != Some(number);
        if closed
            && cohort.running() * 20 <= cohort.tasks
            && let Some(cohort) = self.cohorts.remove(number)
        {
            self.learn(cohort);
        }
    }

    fn learn(&mut self, cohort: Cohort) {
        let running = cohort.running() as usize;
        let mut tasks = cohort.used;
        tasks.resize(tasks.len() + running, LONGER);
        if self.recent.len() == COHORTS {
            self.recent.pop_front();
        }
        self.recent.push_back(tasks);
        if self.recent.iter().map(Vec::len).sum::<usize>() >= COHORT as usize {
            self.usual = self
                .usual_of(|used| used.tokens)
                .zip(self.usual_of(|used| used.input_tokens))
                .zip(self.usual_of(|used| used.output_tokens))
                .map(|((tokens, input_tokens), output_tokens)| Amounts {
                    tokens,
                    input_tokens,
                    output_tokens,
                });
        }
    }

    /// The smallest number that at least 95 % are not above (the nearest rank), times 1.1.
    fn usual_of(&self, amount: impl Fn(&Amounts) -> u64) -> Option<u64> {
        let mut amounts: Vec<u64> = self.recent.iter().flatten().map(amount).collect();
        let rank = (amounts.len() * 95).div_ceil(100).max(1);
        let (_, &mut percentile, _) = amounts.select_nth_unstable(rank - 1);
        (percentile < MOST_TOKENS).then(|| (percentile * 11).div_ceil(10))
    }
}
