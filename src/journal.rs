//! The journal of a run for JavaScript: one crossing for each outcome that is recorded or looked up.
//!
//! Functions of an [`External`] as in `cache.rs`. What can fail answers with its failure as data.

#![expect(
    clippy::missing_errors_doc,
    reason = "only Node.js itself can fail here, and then there is nobody to tell"
)]
#![expect(clippy::needless_pass_by_value, reason = "napi-rs hands strings over by value")]

use ai_evals_performance_core::{
    clock::UnixMillis,
    journal::{Amounts, Answer, EarlierStarts, Found, Journal, JournalError, JournalStats, Lookup, Outcome},
    key::digest_text_raw,
    store::{text_bytes, text_units},
};
use napi::{
    Env, JsString,
    bindgen_prelude::{BufferSlice, Either, External, Float64Array, PromiseRaw, Result, Utf16String},
};
use napi_derive::napi;
use std::{cell::RefCell, path::Path, sync::Arc};
use tokio::sync::oneshot;

use crate::{
    clock::RealClock,
    store_entries::{encoded_bytes, encoded_value},
    text::Text,
};

/// A journal that is open.
// A class without methods, for its name in the declarations.
#[napi]
pub struct NativeJournal(RefCell<Journal>);

/// Why a journal cannot be opened.
#[napi(object, object_from_js = false)]
pub struct NativeJournalFailure {
    /// A stable code.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

/// What a journal holds.
#[napi(object, object_from_js = false)]
pub struct NativeJournalStats {
    /// Outcomes recorded since it was opened.
    pub recorded: f64,
    /// Rows that had ended well when it was opened.
    pub recovered: f64,
    /// Stretches that were damaged then.
    pub damaged: f64,
    /// Bytes that were cut off its end then.
    pub torn: f64,
    /// Bytes of the file.
    pub bytes: f64,
}

/// What one limiter counts of the last minute.
#[napi(object, object_from_js = false)]
pub struct NativeEarlierStarts {
    /// The name of its lane.
    pub key: Utf16String,
    /// How many milliseconds ago.
    pub ages: Float64Array,
    /// Requests, as many as there are ages; so the others.
    pub requests: Float64Array,
    /// Tokens in all.
    pub tokens: Float64Array,
    /// Tokens of the input.
    pub input_tokens: Float64Array,
    /// Tokens of the output.
    pub output_tokens: Float64Array,
}

/// What is known of a row: the first number that `journal_find` fills.
#[napi]
pub enum NativeLookup {
    /// Nothing.
    Nothing,
    /// Its result.
    Found,
    /// That it was another one.
    OtherContent,
    /// That it was to be run otherwise.
    OtherSettings,
    /// The file cannot be read.
    Failed,
}

/// Numbers of the caller's that are written to. By another name, since the macro takes a `&mut` for a class instance.
type Numbers<'a> = &'a mut [f64];

/// Opens a journal or begins one.
#[napi(catch_unwind)]
#[must_use]
pub fn journal_open(
    path: String,
    configuration: Utf16String,
    now: f64,
) -> Either<External<NativeJournal>, NativeJournalFailure> {
    let configuration = text_bytes(&configuration);
    match Journal::open(Path::new(&path), &configuration, UnixMillis(now), Arc::new(RealClock)) {
        Ok(journal) => Either::A(External::new(NativeJournal(RefCell::new(journal)))),
        Err(error) => Either::B(NativeJournalFailure {
            code: code_of(&error),
            message: error.to_string(),
        }),
    }
}

fn code_of(error: &JournalError) -> &'static str {
    match error {
        JournalError::Busy { .. } => "ERR_JOURNAL_BUSY",
        JournalError::Foreign { .. } | JournalError::Version { .. } | JournalError::Damaged { .. } => {
            "ERR_JOURNAL_FORMAT"
        }
        JournalError::Configuration { .. } => "ERR_JOURNAL_CONFIGURATION",
        _ => "ERR_JOURNAL_IO",
    }
}

/// Whether there is anything about a row.
#[napi(catch_unwind)]
#[must_use]
pub fn journal_has(journal: &External<NativeJournal>, index: f64) -> bool {
    journal.0.borrow().has(index as u64)
}

/// The result of a row. `meta` is filled with what is known, the codec, and the milliseconds it took; where the file
/// cannot be read, the result is the reason.
#[napi(catch_unwind)]
pub fn journal_find<'env>(
    env: &'env Env,
    journal: &External<NativeJournal>,
    index: f64,
    #[napi(ts_arg_type = "string")] content: Text,
    #[napi(ts_arg_type = "string")] settings: Text,
    #[napi(ts_arg_type = "Float64Array")] meta: Numbers<'_>,
) -> Result<Option<Either<JsString<'env>, BufferSlice<'env>>>> {
    let [content, settings] = [content, settings].map(|text| digest_text_raw(&text));
    let lookup = journal.0.borrow().find(index as u64, &content, &settings);
    let (known, found) = match lookup {
        Ok(Lookup::Nothing) => (NativeLookup::Nothing, None),
        Ok(Lookup::OtherContent) => (NativeLookup::OtherContent, None),
        Ok(Lookup::OtherSettings) => (NativeLookup::OtherSettings, None),
        Ok(Lookup::Found(found)) => (NativeLookup::Found, Some(found)),
        Err(error) => {
            fill(meta, [f64::from(NativeLookup::Failed as u32)]);
            return env
                .create_string(error.to_string())
                .map(|reason| Some(Either::A(reason)));
        }
    };
    fill(meta, [f64::from(known as u32)]);
    let Some(Found { codec, elapsed, value }) = found else {
        return Ok(None);
    };
    fill(&mut meta[1..], [f64::from(codec), elapsed]);
    encoded_value(env, codec, &value).map(Some)
}

