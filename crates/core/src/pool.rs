//! What to do about calls that wait for a connection of a pool, decided by what the pool has counted.
//!
//! A larger pool helps only where connections are the limit. They are not where the server refuses more of them, where
//! queries take longer the more of them run, or where connections are held while nothing is asked. Counting is left to
//! the pool; the advice names no number that was not counted.

use crate::units::{duration, grouped, percent, times};

/// Queries that were asked while a part of the connections was in use.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Load {
    /// How many.
    pub queries: u64,
    /// How long they took, in milliseconds, all together.
    pub duration: f64,
    /// How many connections were in use when they were asked, added up.
    pub in_use: f64,
}

impl Load {
    fn mean_duration(&self) -> f64 {
        self.duration / self.queries as f64
    }

    fn mean_in_use(&self) -> f64 {
        self.in_use / self.queries as f64
    }

    /// Queries per millisecond, by Little's law.
    fn throughput(&self) -> f64 {
        self.in_use / self.duration
    }
}

/// What a pool has counted. Durations are milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PoolFigures {
    /// As many connections are open at most.
    pub max: u32,
    /// Connections handed out.
    pub acquisitions: u64,
    /// Calls that found all connections in use.
    pub waits: u64,
    /// How long those waited, on average.
    pub mean_wait: f64,
    /// How many of them waited at one time, at most.
    pub most_waiting: u32,
    /// Connections that the server refused because it has too many clients.
    pub refused: u64,
    /// How long connections were held, all together.
    pub held: f64,
    /// How long queries took, all together.
    pub queried: f64,
    /// Queries while at most half of the connections were in use.
    pub light: Load,
    /// Queries while more were.
    pub busy: Load,
}

/// Fewer queries than this say nothing about how long one takes.
const ENOUGH_QUERIES: u64 = 20;

/// Loads closer than this cannot be compared.
const APART: f64 = 1.5;

/// Where a larger load gains less than this part of the throughput that it would have to gain, the database is the limit.
const WORTHWHILE_GAIN: f64 = 0.25;

/// Connections that answer queries for less than this part of the time they are held are held for nothing.
const IN_USE_SHARE: f64 = 0.5;

/// What to do about the waits, in a sentence or two.
#[must_use]
pub fn wait_advice(figures: &PoolFigures) -> String {
    let max = grouped(u64::from(figures.max));
    if figures.refused > 0 {
        return format!(
            "Do not raise `max` from {max}: the server refused a connection {}, because it has as many clients as its \
             `max_connections` allows. Share one pool, lower the `max` of others, or raise `max_connections`.",
            times(figures.refused)
        );
    }
    if figures.waits == 0 {
        return format!(
            "Leave `max` at {max}: there was always a connection idle, or room for another. What takes time is the \
             process itself, so look for what keeps it from its events."
        );
    }
    if let Some((light, busy)) = saturated(figures) {
        return format!(
            "Leave `max` at {max}: more connections would not help, because the database is the limit. A query takes {} \
             with {:.1} connections in use, but {} with {:.1}. Ask it for less: cheaper queries, fewer of them, a cache.",
            duration(light.mean_duration()),
            light.mean_in_use(),
            duration(busy.mean_duration()),
            busy.mean_in_use(),
        );
    }
    let waits = format!(
        "{} found all {max} in use, none idle, and waited {} on average",
        calls(figures),
        duration(figures.mean_wait)
    );
    if figures.held > 0.0 && figures.queried < IN_USE_SHARE * figures.held {
        return format!(
            "Hold connections for a shorter time: queries take only {} of it, so do other work before or after a \
             transaction, or else raise `max` from {max}. {waits}.",
            percent(figures.queried / figures.held * 100.0)
        );
    }
    let enough = u64::from(figures.max) + u64::from(figures.most_waiting.min(figures.max));
    format!(
        "Raise `max` from {max}, to {} say, if the server's `max_connections` allows it. {waits}, up to {} at a time.",
        grouped(enough),
        grouped(u64::from(figures.most_waiting)),
    )
}

fn calls(figures: &PoolFigures) -> String {
    let all = figures.acquisitions.max(figures.waits);
    match (figures.waits, all) {
        (1, 1) => "The only call".to_owned(),
        (waits, all) => format!("{} of {} calls", grouped(waits), grouped(all)),
    }
}

