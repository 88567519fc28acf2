//! An entry on its way to the disk: who it belongs to, under which number it is stored, and what it holds.

use std::sync::Arc;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::{
    record::{Facts, Record},
    text::{push_text, text_bytes},
};
use crate::explain::fields_of;

/// The entries of one kind of cache, kept apart from those of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    name: Arc<str>,
    /// The name and the NUL that ends it: how the address of each entry begins.
    prefix: Box<[u8]>,
}

impl Namespace {
    /// The namespace of a name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let prefix = [name.as_bytes(), &[0]].concat().into();
        Self {
            name: name.into(),
            prefix,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The number of an entry, by its namespace and key as a record has them.
    pub(super) fn id_of(namespace: &[u8], key: &[u8]) -> i64 {
        let mut hash = Xxh3::new();
        hash.update(namespace);
        hash.update(&[0]);
        hash.update(key);
        hash.digest().cast_signed()
    }

    /// Where the entry of a key is.
    #[must_use]
    pub fn address(&self, key: &[u16]) -> Address {
        let mut bytes = Vec::with_capacity(self.prefix.len() + key.len());
        bytes.extend_from_slice(&self.prefix);
        push_text(key, &mut bytes);
        Address {
            id: xxh3_64(&bytes).cast_signed(),
            key_at: self.prefix.len(),
            bytes,
        }
    }
}

/// A namespace and a key, and the number that an entry has by them. Two addresses may have one number; only the later
/// entry is then kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub(super) id: i64,
    key_at: usize,
    bytes: Vec<u8>,
}

impl Address {
    pub(super) fn key(&self) -> &[u8] {
        &self.bytes[self.key_at..]
    }

    pub(super) fn namespace(&self) -> &[u8] {
        &self.bytes[..self.key_at - 1]
    }

    pub(super) fn is_of(&self, record: &Record<'_>) -> bool {
        record.namespace == self.namespace() && record.key == self.key()
    }
}

/// A value as its codec made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text, as UTF-16 code units.
    Text(Vec<u16>),
    /// Anything else.
    Bytes(Vec<u8>),
}

/// What is to be stored under an address. Nothing has been converted yet: that is the writer's work, not the caller's.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What is known about the value.
    pub facts: Facts,
    /// The value.
    pub value: Value,
    /// What patterns are matched with.
    pub label: Vec<u16>,
    /// How the long texts of the key begin and end.
    pub previews: Vec<u16>,
}

impl Entry {
    /// Bytes that the entry takes while it waits, about.
    pub(super) fn waiting_bytes(&self, address: &Address) -> usize {
        let value = match &self.value {
            Value::Text(units) => 2 * units.len(),
            Value::Bytes(bytes) => bytes.len(),
        };
        value + 2 * (self.label.len() + self.previews.len()) + address.bytes.len() + size_of::<Self>()
    }

    /// Bytes that its record has at least.
    pub(super) fn least_bytes(&self) -> usize {
        match &self.value {
            Value::Text(units) => units.len(),
            Value::Bytes(bytes) => bytes.len(),
        }
    }

    /// What explains a miss by this entry.
    pub(super) fn fields(&self, address: &Address) -> Vec<u8> {
        fields_of(address.key(), &text_bytes(&self.previews))
    }

    /// The record to store; `None` if it is larger than any can be.
    pub(super) fn record(&self, address: &Address) -> Option<Vec<u8>> {
        let text;
        let value = match &self.value {
            Value::Text(units) => {
                text = text_bytes(units);
                &text
            }
            Value::Bytes(bytes) => bytes,
        };
        Record {
            facts: self.facts,
            namespace: address.namespace(),
            key: address.key(),
            label: &text_bytes(&self.label),
            previews: &text_bytes(&self.previews),
            value,
        }
        .encode()
    }
}