/// Records how a row ended; null, or why not. `meta`: index, 1 if it failed and 0 if not, the milliseconds it took, codec.
/// `strings` as for `store_put`.
#[napi(catch_unwind)]
pub fn journal_record(
    journal: &External<NativeJournal>,
    #[napi(ts_arg_type = "string")] content: Text,
    #[napi(ts_arg_type = "string")] settings: Text,
    meta: &[f64],
    #[napi(ts_arg_type = "string | Uint8Array")] value: Either<Text, &[u8]>,
    strings: Option<&[u32]>,
) -> Option<String> {
    let number = |place: usize| meta.get(place).copied().unwrap_or_default();
    let outcome = Outcome {
        index: number(0) as u64,
        content: &digest_text_raw(&content),
        settings: &digest_text_raw(&settings),
        ended_well: number(1) < 1.0,
        elapsed: number(2),
        codec: number(3) as u8,
        value: &encoded_bytes(&value, strings),
    };
    refusal(journal.0.borrow_mut().record(&outcome))
}

/// Records that something begins; null, or why not.
#[napi(catch_unwind)]
pub fn journal_started(
    journal: &External<NativeJournal>,
    #[napi(ts_arg_type = "string")] key: Text,
    sequence: f64,
    now: f64,
    reserved: &[f64],
) -> Option<String> {
    let (reserved, lane) = (Amounts::from_numbers(reserved), text_bytes(&key));
    let mut journal = journal.0.borrow_mut();
    refusal(journal.started(sequence as u64, UnixMillis(now), reserved, &lane))
}

/// Records what it took; null, or why not.
#[napi(catch_unwind)]
pub fn journal_settled(journal: &External<NativeJournal>, sequence: f64, now: f64, used: &[f64]) -> Option<String> {
    let used = Amounts::from_numbers(used);
    refusal(journal.0.borrow_mut().settled(sequence as u64, UnixMillis(now), used))
}

/// What was started in the last minute before the journal was opened.
#[napi(catch_unwind)]
#[must_use]
pub fn journal_earlier_starts(journal: &External<NativeJournal>, now: f64) -> Vec<NativeEarlierStarts> {
    let earlier = journal.0.borrow().earlier_starts(UnixMillis(now));
    let lanes = earlier.into_iter().map(|EarlierStarts { lane, starts }| {
        let column = |number: fn(&(f64, Amounts)) -> f64| starts.iter().map(number).collect::<Vec<_>>().into();
        NativeEarlierStarts {
            key: text_units(&lane).into(),
            ages: column(|(age, _)| *age),
            requests: column(|(_, amounts)| amounts.requests),
            tokens: column(|(_, amounts)| amounts.tokens),
            input_tokens: column(|(_, amounts)| amounts.input_tokens),
            output_tokens: column(|(_, amounts)| amounts.output_tokens),
        }
    });
    lanes.collect()
}

/// Why nothing is recorded any more, if so.
#[napi(catch_unwind)]
#[must_use]
pub fn journal_trouble(journal: &External<NativeJournal>) -> Option<String> {
    journal.0.borrow().trouble()
}

/// What the journal holds.
#[napi(catch_unwind)]
#[must_use]
pub fn journal_stats(journal: &External<NativeJournal>) -> NativeJournalStats {
    let JournalStats {
        recorded,
        recovered,
        damaged,
        torn,
        bytes,
    } = journal.0.borrow().stats();
    NativeJournalStats {
        recorded: recorded as f64,
        recovered: recovered as f64,
        damaged: damaged as f64,
        torn: torn as f64,
        bytes: bytes as f64,
    }
}

/// Null when what was recorded before is on the disk; else why it is not.
#[napi(catch_unwind)]
pub fn journal_flush<'env>(
    env: &'env Env,
    journal: &External<NativeJournal>,
) -> Result<PromiseRaw<'env, Option<String>>> {
    promise(env, |answer| journal.0.borrow().flush(answer))
}

/// The same, and the file is closed and its lock given back.
#[napi(catch_unwind)]
pub fn journal_close<'env>(
    env: &'env Env,
    journal: &External<NativeJournal>,
) -> Result<PromiseRaw<'env, Option<String>>> {
    promise(env, |answer| journal.0.borrow_mut().close(answer))
}

fn promise(env: &Env, ask: impl FnOnce(Answer)) -> Result<PromiseRaw<'_, Option<String>>> {
    let (sender, receiver) = oneshot::channel();
    ask(Box::new(move |failure| {
        let _ = sender.send(failure);
    }));
    env.spawn_future(async move { Ok(receiver.await.unwrap_or_else(|_| Some("the thread failed".to_owned()))) })
}

fn refusal<E: std::error::Error>(recorded: std::result::Result<(), E>) -> Option<String> {
    recorded.err().map(|refused| refused.to_string())
}

fn fill<const COUNT: usize>(meta: &mut [f64], numbers: [f64; COUNT]) {
    for (place, number) in meta.iter_mut().zip(numbers) {
        *place = number;
    }
}
