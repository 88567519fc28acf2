//! One record as bytes: a marker to find it by, its kind and length, its body, and a checksum over all but the marker,
//! specified in `docs/formats.md`.
//!
//! Any bytes decode to a record or an error, and decoding allocates nothing: a record borrows from its bytes. Checksums
//! are seeded with the salt of the file, so that the bytes of one journal inside a value of another are never taken for
//! its records.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::clock::UnixMillis;

/// What every record begins with. Two of its bytes never occur in UTF-8.
pub const MARKER: [u8; 4] = [0xf7, 0x4a, 0xff, 0x0a];
/// Marker, kind and length.
pub(super) const HEAD: usize = MARKER.len() + 1 + 4;
const CHECKSUM: usize = 8;
/// The longest body.
pub(super) const LONGEST: usize = 256 << 20;
/// The longest body of a record that is no outcome.
pub(super) const LONGEST_SMALL: usize = 128 << 10;

const CONFIGURATION: u8 = 1;
const OUTCOME: u8 = 2;
const START: u8 = 3;
const SETTLEMENT: u8 = 4;

/// The largest integer that every reader has exactly.
const LARGEST: u64 = (1 << 53) - 1;

/// A BLAKE3-256 digest.
pub type Digest = [u8; 32];

/// What a start takes of a minute.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Amounts {
    /// Requests.
    pub requests: f64,
    /// Tokens in all.
    pub tokens: f64,
    /// Tokens of the input.
    pub input_tokens: f64,
    /// Tokens of the output.
    pub output_tokens: f64,
}

impl Amounts {
    /// From numbers in the order of the fields; what is missing or no amount is 0.
    #[must_use]
    pub fn from_numbers(numbers: &[f64]) -> Self {
        let amount = |index: usize| numbers.get(index).map_or(0.0, |number| amount_or_zero(*number));
        Self {
            requests: amount(0),
            tokens: amount(1),
            input_tokens: amount(2),
            output_tokens: amount(3),
        }
    }

    fn numbers(&self) -> [f64; 4] {
        [self.requests, self.tokens, self.input_tokens, self.output_tokens]
    }

    /// Each amount of both, combined.
    #[must_use]
    pub(super) fn with(&self, other: &Self, combine: fn(f64, f64) -> f64) -> Self {
        let (ours, theirs) = (self.numbers(), other.numbers());
        let combined: [f64; 4] = std::array::from_fn(|index| combine(ours[index], theirs[index]));
        Self::from_numbers(&combined)
    }

    fn is_valid(&self) -> bool {
        self.numbers().into_iter().all(is_amount)
    }
}

/// The number itself, where it can be recorded.
pub(super) fn amount_or_zero(number: f64) -> f64 {
    if is_amount(number) { number } else { 0.0 }
}

fn is_amount(number: f64) -> bool {
    number.is_finite() && number >= 0.0
}

/// How a row ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome<'a> {
    /// Which row.
    pub index: u64,
    /// Digest of what the row was made of.
    pub content: &'a Digest,
    /// Digest of how it was to be run.
    pub settings: &'a Digest,
    /// Whether there is a result; else the value says what went wrong.
    pub ended_well: bool,
    /// How the value is encoded; the caller's affair.
    pub codec: u8,
    /// How long it took, in milliseconds.
    pub elapsed: f64,
    /// The result, or the failure.
    pub value: &'a [u8],
}

/// Something that a limiter counts began.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Start<'a> {
    /// Names the start until it is settled.
    pub sequence: u64,
    /// When.
    pub at: UnixMillis,
    /// What it was expected to take.
    pub reserved: Amounts,
    /// Which limiter counts it.
    pub lane: &'a [u8],
}

/// What a start took in the end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settlement {
    /// Which start.
    pub sequence: u64,
    /// When that was known.
    pub at: UnixMillis,
    /// What it took.
    pub used: Amounts,
}

