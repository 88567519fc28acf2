//! One entry as bytes: a checksummed envelope around the request and its answer, specified in `docs/formats.md`.
//!
//! Any bytes decode to a record or an error, and decoding allocates nothing: a record borrows from its bytes. Which
//! entry a record belongs to is for the reader to compare; what its value means is for the caller.

use xxhash_rust::xxh3::xxh3_64;

use crate::clock::UnixMillis;

/// The version of the envelope that is written.
pub(super) const VERSION: u8 = 1;

const NUMBERS: usize = 7;
const TEXTS: usize = 5;
const LENGTHS_AT: usize = 2 + 8 * NUMBERS;
const HEADER: usize = LENGTHS_AT + 4 * TEXTS;
const CHECKSUM: usize = 8;

/// What is known about an answer besides itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts {
    /// How the value is encoded; the caller's affair.
    pub codec: u8,
    /// When the entry was written.
    pub created: UnixMillis,
    /// When it ends.
    pub deadline: UnixMillis,
    /// Milliseconds it took to make the value; 0 where unknown.
    pub made_in: f64,
    /// Tokens of the request; 0 where unknown.
    pub input_tokens: f64,
    /// Tokens of the answer; 0 where unknown.
    pub output_tokens: f64,
    /// All tokens; 0 where unknown.
    pub total_tokens: f64,
    /// What the answer cost; 0 where unknown.
    pub cost: f64,
}

impl Facts {
    /// Of a value of which nothing else is known.
    #[must_use]
    pub fn new(codec: u8, created: UnixMillis, deadline: UnixMillis) -> Self {
        Self {
            codec,
            created,
            deadline,
            made_in: 0.0,
            input_tokens: 0.0,
            output_tokens: 0.0,
            total_tokens: 0.0,
            cost: 0.0,
        }
    }
}

/// An entry as it is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record<'a> {
    /// What is known about the answer.
    pub facts: Facts,
    /// The namespace of the cache.
    pub namespace: &'a [u8],
    /// The whole request, canonically encoded.
    pub key: &'a [u8],
    /// What patterns are matched with; empty where there is none.
    pub label: &'a [u8],
    /// How the long texts of the key begin and end.
    pub previews: &'a [u8],
    /// The answer.
    pub value: &'a [u8],
}

/// Why bytes are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The bytes are not those that were written.
    #[error("the checksum differs")]
    Checksum,
    /// The checksum agrees, but the lengths do not add up.
    #[error("the lengths do not add up")]
    Lengths,
    /// Written by a version of this package that has another envelope; not damaged.
    #[error("envelope version {0} is not known")]
    Version(u8),
}

impl<'a> Record<'a> {
    /// Where `created` stands in the bytes.
    pub(super) const CREATED_AT: usize = 2;

    /// The record's bytes; `None` if a part has 4 GiB or more.
    #[must_use]
    pub fn encode(&self) -> Option<Vec<u8>> {
        let Facts {
            codec,
            created,
            deadline,
            made_in,
            input_tokens,
            output_tokens,
            total_tokens,
            cost,
        } = self.facts;
        let texts = [self.namespace, self.key, self.label, self.previews, self.value];
        let length: usize = texts.iter().map(|text| text.len()).sum();
        let mut bytes = Vec::with_capacity(HEADER + length + CHECKSUM);
        bytes.extend([VERSION, codec]);
        for number in [
            created.0,
            deadline.0,
            made_in,
            input_tokens,
            output_tokens,
            total_tokens,
            cost,
        ] {
            bytes.extend(number.to_le_bytes());
        }
        for text in texts {
            bytes.extend(u32::try_from(text.len()).ok()?.to_le_bytes());
        }
        for text in texts {
            bytes.extend_from_slice(text);
        }
        bytes.extend(xxh3_64(&bytes).to_le_bytes());
        Some(bytes)
    }

