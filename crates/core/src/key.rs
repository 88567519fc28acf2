//! Digests that stand for large leaves of a key: long texts and binary content.
//!
//! Two leaves with the same digest are taken for the same, and an adversary may choose a leaf, so the digest is
//! BLAKE3-256. A text is digested as UTF-16 code units, never by way of UTF-8, which has no form for a lone surrogate:
//! texts that differ only there stay apart. Everything else about a key, its grammar above all, is written in
//! `docs/formats.md` and left to the caller.

/// How many code units are laid out as bytes at a time: enough for the hasher's widest lanes, little enough for a stack.
const UNITS_AT_ONCE: usize = 4096;

/// The BLAKE3-256 digest of bytes, as 64 lower-case hexadecimal digits.
#[must_use]
pub fn digest_bytes(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// The BLAKE3-256 digest of a text's UTF-16 code units in little-endian order, as 64 lower-case hexadecimal digits.
#[must_use]
pub fn digest_text(units: &[u16]) -> String {
    hash_text(units).to_hex().to_string()
}

/// The same as bytes.
#[must_use]
pub fn digest_text_raw(units: &[u16]) -> [u8; 32] {
    hash_text(units).into()
}

fn hash_text(units: &[u16]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let mut bytes = [0; 2 * UNITS_AT_ONCE];
    for chunk in units.chunks(UNITS_AT_ONCE) {
        for (pair, unit) in bytes.chunks_exact_mut(2).zip(chunk) {
            pair.copy_from_slice(&unit.to_le_bytes());
        }
        hasher.update(&bytes[..2 * chunk.len()]);
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::{UNITS_AT_ONCE, digest_bytes, digest_text};
    use proptest::prelude::*;

    /// Test vectors that the authors of BLAKE3 publish: the input counts up from 0 and begins again after 250.
    #[test]
    fn agrees_with_the_published_vectors() {
        let input: Vec<u8> = (0..=250).cycle().take(1025).collect();
        let digests = [0, 1, 1024, 1025].map(|length| digest_bytes(&input[..length]));
        assert_eq!(
            digests,
            [
                "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
                "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
                "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
                "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
            ]
        );
    }

    #[test]
    fn keeps_lone_surrogates_apart() {
        let digests = [digest_text(&[0xd800]), digest_text(&[0xdc00]), digest_text(&[0xfffd])];
        assert!(digests[0] != digests[1] && digests[1] != digests[2] && digests[0] != digests[2]);
    }

    #[test]
    fn sees_the_last_unit_on_either_side_of_a_chunk() {
        for length in [UNITS_AT_ONCE - 1, UNITS_AT_ONCE, UNITS_AT_ONCE + 1, 2 * UNITS_AT_ONCE] {
            let mut units = vec![7; length];
            let before = digest_text(&units);
            units[length - 1] = 8;
            assert_ne!(digest_text(&units), before, "{length} units");
        }
    }

    proptest! {
        #[test]
        fn digests_a_text_as_little_endian_bytes(units in prop::collection::vec(any::<u16>(), 0..3 * UNITS_AT_ONCE)) {
            let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            prop_assert_eq!(digest_text(&units), digest_bytes(&bytes));
        }
    }
}
