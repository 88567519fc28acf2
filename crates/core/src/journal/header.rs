//! What a journal begins with: that it is one, of which version, and what the run was configured with.

use xxhash_rust::xxh3::xxh3_64;

use super::record::Digest;

const MAGIC: [u8; 8] = *b"\x89aepj\r\n\x1a";
const VERSION: u32 = 1;
const CHECKSUM: usize = 8;

/// The bytes of a header.
pub const HEADER: usize = MAGIC.len() + 4 + 8 + 32 + CHECKSUM;

/// What a journal says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the checksums of the records are seeded with: random, another in each file.
    pub salt: u64,
    /// Digest of what the run was configured with.
    pub configuration: Digest,
}

/// What the first bytes of a file are, if no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoHeader {
    /// Nothing, or the beginning of one: a process ended while it began the file.
    Torn,
    /// Something else.
    Foreign,
    /// That of another version.
    Version(u32),
    /// One that was changed.
    Damaged,
}

impl Header {
    /// The header's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let parts: [&[u8]; 4] = [
            &MAGIC,
            &VERSION.to_le_bytes(),
            &self.salt.to_le_bytes(),
            &self.configuration,
        ];
        let mut at = 0;
        for part in parts {
            bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        let checksum = xxh3_64(&bytes[..at]);
        bytes[at..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// The header in the first bytes of a file: all there are, if it is shorter than a header.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, NoHeader> {
        let known = bytes.len().min(MAGIC.len());
        if bytes[..known] != MAGIC[..known] {
            return Err(NoHeader::Foreign);
        }
        let version = bytes.get(MAGIC.len()..).and_then(<[u8]>::first_chunk);
        match version.map(|version| u32::from_le_bytes(*version)) {
            Some(VERSION) => {}
            Some(version) => return Err(NoHeader::Version(version)),
            None => return Err(NoHeader::Torn),
        }
        let (header, _) = bytes.split_first_chunk::<HEADER>().ok_or(NoHeader::Torn)?;
        let (content, checksum) = header.split_last_chunk::<CHECKSUM>().ok_or(NoHeader::Torn)?;
        if xxh3_64(content) != u64::from_le_bytes(*checksum) {
            return Err(NoHeader::Damaged);
        }
        let mut salt = [0; 8];
        let mut configuration = [0; 32];
        let (_, rest) = content.split_at(MAGIC.len() + 4);
        salt.copy_from_slice(&rest[..8]);
        configuration.copy_from_slice(&rest[8..]);
        Ok(Self {
            salt: u64::from_le_bytes(salt),
            configuration,
        })
    }
}
