//! Users who share a limiter, played through on a virtual clock, and once by real threads.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Barrier, Condvar, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use proptest::prelude::*;

use super::Handle;
use super::tests::{at, limits, of};
use crate::limiter::{Admission, Demand, Limits, Permit};

const MINUTE: u64 = 60_000;

#[derive(Debug, Clone)]
struct Task {
    arrives: u64,
    tokens: u64,
    takes: u64,
}

/// Somebody with tasks to start: asks when one arrives, when told to, when called, and when a task of its own ends.
struct Agent {
    handle: Handle,
    is_called: Arc<AtomicBool>,
    /// From a call or a timer to the next question.
    latency: u64,
    tasks: VecDeque<Task>,
    in_flight: Vec<(u64, Permit)>,
    is_waiting: bool,
    wakes: Option<u64>,
    /// The starts of all before it began to wait.
    waits_since: usize,
}

struct Start {
    agent: usize,
    time: u64,
    tokens: u64,
}

impl Agent {
    fn new(handle: Handle, tasks: &[Task], latency: u64) -> Self {
        let is_called = Arc::new(AtomicBool::new(false));
        let call = is_called.clone();
        handle.on_freed(Box::new(move || call.store(true, Ordering::SeqCst)));
        let mut tasks = tasks.to_vec();
        tasks.sort_by_key(|task| task.arrives);
        Self {
            handle,
            is_called,
            latency,
            tasks: tasks.into(),
            in_flight: Vec::new(),
            is_waiting: false,
            wakes: None,
            waits_since: 0,
        }
    }

    fn hear(&mut self, now: u64) {
        if self.is_called.swap(false, Ordering::SeqCst) {
            let wakes = now + self.latency;
            self.wakes = Some(self.wakes.map_or(wakes, |before| before.min(wakes)));
        }
    }

    fn next_event(&self) -> Option<u64> {
        let ends = self.in_flight.iter().map(|&(end, _)| end).min();
        let arrives = self.tasks.front().filter(|_| !self.is_waiting).map(|task| task.arrives);
        [ends, arrives, self.wakes].into_iter().flatten().min()
    }

    fn end_tasks(&mut self, now: u64) {
        let (ended, in_flight): (Vec<_>, Vec<_>) = self.in_flight.iter().partition(|&&(end, _)| end <= now);
        self.in_flight = in_flight;
        for (_, permit) in ended {
            self.handle.release(permit, at(now as f64));
        }
    }

    /// Starts what may start.
    fn ask(&mut self, index: usize, now: u64, starts: &mut Vec<Start>) {
        self.wakes = None;
        while let Some(task) = self.tasks.front().filter(|task| task.arrives <= now) {
            let admission = self.handle.try_acquire(at(now as f64), &of(task.tokens));
            if !self.is_waiting {
                self.waits_since = starts.len();
            }
            self.is_waiting = !matches!(admission, Admission::Granted(_));
            match admission {
                Admission::Granted(permit) => {
                    self.in_flight.push((now + task.takes, permit));
                    starts.push(Start {
                        agent: index,
                        time: now,
                        tokens: task.tokens,
                    });
                    self.tasks.pop_front();
                }
                Admission::Wait { duration, .. } => {
                    self.wakes = Some(now + duration.as_nanos().div_ceil(1_000_000) as u64 + self.latency);
                    return;
                }
                Admission::Full => return,
                Admission::TooLarge { .. } => panic!("no task is larger than the limit"),
            }
        }
    }
}

/// Plays until nothing happens any more: the starts in order, and the most that another agent started while one waited.
fn play(limits: Limits, scripts: &[(Vec<Task>, u64)]) -> Result<(Vec<Start>, usize), TestCaseError> {
    let first = Handle::alone(limits);
    let agent = |(tasks, latency): &(Vec<Task>, u64)| Agent::new(first.another(), tasks, *latency);
    let mut agents: Vec<Agent> = scripts.iter().map(agent).collect();
    let mut starts = Vec::new();
    let mut most_passed = 0;
    let mut now = 0;
    loop {
        for agent in &mut agents {
            agent.hear(now);
        }
        let next = (0..agents.len())
            .filter_map(|index| Some((agents[index].next_event()?, index)))
            .min();
        let Some((time, index)) = next else { break };
        now = now.max(time);
        let agent = &mut agents[index];
        agent.end_tasks(now);
        let before = starts.len();
        let waits_since = agent.is_waiting.then_some(agent.waits_since);
        agent.ask(index, now, &mut starts);
        if let Some(since) = waits_since.filter(|_| starts.len() > before) {
            let of = |other| {
                starts[since..before]
                    .iter()
                    .filter(|start| start.agent == other)
                    .count()
            };
            most_passed = (0..scripts.len()).map(of).max().unwrap_or(0).max(most_passed);
        }
        let in_flight: usize = agents.iter().map(|agent| agent.in_flight.len()).sum();
        prop_assert!(limits.concurrency.is_none_or(|most| in_flight as u64 <= most.get()));
    }
    let left: usize = agents.iter().map(|agent| agent.tasks.len()).sum();
    prop_assert_eq!(left, 0, "somebody waits, and nobody will call");
    prop_assert_eq!(first.usage(at(now as f64)).in_flight, 0);
    Ok((starts, most_passed))
}

