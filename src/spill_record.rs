//! `NativeSpillRecord`: one record of a spill file, read on another thread.
//!
//! It is a class of its own because a promise borrows the object it came from, and the queue must stay usable while a
//! record is read.

use std::sync::{Mutex, PoisonError};

use ai_evals_performance_core::stream::Record;
use napi::bindgen_prelude::{Buffer, Either};
use napi_derive::napi;
use tokio::task::spawn_blocking;

/// A record on disk.
#[napi]
pub struct NativeSpillRecord(Mutex<Option<Record>>);

impl NativeSpillRecord {
    pub(crate) fn new(record: Record) -> Self {
        Self(Mutex::new(Some(record)))
    }
}

#[napi]
impl NativeSpillRecord {
    /// Reads the record, once, and lets go of its file: the bytes, or what went wrong. That is data, because a rejection
    /// could not carry a code.
    #[napi]
    pub async fn read(&self) -> Either<Buffer, String> {
        let record = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(record) = record else {
            return Either::B("the record was read before".to_owned());
        };
        match spawn_blocking(move || record.read()).await {
            Ok(Ok(payload)) => Either::A(payload.into()),
            Ok(Err(error)) => Either::B(error.to_string()),
            Err(panic) => Either::B(panic.to_string()),
        }
    }
}
