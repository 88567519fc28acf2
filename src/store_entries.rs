//! The entries of one namespace of a store: one crossing per read, write or page.

#![expect(
    clippy::missing_errors_doc,
    reason = "only Node.js itself can fail here, and then there is nobody to tell"
)]
#![expect(clippy::needless_pass_by_value, reason = "napi-rs hands strings over by value")]

use ai_evals_performance_core::{
    clock::UnixMillis,
    store::{Counters, Entry, Facts, Found, Hit, Namespace, PageOf, Store, Stretch, Value, json_bytes, text_units},
};
use napi::{
    Env, JsString,
    bindgen_prelude::{BigInt64Array, Buffer, BufferSlice, Either, External, Float64Array, Result, Utf16String},
};
use napi_derive::napi;
use std::{borrow::Cow, rc::Rc};

use crate::{store::NativeStore, text::Text};

/// A namespace of a store.
// A class without methods, for its name in the declarations.
#[napi]
pub struct NativeNamespace {
    pub(crate) store: Rc<Store>,
    pub(crate) namespace: Namespace,
}

/// A page of labels.
#[napi(object)]
pub struct NativeLabels {
    /// Where the next page begins; −1 at the end.
    pub cursor: f64,
    /// The labels.
    pub labels: Vec<Utf16String>,
    /// The numbers of their entries.
    pub ids: BigInt64Array,
}

/// A page of entries.
#[napi(object)]
pub struct NativePage {
    /// Where the next page begins; −1 at the end.
    pub cursor: f64,
    /// The labels.
    pub labels: Vec<Utf16String>,
    /// The codecs of the values.
    pub codecs: Vec<u8>,
    /// The values, strings for codec 1.
    pub values: Vec<Either<Utf16String, Buffer>>,
}

/// Numbers of the caller's that are written to. By another name, since the macro takes a `&mut` for a class instance.
type Numbers<'a> = &'a mut [f64];

/// The codec of texts.
const TEXT: u8 = 1;

/// The namespace of a name.
#[napi(catch_unwind)]
#[must_use]
pub fn store_namespace(store: &External<NativeStore>, name: String) -> External<NativeNamespace> {
    External::new(NativeNamespace {
        store: store.0.clone(),
        namespace: Namespace::new(&name),
    })
}

/// The value of a key, a string for codec 1. On a hit `meta` is filled: codec, created, deadline, the milliseconds it
/// took to make, input, output and all tokens, cost, bytes of the value, bytes stored.
#[napi(catch_unwind)]
pub fn store_read<'env>(
    env: &'env Env,
    namespace: &External<NativeNamespace>,
    #[napi(ts_arg_type = "string")] key: Text,
    now: f64,
    #[napi(ts_arg_type = "Float64Array")] meta: Numbers<'_>,
) -> Result<Option<Either<JsString<'env>, BufferSlice<'env>>>> {
    let NativeNamespace { store, namespace } = &**namespace;
    let value = store.read(namespace, &key, UnixMillis(now), |hit| {
        write_meta(hit, meta);
        value_of(env, hit)
    });
    value.transpose()
}

/// Whether a key has a live entry.
#[napi(catch_unwind)]
#[must_use]
pub fn store_has(namespace: &External<NativeNamespace>, #[napi(ts_arg_type = "string")] key: Text, now: f64) -> bool {
    namespace.store.contains(&namespace.namespace, &key, UnixMillis(now))
}

/// Stores a value; `meta` begins as `store_read` fills it. `strings` says where a text of codec 1 has strings that are
/// without quotes and escapes: how many, then of each where it begins and its length.
#[napi(catch_unwind)]
pub fn store_put(
    namespace: &External<NativeNamespace>,
    #[napi(ts_arg_type = "string")] key: Text,
    #[napi(ts_arg_type = "string | Uint8Array")] value: Either<Text, &[u8]>,
    meta: &[f64],
    label: Option<Utf16String>,
    previews: Option<Utf16String>,
    strings: Option<&[u32]>,
) {
    let entry = Entry {
        facts: facts_of(meta),
        value: Value::Bytes(encoded_bytes(&value, strings).into_owned()),
        label: label.map(|label| label.to_vec()).unwrap_or_default(),
        previews: previews.map(|previews| previews.to_vec()).unwrap_or_default(),
    };
    namespace.store.put(&namespace.namespace, &key, entry);
}

/// Removes the entry of a key.
#[napi(catch_unwind)]
pub fn store_delete(namespace: &External<NativeNamespace>, #[napi(ts_arg_type = "string")] key: Text) {
    namespace.store.remove(&namespace.namespace, &key);
}

/// Removes all entries of the namespace.
#[napi(catch_unwind)]
pub fn store_clear(namespace: &External<NativeNamespace>) {
    namespace.store.clear(&namespace.namespace);
}

/// A page of labels; the first has the cursor 0.
#[napi(catch_unwind)]
#[must_use]
pub fn store_labels(namespace: &External<NativeNamespace>, cursor: f64, limit: u32) -> NativeLabels {
    let page = namespace
        .store
        .labels(&namespace.namespace, cursor as u64, limit as usize);
    NativeLabels {
        cursor: page.next.map_or(-1.0, |next| next as f64),
        labels: page.labels.into_iter().map(Utf16String::from).collect(),
        ids: page.ids.into(),
    }
}