/// The two loads, where the larger one has hardly more throughput than the smaller one.
fn saturated(&PoolFigures { light, busy, .. }: &PoolFigures) -> Option<(Load, Load)> {
    let enough = light.queries >= ENOUGH_QUERIES && busy.queries >= ENOUGH_QUERIES;
    if !enough || light.duration <= 0.0 || light.in_use <= 0.0 {
        return None;
    }
    let larger = busy.mean_in_use() / light.mean_in_use();
    let quicker = busy.throughput() / light.throughput();
    (larger >= APART && quicker - 1.0 < WORTHWHILE_GAIN * (larger - 1.0)).then_some((light, busy))
}

#[cfg(test)]
mod tests {
    use super::{Load, PoolFigures, wait_advice};

    fn load(queries: u64, duration: f64, in_use: f64) -> Load {
        let count = queries as f64;
        Load {
            queries,
            duration: duration * count,
            in_use: in_use * count,
        }
    }

    /// A pool of 10 whose 200 waits come from too few connections.
    const SHORT: PoolFigures = PoolFigures {
        max: 10,
        acquisitions: 300,
        waits: 200,
        mean_wait: 32.1,
        most_waiting: 6,
        refused: 0,
        held: 3_000.0,
        queried: 2_900.0,
        light: Load {
            queries: 0,
            duration: 0.0,
            in_use: 0.0,
        },
        busy: Load {
            queries: 0,
            duration: 0.0,
            in_use: 0.0,
        },
    };

    #[test]
    fn waiting_while_none_is_idle_asks_for_more_connections() {
        assert_eq!(
            wait_advice(&SHORT),
            "Raise `max` from 10, to 16 say, if the server's `max_connections` allows it. 200 of 300 calls found all 10 \
             in use, none idle, and waited 32.1 ms on average, up to 6 at a time."
        );
        let rush = PoolFigures {
            most_waiting: 990,
            ..SHORT
        };
        assert!(
            wait_advice(&rush).starts_with("Raise `max` from 10, to 20 say"),
            "at most twice as many"
        );
    }

    #[test]
    fn a_database_that_gets_slower_with_each_query_asks_for_fewer() {
        let limited = PoolFigures {
            light: load(50, 8.0, 2.0),
            busy: load(50, 40.0, 10.0),
            ..SHORT
        };
        assert_eq!(
            wait_advice(&limited),
            "Leave `max` at 10: more connections would not help, because the database is the limit. A query takes 8.00 ms \
             with 2.0 connections in use, but 40.0 ms with 10.0. Ask it for less: cheaper queries, fewer of them, a cache."
        );
    }

    #[test]
    fn a_database_that_serves_more_queries_at_a_time_is_not_the_limit() {
        let scaling = [
            // Five times the load, at less than twice the time.
            (load(50, 8.0, 2.0), load(50, 15.0, 10.0)),
            // Too few queries to say.
            (load(19, 8.0, 2.0), load(50, 40.0, 10.0)),
            // Loads that are alike.
            (load(50, 8.0, 5.0), load(50, 40.0, 6.0)),
            (Load::default(), load(50, 40.0, 10.0)),
            (load(50, 0.0, 0.0), load(50, 0.0, 0.0)),
        ];
        for (light, busy) in scaling {
            let figures = PoolFigures { light, busy, ..SHORT };
            assert!(wait_advice(&figures).starts_with("Raise"), "{light:?}, {busy:?}");
        }
    }

    #[test]
    fn connections_held_for_nothing_are_to_be_given_back() {
        let held = PoolFigures {
            queried: 300.0,
            ..SHORT
        };
        let advice = wait_advice(&held);
        assert!(
            advice.starts_with("Hold connections for a shorter time: queries take only 10.0% of it"),
            "{advice}"
        );
    }

    #[test]
    fn a_server_that_refuses_connections_is_not_asked_for_more() {
        let refused = PoolFigures { refused: 2, ..SHORT };
        let advice = wait_advice(&refused);
        assert!(
            advice.starts_with("Do not raise `max` from 10: the server refused a connection twice"),
            "{advice}"
        );
    }

    #[test]
    fn where_nobody_waited_the_number_is_not_to_blame() {
        let idle = PoolFigures { waits: 0, ..SHORT };
        assert!(wait_advice(&idle).starts_with("Leave `max` at 10: there was always a connection idle"));
    }

    #[test]
    fn a_single_call_is_told_of_as_one() {
        let single = PoolFigures {
            acquisitions: 0,
            waits: 1,
            ..SHORT
        };
        assert!(wait_advice(&single).contains("The only call found all 10 in use"));
    }
}
