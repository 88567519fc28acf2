//! The newest entries, for people to look at.

use serde::Serialize;
use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    Progress, StoreTools, ToolError,
    scan::{self, Content, Row},
};
use crate::{
    explain::{Previews, leaves_of},
    store::record::Record,
};

/// Fields of a request that are shown; the others are one more.
const FIELDS: usize = 12;

/// Some entries, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Listing {
    /// How many there are.
    pub total: u64,
    /// The first of them.
    pub entries: Vec<Listed>,
}

/// An entry without its value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed {
    /// The namespace.
    pub namespace: String,
    /// Fields of the request: path and preview.
    pub request: Vec<(String, String)>,
    /// When it was written.
    pub created: f64,
    /// When it ends; `None`: never.
    pub expires: Option<f64>,
    /// When it was used, coarsely.
    pub used: f64,
    /// What it takes.
    pub bytes: u64,
    /// All tokens of the answer; 0 where unknown.
    pub tokens: f64,
    /// What it cost; 0 where unknown.
    pub cost: f64,
    /// Milliseconds it took; 0 where unknown.
    pub time: f64,
}

impl StoreTools {
    /// The `limit` newest entries, or those of a namespace.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn list(&self, limit: usize, namespace: Option<&str>) -> Result<Listing, ToolError> {
        let mut listing = Listing::default();
        let Some(database) = self.open()? else {
            return Ok(listing);
        };
        let connection = &database.connection;
        let Some(scope) = scan::Scope::of(connection, namespace)? else {
            return Ok(listing);
        };
        let mut newest = BinaryHeap::new();
        scan::each_row(connection, scope, true, &Progress::default(), |row| {
            listing.total += 1;
            newest.push(Reverse(Newer(row)));
            if newest.len() > limit {
                newest.pop();
            }
        })?;
        // Ascending by what is reversed is the newest first.
        for Reverse(Newer(row)) in newest.into_sorted_vec() {
            let listed = scan::read(connection, row.id, |content| match content {
                Content::Whole(record, _) => Some(listed(&record, row)),
                Content::Unknown | Content::Damaged => None,
            })?;
            listing.entries.extend(listed.flatten());
        }
        Ok(listing)
    }
}

fn listed(record: &Record<'_>, row: Row) -> Listed {
    let previews = Previews::read(record.previews);
    let request = leaves_of(record.key, &previews, FIELDS);
    let deadline = record.facts.deadline.0;
    Listed {
        namespace: String::from_utf8_lossy(record.namespace).into_owned(),
        request: request.into_iter().map(|leaf| (leaf.path, leaf.preview)).collect(),
        created: record.facts.created.0,
        expires: deadline.is_finite().then_some(deadline),
        used: row.used as f64,
        bytes: row.size,
        tokens: record.facts.total_tokens,
        cost: record.facts.cost,
        time: record.facts.made_in,
    }
}

/// Ordered by time, and where that is equal, by number.
struct Newer(Row);

impl Ord for Newer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let by_time = self.0.created.total_cmp(&other.0.created);
        by_time.then_with(|| self.0.id.cmp(&other.0.id))
    }
}

impl PartialOrd for Newer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Newer {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Newer {}
