//! What to do about calls that wait for a connection.

use ai_evals_performance_core::pool::{Load, PoolFigures, wait_advice};
use napi_derive::napi;

/// Queries that were asked while a part of the connections was in use.
#[napi(object)]
pub struct NativePoolLoad {
    /// How many.
    pub queries: f64,
    /// How many milliseconds they took, all together.
    pub duration: f64,
    /// How many connections were in use when they were asked, added up.
    pub in_use: f64,
}

impl NativePoolLoad {
    fn load(&self) -> Load {
        Load {
            queries: self.queries as u64,
            duration: self.duration,
            in_use: self.in_use,
        }
    }
}

/// What a pool has counted. Durations are milliseconds.
#[napi(object)]
pub struct NativePoolFigures {
    /// As many connections are open at most.
    pub max: u32,
    /// Connections handed out.
    pub acquisitions: f64,
    /// Calls that found all connections in use.
    pub waits: f64,
    /// How long those waited, on average.
    pub mean_wait: f64,
    /// How many of them waited at one time, at most.
    pub most_waiting: u32,
    /// Connections that the server refused.
    pub refused: f64,
    /// How long connections were held, all together.
    pub held: f64,
    /// How long queries took, all together.
    pub queried: f64,
    /// Queries while at most half of the connections were in use.
    pub light: NativePoolLoad,
    /// Queries while more were.
    pub busy: NativePoolLoad,
}

impl From<NativePoolFigures> for PoolFigures {
    fn from(figures: NativePoolFigures) -> Self {
        Self {
            max: figures.max,
            acquisitions: figures.acquisitions as u64,
            waits: figures.waits as u64,
            mean_wait: figures.mean_wait,
            most_waiting: figures.most_waiting,
            refused: figures.refused as u64,
            held: figures.held,
            queried: figures.queried,
            light: figures.light.load(),
            busy: figures.busy.load(),
        }
    }
}

/// What to do about the waits, in a sentence or two.
#[napi(catch_unwind)]
#[must_use]
pub fn pool_wait_advice(figures: NativePoolFigures) -> String {
    wait_advice(&figures.into())
}
