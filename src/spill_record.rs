//! `NativeSpillRecord`: one record of a spill file, read on another thread.
//!
//! It is a class of its own because a running task borrows the object it came from, and the queue must stay usable while
//! a record is read.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ai_evals_performance_core::stream::Record;
use napi::{
    Env, Result, Task,
    bindgen_prelude::{AsyncTask, Buffer, Either},
};
use napi_derive::napi;

/// A record on disk.
#[napi]
pub struct NativeSpillRecord(Option<Record>);

impl NativeSpillRecord {
    pub(crate) fn new(record: Record) -> Self {
        Self(Some(record))
    }
}

#[napi]
impl NativeSpillRecord {
    /// Reads the record, once, and lets go of its file: the bytes, or what went wrong.
    #[napi(catch_unwind, ts_return_type = "Promise<Buffer | string>")]
    pub fn read(&mut self) -> AsyncTask<ReadRecord> {
        AsyncTask::new(ReadRecord(self.0.take()))
    }
}

/// Reads on a thread of the pool. What went wrong is data, because a rejection could not carry a code.
pub struct ReadRecord(Option<Record>);

impl Task for ReadRecord {
    type Output = std::result::Result<Vec<u8>, String>;
    type JsValue = Either<Buffer, String>;

    fn compute(&mut self) -> Result<Self::Output> {
        let Some(record) = self.0.take() else {
            return Ok(Err("the record was read before".to_owned()));
        };
        let read = catch_unwind(AssertUnwindSafe(|| record.read().map_err(|error| error.to_string())));
        Ok(read.unwrap_or_else(|_| Err("reading the record panicked".to_owned())))
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(match output {
            Ok(payload) => Either::A(payload.into()),
            Err(message) => Either::B(message),
        })
    }
}