fn any_limits() -> impl Strategy<Value = Limits> {
    let requests = prop::option::weighted(0.7, 1..12_u64);
    let tokens = prop::option::weighted(0.7, 50..200_u64);
    let concurrency = prop::option::weighted(0.7, 1..5_u64);
    (requests, tokens, concurrency).prop_map(|(requests, tokens, concurrency)| limits(requests, tokens, concurrency))
}

fn any_script(latencies: std::ops::Range<u64>) -> impl Strategy<Value = (Vec<Task>, u64)> {
    let arrives = prop_oneof![Just(0), 0..100_000_u64];
    let task = (arrives, 1..50_u64, 0..20_000_u64).prop_map(|(arrives, tokens, takes)| Task { arrives, tokens, takes });
    (prop::collection::vec(task, 0..20), latencies)
}

fn assert_minutes(limits: Limits, starts: &[Start]) -> Result<(), TestCaseError> {
    for first in starts {
        let inside = || {
            starts
                .iter()
                .filter(|start| (first.time..first.time + MINUTE).contains(&start.time))
        };
        let tokens = inside().map(|start| start.tokens).sum::<u64>();
        prop_assert!(
            limits
                .requests_per_minute
                .is_none_or(|most| inside().count() as u64 <= most.get())
        );
        prop_assert!(limits.tokens_per_minute.is_none_or(|most| tokens <= most.get()));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Nobody waits longer than one turn of every other.
    #[test]
    fn all_take_turns(limits in any_limits(), scripts in prop::collection::vec(any_script(0..1), 1..6)) {
        let (starts, most_passed) = play(limits, &scripts)?;
        assert_minutes(limits, &starts)?;
        prop_assert!(most_passed <= 1, "somebody started {most_passed} while another waited");
    }

    /// However slow some are: all get through, and the limits hold.
    #[test]
    fn the_slow_get_through(limits in any_limits(), scripts in prop::collection::vec(any_script(0..2_000), 1..6)) {
        let (starts, _) = play(limits, &scripts)?;
        assert_minutes(limits, &starts)?;
    }
}

/// One who is always a second late against two who always ask: its turn comes when it has been given that long.
#[test]
fn a_slow_thread_is_not_starved_by_quick_ones() {
    let task = Task {
        arrives: 0,
        tokens: 1,
        takes: 1,
    };
    let slow = (vec![task.clone(); 5], 1_000);
    let quick = (vec![task; 20_000], 0);
    let (starts, _) = play(limits(None, None, Some(1)), &[slow, quick.clone(), quick]).expect("all get through");
    let times: Vec<u64> = starts
        .iter()
        .filter(|start| start.agent == 0)
        .map(|start| start.time)
        .collect();
    for turn in times.windows(2) {
        assert!(turn[1] - turn[0] < 10_000, "it started at {times:?}");
    }
}

#[test]
fn threads_never_hold_more_than_allowed_and_miss_no_call() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 2_000;
    const PLACES: u64 = 2;
    let first = Handle::alone(limits(None, None, Some(PLACES)));
    let (held, most) = (AtomicU64::new(0), AtomicU64::new(0));
    let begin = Barrier::new(THREADS);
    let work = |handle: Handle| {
        let is_called = Arc::new((Mutex::new(false), Condvar::new()));
        let call = is_called.clone();
        handle.on_freed(Box::new(move || {
            *call.0.lock().unwrap() = true;
            call.1.notify_one();
        }));
        begin.wait();
        for _ in 0..ROUNDS {
            let permit = acquire(&handle, &is_called);
            most.fetch_max(held.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::yield_now();
            held.fetch_sub(1, Ordering::SeqCst);
            handle.release(permit, at(0.0));
        }
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let handle = first.another();
            scope.spawn(|| work(handle));
        }
    });
    assert_eq!(most.load(Ordering::SeqCst), PLACES);
    let usage = first.usage(at(0.0));
    assert_eq!((usage.in_flight, usage.requests), (0, (THREADS * ROUNDS) as u64));
}

fn acquire(handle: &Handle, (is_called, call): &(Mutex<bool>, Condvar)) -> Permit {
    loop {
        if let Admission::Granted(permit) = handle.try_acquire(at(0.0), &Demand::default()) {
            return permit;
        }
        let waiting = is_called.lock().unwrap();
        let patience = Duration::from_mins(1);
        let (mut called, outcome) = call.wait_timeout_while(waiting, patience, |called| !*called).unwrap();
        assert!(!outcome.timed_out(), "nobody called");
        *called = false;
    }
}
