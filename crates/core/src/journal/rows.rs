//! Where the outcome of each row stands in the file.
//!
//! Invariant: of a row that ended well the last such outcome is known, whatever failures were recorded later; of any
//! other row the last failure. A row costs some twenty to forty bytes.

use std::collections::HashMap;

/// The outcomes that count.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// By index: twice the position, and one more where the row ended well.
    places: HashMap<u64, u64>,
    ended_well: u64,
}

impl Rows {
    /// Notes an outcome that stands behind all noted before.
    pub(super) fn note(&mut self, index: u64, position: u64, ended_well: bool) {
        let place = self.places.entry(index).or_default();
        if ended_well {
            self.ended_well += u64::from(*place & 1 == 0);
        } else if *place & 1 == 1 {
            return;
        }
        *place = position << 1 | u64::from(ended_well);
    }

    /// Where the outcome that counts stands.
    pub(super) fn position(&self, index: u64) -> Option<u64> {
        self.places.get(&index).map(|place| place >> 1)
    }

    /// How many rows ended well.
    pub(super) fn ended_well(&self) -> u64 {
        self.ended_well
    }
}
