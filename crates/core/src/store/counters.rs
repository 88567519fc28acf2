//! What a namespace has saved over the life of its store.

use std::ops::{AddAssign, SubAssign};

/// Counts of a namespace; each is kept as the double that JavaScript and SQLite have.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counters {
    /// Answers that were there.
    pub hits: f64,
    /// Look-ups that waited for the answer of another one.
    pub coalesced: f64,
    /// Milliseconds that these answers had taken to make.
    pub milliseconds: f64,
    /// Tokens that they had used.
    pub tokens: f64,
    /// What they had cost.
    pub cost: f64,
    /// Values that could not be stored.
    pub not_storable: f64,
}

impl Counters {
    /// In the order of their declaration.
    #[must_use]
    pub fn to_array(self) -> [f64; 6] {
        let Self {
            hits,
            coalesced,
            milliseconds,
            tokens,
            cost,
            not_storable,
        } = self;
        [hits, coalesced, milliseconds, tokens, cost, not_storable]
    }

    /// From numbers in the order of their declaration.
    #[must_use]
    pub fn from_array([hits, coalesced, milliseconds, tokens, cost, not_storable]: [f64; 6]) -> Self {
        Self {
            hits,
            coalesced,
            milliseconds,
            tokens,
            cost,
            not_storable,
        }
    }

    fn zip(self, other: Self, combine: impl Fn(f64, f64) -> f64) -> Self {
        let (left, right) = (self.to_array(), other.to_array());
        Self::from_array(std::array::from_fn(|index| combine(left[index], right[index])))
    }
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        *self = self.zip(other, |left, right| left + right);
    }
}

impl SubAssign for Counters {
    fn sub_assign(&mut self, other: Self) {
        *self = self.zip(other, |left, right| left - right);
    }
}