/// A page of the live entries whose labels begin with `prefix`; the first has the cursor 0.
#[napi(catch_unwind)]
#[must_use]
pub fn store_page(
    namespace: &External<NativeNamespace>,
    prefix: Utf16String,
    now: f64,
    cursor: f64,
    limit: u32,
) -> NativePage {
    let (mut labels, mut codecs, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let of = PageOf {
        prefix: &prefix,
        now: UnixMillis(now),
        cursor: cursor as u64,
        limit: limit as usize,
    };
    let next = namespace.store.page(&namespace.namespace, of, |label, hit| {
        labels.push(Utf16String::from(label));
        codecs.push(hit.facts.codec);
        values.push(owned_value(hit));
    });
    NativePage {
        cursor: next.map_or(-1.0, |next| next as f64),
        labels,
        codecs,
        values,
    }
}

/// Removes entries by their numbers.
#[napi(catch_unwind)]
pub fn store_delete_ids(namespace: &External<NativeNamespace>, ids: &[i64]) {
    namespace.store.remove_ids(&namespace.namespace, ids);
}

/// Adds to the counters that the namespace has for the life of its store.
#[napi(catch_unwind)]
pub fn store_count(
    namespace: &External<NativeNamespace>,
    hits: f64,
    coalesced: f64,
    milliseconds: f64,
    tokens: f64,
    cost: f64,
    not_storable: f64,
) {
    let counters = Counters {
        hits,
        coalesced,
        milliseconds,
        tokens,
        cost,
        not_storable,
    };
    namespace.store.count(&namespace.namespace, counters);
}

/// Hits, coalesced, milliseconds, tokens, cost, not storable; entries and bytes of the namespace.
#[napi(catch_unwind)]
#[must_use]
pub fn store_lifetime(namespace: &External<NativeNamespace>) -> Float64Array {
    let (counters, entries, bytes) = namespace.store.lifetime(&namespace.namespace);
    let totals = [entries as f64, bytes as f64];
    [&counters.to_array()[..], &totals].concat().into()
}

/// The bytes of a value that was encoded: as `store_put` is given it.
pub(crate) fn encoded_bytes<'a>(value: &'a Either<Text, &[u8]>, strings: Option<&[u32]>) -> Cow<'a, [u8]> {
    match value {
        Either::A(text) => Cow::Owned(json_bytes(text, stretches_of(strings))),
        Either::B(bytes) => Cow::Borrowed(bytes),
    }
}

/// The value that the bytes of a codec stand for, as the decoder takes it.
pub(crate) fn encoded_value<'env>(
    env: &'env Env,
    codec: u8,
    bytes: &[u8],
) -> Result<Either<JsString<'env>, BufferSlice<'env>>> {
    if codec != TEXT {
        BufferSlice::copy_from(env, bytes).map(Either::B)
    } else if bytes.is_ascii() {
        // Copied as it is, where UTF-8 would be decoded.
        env.create_string_latin1(bytes).map(Either::A)
    } else {
        env.create_string(String::from_utf8_lossy(bytes)).map(Either::A)
    }
}

/// The same, for whoever does not take it at once.
fn owned_value(hit: &Hit<'_>) -> Either<Utf16String, Buffer> {
    match hit.value {
        Found::Units(units) => Either::A(Utf16String::from(units.to_vec())),
        Found::Bytes(bytes) if hit.facts.codec == TEXT => Either::A(Utf16String::from(text_units(bytes))),
        Found::Bytes(bytes) => Either::B(bytes.into()),
    }
}

fn stretches_of(strings: Option<&[u32]>) -> &[Stretch] {
    let Some((count, numbers)) = strings.and_then(<[u32]>::split_first) else {
        return &[];
    };
    let (stretches, _) = numbers.as_chunks();
    stretches.get(..*count as usize).unwrap_or(stretches)
}

fn facts_of(meta: &[f64]) -> Facts {
    let number = |index: usize| meta.get(index).copied().unwrap_or_default();
    Facts {
        codec: number(0) as u8,
        created: UnixMillis(number(1)),
        deadline: UnixMillis(number(2)),
        made_in: number(3),
        input_tokens: number(4),
        output_tokens: number(5),
        total_tokens: number(6),
        cost: number(7),
    }
}

fn write_meta(hit: &Hit<'_>, meta: &mut [f64]) {
    let Facts {
        codec,
        created,
        deadline,
        made_in,
        input_tokens,
        output_tokens,
        total_tokens,
        cost,
    } = hit.facts;
    let value_bytes = match hit.value {
        Found::Units(units) => units.len(),
        Found::Bytes(bytes) => bytes.len(),
    };
    let numbers = [
        f64::from(codec),
        created.0,
        deadline.0,
        made_in,
        input_tokens,
        output_tokens,
        total_tokens,
        cost,
        value_bytes as f64,
        hit.stored_bytes as f64,
    ];
    for (place, number) in meta.iter_mut().zip(numbers) {
        *place = number;
    }
}

fn value_of<'env>(env: &'env Env, hit: &Hit<'_>) -> Result<Either<JsString<'env>, BufferSlice<'env>>> {
    match hit.value {
        Found::Units(units) => env.create_string_utf16(units).map(Either::A),
        Found::Bytes(bytes) => encoded_value(env, hit.facts.codec, bytes),
    }
}
