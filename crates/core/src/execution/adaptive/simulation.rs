//! A provider with limits of its own on a virtual clock, and an executor that keeps it busy.
//!
//! The provider shares no code with the limiter: it keeps every request that it admitted and counts anew each time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::num::NonZeroU64;
use std::time::Duration;

use crate::execution::{Execution, LaneId, Outcome, Start};
use crate::limiter::{Consumption, Demand, Handle, Limits, MonotonicMillis, Permit};

/// Microseconds of virtual time.
type Micros = u64;
const SECOND: Micros = 1_000_000;
const MINUTE: Micros = 60 * SECOND;

/// What the provider really allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Provider {
    pub(super) requests_per_minute: u64,
    pub(super) tokens_per_minute: u64,
    pub(super) requests_per_second: u64,
    pub(super) concurrency: u64,
    /// Whether a refusal says when to come back.
    pub(super) retry_after: bool,
    /// Whether requests that were refused count as well.
    pub(super) counts_refused: bool,
}

pub(super) const GENEROUS: Provider = Provider {
    requests_per_minute: u64::MAX,
    tokens_per_minute: u64::MAX,
    requests_per_second: u64::MAX,
    concurrency: u64::MAX,
    retry_after: false,
    counts_refused: false,
};

/// The tasks, and the executor that runs them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client {
    pub(super) limits: Limits,
    pub(super) concurrency: u64,
    pub(super) adaptive: bool,
    pub(super) latency_millis: (u64, u64),
    pub(super) wire_micros: (u64, u64),
    pub(super) tokens: (u64, u64),
    pub(super) seed: u64,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcomes {
    pub(super) admitted: u64,
    pub(super) refused: u64,
    pub(super) tokens: u64,
    pub(super) admitted_by_minute: Vec<u64>,
    pub(super) log: Vec<String>,
}

impl Outcomes {
    pub(super) fn refused_share(&self) -> f64 {
        self.refused as f64 / (self.admitted + self.refused) as f64
    }
}

/// xorshift64*: the same numbers on every machine.
struct Chance(u64);

impl Chance {
    fn between(&mut self, (low, high): (u64, u64)) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        low + (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % (high - low + 1)
    }
}

#[derive(Default)]
struct Seen {
    /// When each request that counts came, and its tokens.
    minute: VecDeque<(Micros, u64)>,
    tokens: u64,
    in_flight: u64,
}