/// What a journal holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Record<'a> {
    /// What the whole run was configured with, for people to compare.
    Configuration(&'a [u8]),
    /// How a row ended.
    Outcome(Outcome<'a>),
    /// Something began.
    Start(Start<'a>),
    /// What it took.
    Settlement(Settlement),
}

/// Why bytes are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// No record begins here.
    #[error("no record begins here")]
    Marker,
    /// The bytes end before the record does, or its length is more than any record has.
    #[error("the record does not end within the bytes")]
    Length,
    /// The bytes are not those that were written.
    #[error("the checksum differs")]
    Checksum,
    /// Of a kind that a later version of this package writes; not damaged.
    #[error("a record of kind {0} is not known")]
    Kind(u8),
    /// The checksum agrees, but the content makes no sense.
    #[error("the content of the record makes no sense")]
    Content,
}

impl<'a> Record<'a> {
    /// Replaces `bytes` by the record's; false, and nothing in them, if the record is too long or its numbers are out of
    /// bounds.
    #[must_use]
    pub fn encode(&self, salt: u64, bytes: &mut Vec<u8>) -> bool {
        bytes.clear();
        bytes.extend(MARKER);
        bytes.extend([0; HEAD - MARKER.len()]);
        let kind = self.push_body(bytes);
        let length = bytes.len() - HEAD;
        if length > longest(kind) || self.is_senseless() {
            bytes.clear();
            return false;
        }
        bytes[MARKER.len()] = kind;
        bytes[MARKER.len() + 1..HEAD].copy_from_slice(&(length as u32).to_le_bytes());
        bytes.extend(checksum(&bytes[MARKER.len()..], salt));
        true
    }

    /// The record that bytes begin with, and how many of them it takes.
    ///
    /// # Errors
    ///
    /// When they do not begin with a whole record of a known kind.
    pub fn decode(bytes: &'a [u8], salt: u64) -> Result<(Self, usize), RecordError> {
        let total = total_length(bytes)?;
        let checked = bytes.get(MARKER.len()..total).ok_or(RecordError::Length)?;
        let (content, stated) = checked.split_last_chunk::<CHECKSUM>().ok_or(RecordError::Length)?;
        if *stated != checksum(content, salt) {
            return Err(RecordError::Checksum);
        }
        let body = &bytes[HEAD..total - CHECKSUM];
        let record = match content[0] {
            CONFIGURATION => Some(Self::Configuration(body)),
            OUTCOME => outcome(body).map(Self::Outcome),
            START => start(body).map(Self::Start),
            SETTLEMENT => settlement(body).map(Self::Settlement),
            kind => return Err(RecordError::Kind(kind)),
        };
        let record = record.ok_or(RecordError::Content)?;
        if record.is_senseless() {
            return Err(RecordError::Content);
        }
        Ok((record, total))
    }

    fn push_body(&self, bytes: &mut Vec<u8>) -> u8 {
        match self {
            Self::Configuration(text) => {
                bytes.extend_from_slice(text);
                CONFIGURATION
            }
            Self::Outcome(outcome) => {
                bytes.extend(outcome.index.to_le_bytes());
                bytes.extend(outcome.content);
                bytes.extend(outcome.settings);
                bytes.extend([u8::from(!outcome.ended_well), outcome.codec]);
                bytes.extend(outcome.elapsed.to_le_bytes());
                bytes.extend_from_slice(outcome.value);
                OUTCOME
            }
            Self::Start(start) => {
                push_numbers(start.sequence, start.at, &start.reserved, bytes);
                bytes.extend_from_slice(start.lane);
                START
            }
            Self::Settlement(settlement) => {
                push_numbers(settlement.sequence, settlement.at, &settlement.used, bytes);
                SETTLEMENT
            }
        }
    }

    fn is_senseless(&self) -> bool {
        match self {
            Self::Configuration(_) => false,
            Self::Outcome(outcome) => outcome.index > LARGEST || !is_amount(outcome.elapsed),
            Self::Start(Start {
                sequence, at, reserved, ..
            }) => !are_sensible(*sequence, *at, reserved),
            Self::Settlement(Settlement { sequence, at, used }) => !are_sensible(*sequence, *at, used),
        }
    }
}

/// How many bytes the record takes that bytes begin with, as it says itself.
pub(super) fn total_length(bytes: &[u8]) -> Result<usize, RecordError> {
    if !bytes.starts_with(&MARKER) {
        return Err(RecordError::Marker);
    }
    let kind = *bytes.get(MARKER.len()).ok_or(RecordError::Length)?;
    let (length, _) = bytes[MARKER.len() + 1..]
        .split_first_chunk()
        .ok_or(RecordError::Length)?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > longest(kind) {
        return Err(RecordError::Length);
    }
    Ok(HEAD + length + CHECKSUM)
}

fn longest(kind: u8) -> usize {
    if matches!(kind, CONFIGURATION | START | SETTLEMENT) {
        LONGEST_SMALL
    } else {
        LONGEST
    }
}

fn checksum(bytes: &[u8], salt: u64) -> [u8; CHECKSUM] {
    xxh3_64_with_seed(bytes, salt).to_le_bytes()
}

fn are_sensible(sequence: u64, at: UnixMillis, amounts: &Amounts) -> bool {
    sequence <= LARGEST && is_amount(at.0) && amounts.is_valid()
}

fn push_numbers(sequence: u64, at: UnixMillis, amounts: &Amounts, bytes: &mut Vec<u8>) {
    bytes.extend(sequence.to_le_bytes());
    bytes.extend(at.0.to_le_bytes());
    for amount in amounts.numbers() {
        bytes.extend(amount.to_le_bytes());
    }
}

/// Takes the parts of a body one after the other.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn take<const LENGTH: usize>(&mut self) -> Option<&'a [u8; LENGTH]> {
        let (part, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(part)
    }

    fn integer(&mut self) -> Option<u64> {
        self.take().map(|bytes| u64::from_le_bytes(*bytes))
    }

    fn number(&mut self) -> Option<f64> {
        self.take().map(|bytes| f64::from_le_bytes(*bytes))
    }

    fn amounts(&mut self) -> Option<Amounts> {
        Some(Amounts {
            requests: self.number()?,
            tokens: self.number()?,
            input_tokens: self.number()?,
            output_tokens: self.number()?,
        })
    }
}

fn outcome(body: &[u8]) -> Option<Outcome<'_>> {
    let mut parts = Parts(body);
    Some(Outcome {
        index: parts.integer()?,
        content: parts.take()?,
        settings: parts.take()?,
        ended_well: match parts.take()? {
            [0] => true,
            [1] => false,
            _ => return None,
        },
        codec: parts.take::<1>()?[0],
        elapsed: parts.number()?,
        value: parts.0,
    })
}

fn start(body: &[u8]) -> Option<Start<'_>> {
    let mut parts = Parts(body);
    Some(Start {
        sequence: parts.integer()?,
        at: UnixMillis(parts.number()?),
        reserved: parts.amounts()?,
        lane: parts.0,
    })
}

fn settlement(body: &[u8]) -> Option<Settlement> {
    let mut parts = Parts(body);
    let settlement = Settlement {
        sequence: parts.integer()?,
        at: UnixMillis(parts.number()?),
        used: parts.amounts()?,
    };
    parts.0.is_empty().then_some(settlement)
}