    /// The record in bytes.
    ///
    /// # Errors
    ///
    /// When the bytes are not a whole record of a known version.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let (body, checksum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(RecordError::Checksum)?;
        if xxh3_64(body) != u64::from_le_bytes(*checksum) {
            return Err(RecordError::Checksum);
        }
        match body.first() {
            Some(&VERSION) => {}
            version => return Err(RecordError::Version(version.copied().unwrap_or_default())),
        }
        let (header, mut rest) = body.split_first_chunk::<HEADER>().ok_or(RecordError::Lengths)?;
        let number = |index: usize| read_f64(&header[2 + 8 * index..]);
        let mut text = |index: usize| {
            let (text, after) = rest
                .split_at_checked(read_u32(&header[LENGTHS_AT + 4 * index..]))
                .ok_or(RecordError::Lengths)?;
            rest = after;
            Ok(text)
        };
        let record = Self {
            facts: Facts {
                codec: header[1],
                created: UnixMillis(number(0)),
                deadline: UnixMillis(number(1)),
                made_in: number(2),
                input_tokens: number(3),
                output_tokens: number(4),
                total_tokens: number(5),
                cost: number(6),
            },
            namespace: text(0)?,
            key: text(1)?,
            label: text(2)?,
            previews: text(3)?,
            value: text(4)?,
        };
        if rest.is_empty() {
            Ok(record)
        } else {
            Err(RecordError::Lengths)
        }
    }
}

fn read_f64(bytes: &[u8]) -> f64 {
    bytes.first_chunk().map_or(f64::NAN, |bytes| f64::from_le_bytes(*bytes))
}

fn read_u32(bytes: &[u8]) -> usize {
    bytes
        .first_chunk()
        .map_or(usize::MAX, |bytes| u32::from_le_bytes(*bytes) as usize)
}

#[cfg(test)]
mod tests {
    use super::{CHECKSUM, Facts, Record, RecordError};
    use crate::clock::UnixMillis;
    use proptest::prelude::*;
    use xxhash_rust::xxh3::xxh3_64;

    fn record() -> Record<'static> {
        Record {
            facts: Facts {
                codec: 2,
                created: UnixMillis(1.0),
                deadline: UnixMillis::NEVER,
                made_in: 3.5,
                input_tokens: 4.0,
                output_tokens: 5.0,
                total_tokens: 9.0,
                cost: 0.25,
            },
            namespace: b"responses",
            key: b"{}",
            label: b"",
            previews: b"[]",
            value: b"answer",
        }
    }

    /// The bytes of the example in `docs/formats.md`.
    #[test]
    fn the_documented_example_keeps_its_bytes() {
        let bytes = record().encode().unwrap();
        let hexadecimal: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hexadecimal.concat(),
            concat!(
                "0102",
                "000000000000f03f000000000000f07f0000000000000c40000000000000104000000000000014400000000000002240",
                "000000000000d03f",
                "0900000002000000000000000200000006000000",
                "726573706f6e7365737b7d5b5d616e73776572",
                "27b49293861224af"
            )
        );
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let bytes = record().encode().unwrap();
        for length in 0..bytes.len() {
            assert_eq!(Record::decode(&bytes[..length]), Err(RecordError::Checksum));
        }
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Record::decode(&flipped), Err(RecordError::Checksum), "bit {bit}");
        }
    }

    #[test]
    fn an_envelope_of_another_version_is_not_taken_for_damage() {
        let mut bytes = record().encode().unwrap();
        bytes[0] = 9;
        bytes.truncate(bytes.len() - CHECKSUM);
        bytes.extend(xxh3_64(&bytes).to_le_bytes());
        assert_eq!(Record::decode(&bytes), Err(RecordError::Version(9)));
    }

    proptest! {
        /// With a checksum that agrees, so that what comes behind it is reached.
        #[test]
        fn any_bytes_decode_to_a_record_or_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..300), version in any::<bool>()) {
            let _ = Record::decode(&bytes);
            if version && !bytes.is_empty() {
                bytes[0] = super::VERSION;
            }
            bytes.extend(xxh3_64(&bytes).to_le_bytes());
            if let Ok(record) = Record::decode(&bytes) {
                prop_assert_eq!(record.encode().unwrap(), bytes);
            }
        }

        #[test]
        fn what_was_encoded_comes_back(
            codec in any::<u8>(),
            numbers in prop::array::uniform7(any::<f64>()),
            texts in prop::array::uniform5(prop::collection::vec(any::<u8>(), 0..40)),
        ) {
            let [created, deadline, made_in, input_tokens, output_tokens, total_tokens, cost] = numbers;
            let [namespace, key, label, previews, value] = &texts;
            let (created, deadline) = (UnixMillis(created), UnixMillis(deadline));
            let facts = Facts { codec, created, deadline, made_in, input_tokens, output_tokens, total_tokens, cost };
            let record = Record { facts, namespace, key, label, previews, value };
            let bytes = record.encode().unwrap();
            let decoded = Record::decode(&bytes).unwrap();
            // Compared as bytes: NaN is not equal to itself.
            let again = decoded.encode().unwrap();
            prop_assert_eq!(&again, &bytes);
            prop_assert_eq!(decoded.value, &value[..]);
        }
    }
}