impl Seen {
    /// When to come back, if it is refused.
    fn arrives(&mut self, limits: &Provider, now: Micros, tokens: u64) -> Result<(), Micros> {
        while let Some(&(came, used)) = self.minute.front()
            && now - came >= MINUTE
        {
            self.minute.pop_front();
            self.tokens -= used;
        }
        let in_second = self
            .minute
            .iter()
            .rev()
            .take_while(|&&(came, _)| now - came < SECOND)
            .count() as u64;
        let oldest = self.minute.front().map_or(0, |&(came, _)| came + MINUTE - now);
        let wait = if self.minute.len() as u64 >= limits.requests_per_minute
            || self.tokens + tokens > limits.tokens_per_minute
        {
            oldest
        } else if in_second >= limits.requests_per_second {
            SECOND
        } else if self.in_flight >= limits.concurrency {
            SECOND / 10
        } else {
            self.in_flight += 1;
            self.minute.push_back((now, tokens));
            self.tokens += tokens;
            return Ok(());
        };
        if limits.counts_refused {
            self.minute.push_back((now, 0));
        }
        Err(wait)
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrive { permit: u64, tokens: u64 },
    Answer { permit: u64, tokens: u64 },
    Refuse { permit: u64, wait: Micros },
    Ask,
}

struct Simulation {
    client: Client,
    execution: Execution,
    lane: LaneId,
    chance: Chance,
    seen: Seen,
    events: BinaryHeap<Reverse<(Micros, u64, Event)>>,
    events_made: u64,
    next_ask: Option<Micros>,
    outcomes: Outcomes,
}

/// Runs tasks without end for so many minutes; `provider` says what holds in each.
pub(super) fn simulate(client: Client, minutes: u64, provider: impl Fn(u64) -> Provider) -> Outcomes {
    let concurrency = NonZeroU64::new(client.concurrency).expect("some concurrency");
    let mut execution = Execution::new(concurrency);
    let lane = execution.add_lane(Handle::alone(client.limits), client.adaptive);
    let mut simulation = Simulation {
        client,
        execution,
        lane,
        chance: Chance(client.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
        seen: Seen::default(),
        events: BinaryHeap::new(),
        events_made: 0,
        next_ask: None,
        outcomes: Outcomes::default(),
    };
    simulation.outcomes.admitted_by_minute = vec![0; minutes as usize];
    simulation.ask(0);
    while let Some(Reverse((now, _, event))) = simulation.events.pop() {
        let minute = now / MINUTE;
        if minute >= minutes {
            break;
        }
        simulation.happen(now, &event, &provider(minute));
    }
    let mut outcomes = simulation.outcomes;
    outcomes.log = simulation
        .execution
        .decisions()
        .map(|decision| format!("{decision:?}"))
        .collect();
    outcomes
}

impl Simulation {
    fn at(&mut self, moment: Micros, event: Event) {
        self.events_made += 1;
        self.events.push(Reverse((moment, self.events_made, event)));
    }

    fn happen(&mut self, now: Micros, event: &Event, provider: &Provider) {
        let clock = clock(now);
        match *event {
            Event::Arrive { permit, tokens } => match self.seen.arrives(provider, now, tokens) {
                Ok(()) => {
                    self.outcomes.admitted += 1;
                    self.outcomes.tokens += tokens;
                    self.outcomes.admitted_by_minute[(now / MINUTE) as usize] += 1;
                    let latency = self.chance.between(self.client.latency_millis) * 1_000;
                    self.at(now + latency, Event::Answer { permit, tokens });
                }
                Err(wait) => {
                    self.outcomes.refused += 1;
                    let wire = self.chance.between(self.client.wire_micros);
                    self.at(now + wire, Event::Refuse { permit, wait });
                }
            },
            Event::Answer { permit, tokens } => {
                self.seen.in_flight -= 1;
                let used = Consumption::Used {
                    tokens: Some(tokens),
                    input_tokens: None,
                    output_tokens: None,
                    characters: 0,
                };
                self.execution.end(Permit(permit), Outcome::Answered, used, true, clock);
                self.ask(now);
            }
            Event::Refuse { permit, wait } => {
                let used = Consumption::Refused { input_characters: 0 };
                self.execution
                    .end(Permit(permit), Outcome::RateLimited, used, false, clock);
                if provider.retry_after {
                    self.execution.block(self.lane, Duration::from_micros(wait), clock);
                }
                self.ask(now);
            }
            Event::Ask => {
                self.next_ask = None;
                self.ask(now);
            }
        }
    }

    fn ask(&mut self, now: Micros) {
        loop {
            let tokens = self.chance.between(self.client.tokens);
            let demand = Demand {
                tokens: Some(tokens),
                ..Demand::default()
            };
            match self.execution.try_start(self.lane, &demand, clock(now)) {
                Start::Started(permit) => {
                    let wire = self.chance.between(self.client.wire_micros);
                    self.at(
                        now + wire,
                        Event::Arrive {
                            permit: permit.0,
                            tokens,
                        },
                    );
                }
                Start::Refused(refusal) => {
                    let Some(wait) = refusal.wait else { return };
                    let moment = now + (wait.as_micros() as Micros).max(1);
                    if self.next_ask.is_none_or(|next| moment < next) {
                        self.next_ask = Some(moment);
                        self.at(moment, Event::Ask);
                    }
                    return;
                }
                Start::TooLarge(refusal) => panic!("{refusal:?}"),
            }
        }
    }
}

fn clock(now: Micros) -> MonotonicMillis {
    MonotonicMillis(now as f64 / 1e3)
}
