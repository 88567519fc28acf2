//! Values with their keys, written from the grammar alone, and bytes that are nearly keys.

use crate::key::digest_text;
use proptest::prelude::*;

/// A value with the encoding that the grammar gives it.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Leaf(String),
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
    Map(Vec<(Value, Value)>),
    Set(Vec<Value>),
    Error(Box<Value>, Box<Value>, Vec<(String, Value)>),
    Json(String, Box<Value>),
    Instance(String, (String, Box<Value>)),
    Subclass(String, Vec<(String, Value)>, Box<Value>),
}

pub(super) fn text(text: &str) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    match units.len() {
        0..=1024 => format!("s{}:{text}", units.len()),
        length => format!("S{length}:{}", digest_text(&units)),
    }
}

impl Value {
    pub(super) fn key(&self) -> String {
        let joined = |values: &[Value]| values.iter().map(Value::key).collect::<String>();
        let object = |properties: &[(String, Value)]| {
            let written = properties.iter().map(|(name, value)| text(name) + &value.key());
            format!("{{{}}}", written.collect::<String>())
        };
        match self {
            Self::Leaf(encoding) => encoding.clone(),
            Self::Array(values) => format!("[{}]", joined(values)),
            Self::Object(properties) => object(properties),
            Self::Map(entries) => {
                let written = entries.iter().map(|(key, value)| key.key() + &value.key());
                format!("M{{{}}}", written.collect::<String>())
            }
            Self::Set(members) => format!("T{{{}}}", joined(members)),
            Self::Error(name, message, rest) => format!("E{}{}{}", name.key(), message.key(), object(rest)),
            Self::Json(class, value) => format!("J{}{}", text(class), value.key()),
            Self::Instance(class, (name, value)) => format!("C{}{{{}{}}}", text(class), text(name), value.key()),
            Self::Subclass(class, rest, value) => format!("K{}{}{}", text(class), object(rest), value.key()),
        }
    }

    pub(super) fn leaves(&self) -> usize {
        let sum = |values: &[Value]| values.iter().map(Value::leaves).sum::<usize>();
        let properties = |properties: &[(String, Value)]| properties.iter().map(|(_, value)| value.leaves()).sum();
        match self {
            Self::Leaf(_) => 1,
            Self::Array(values) | Self::Set(values) => sum(values).max(1),
            Self::Object(values) => usize::max(properties(values), 1),
            Self::Map(entries) => {
                let keys = entries
                    .iter()
                    .map(|(key, _)| if matches!(key, Self::Leaf(_)) { 0 } else { key.leaves() });
                let values = entries.iter().map(|(_, value)| value.leaves());
                keys.chain(values).sum::<usize>().max(1)
            }
            Self::Error(name, message, rest) => name.leaves() + message.leaves() + properties(rest),
            Self::Json(_, value) | Self::Instance(_, (_, value)) => 1 + value.leaves(),
            Self::Subclass(_, rest, value) => 1 + properties(rest) + value.leaves(),
        }
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![".*", "[a-c;:{}\\[\\]0-9]{0,8}", Just("é😀".repeat(700))]
}

fn any_leaf() -> impl Strategy<Value = Value> {
    let numbers = prop_oneof![
        any::<f64>().prop_map(|number| number.to_string()),
        Just("-0".to_owned())
    ];
    prop_oneof![
        prop::sample::select(vec![
            "u",
            "n",
            "t",
            "f",
            "DNaN;",
            "D86400000;",
            "bUint8Array:2:01ff",
            "bDataView:0:"
        ])
        .prop_map(str::to_owned),
        (prop::sample::select(vec!["d", "D"]), numbers).prop_map(|(kind, number)| format!("{kind}{number};")),
        any::<i128>().prop_map(|number| format!("i{number};")),
        any_text().prop_map(|written| text(&written)),
        any_text().prop_map(|source| format!("R{}s2:gi", text(&source))),
        Just(format!("BUint8Array:5000:{}", "0a".repeat(32))),
    ]
    .prop_map(Value::Leaf)
}

pub(super) fn any_value() -> impl Strategy<Value = Value> {
    any_leaf().prop_recursive(6, 64, 5, |inner| {
        let properties = || prop::collection::vec((any_text(), inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            properties().prop_map(Value::Object),
            prop::collection::vec((inner.clone(), inner.clone()), 0..4).prop_map(Value::Map),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Set),
            (inner.clone(), inner.clone(), properties()).prop_map(|(name, message, rest)| Value::Error(
                name.into(),
                message.into(),
                rest
            )),
            (any_text(), inner.clone()).prop_map(|(class, value)| Value::Json(class, value.into())),
            (any_text(), any_text(), inner.clone())
                .prop_map(|(class, name, value)| Value::Instance(class, (name, value.into()))),
            (any_text(), properties(), inner.clone()).prop_map(|(class, rest, value)| Value::Subclass(
                class,
                rest,
                value.into()
            )),
        ]
    })
}

/// Bytes that are nearly a key, more often than not.
pub(super) fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let broken = (any_value(), any::<prop::sample::Index>(), any::<u8>(), any::<bool>());
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "[untfdiDRMTbBEJCKsS\\[\\]{}h0-9:;]{0,60}".prop_map(String::into_bytes),
        broken.prop_map(|(value, place, byte, is_cut)| {
            let mut key = value.key().into_bytes();
            let at = place.index(key.len());
            key[at] = byte;
            key.truncate(if is_cut { at } else { key.len() });
            key
        }),
    ]
}
