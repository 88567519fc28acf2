//! Why a look-up in a store missed: the entry of the namespace whose key is nearest.
//!
//! Only the fields of each entry are read, and the record of the one that was chosen. Of entries that are equally near,
//! the one that was used last is chosen, since when each was made stands in its record.

use rusqlite::Connection;
use std::sync::Arc;

use super::{
    Store,
    entry::{Address, Entry, Namespace},
    held::with_record,
    queue::Overlaid,
    text::text_bytes,
    trouble::Trouble,
};
use crate::{
    clock::UnixMillis,
    explain::{Explanation, Nearest, Outcome, Wanted, compare, fields_of, nearest},
};

impl Store {
    /// What a look-up of a key finds and, for a miss, which entry of the namespace is nearest. `previews` are those of
    /// the key.
    #[must_use]
    pub fn explain(&self, namespace: &Namespace, key: &[u16], previews: &[u16], now: UnixMillis) -> Explanation {
        let address = namespace.address(key);
        if let Some(facts) = self.facts(namespace, &address) {
            return of_entry(facts.created, facts.deadline, now, self.lifetime(namespace).1);
        }
        let (entries, overlaid) = self.core.queue.entries_of(namespace.name());
        let used = self.core.clock.wall();
        let waiting = Waiting {
            entries,
            overlaid,
            used,
        };
        let previews = &text_bytes(previews);
        let request = Request {
            namespace,
            address: &address,
            previews,
            now,
        };
        self.ask(|connection| of_miss(Some(connection), &request, &waiting).map(Some))
            .or_else(|| of_miss(None, &request, &waiting).ok())
            .unwrap_or_else(|| Explanation::of_miss(address.key(), previews, &[]))
    }
}

/// What was looked for.
struct Request<'a> {
    namespace: &'a Namespace,
    address: &'a Address,
    previews: &'a [u8],
    now: UnixMillis,
}

/// What waits to be written, and for which entries the file does not count.
struct Waiting {
    entries: Vec<Arc<(Address, Entry)>>,
    overlaid: Overlaid,
    /// Newer than whatever is in the file.
    used: UnixMillis,
}

/// Where an entry is; which comes first decides between entries that are alike in everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Waiting(usize),
    Stored(i64),
}

/// What there is to say about an entry that is there.
fn of_entry(created: UnixMillis, deadline: UnixMillis, now: UnixMillis, entries: u64) -> Explanation {
    let is_expired = deadline.has_passed(now);
    Explanation {
        outcome: if is_expired { Outcome::Expired } else { Outcome::Hit },
        created: Some(created),
        expired: is_expired.then_some(deadline),
        nearest: None,
        entries,
    }
}

/// Searches what waits and, if there is a connection, the file.
fn of_miss(connection: Option<&Connection>, request: &Request<'_>, waiting: &Waiting) -> Result<Explanation, Trouble> {
    let mut entries = 0;
    let place = search(connection, request, waiting, &mut entries)?;
    let wanted = (request.address.key(), request.previews);
    let nearest = match (place, connection) {
        (Some(Place::Waiting(index)), _) => {
            let (address, entry) = &*waiting.entries[index];
            let comparison = compare(wanted, (address.key(), &text_bytes(&entry.previews)));
            Some(Nearest {
                created: entry.facts.created,
                comparison,
            })
        }
        (Some(Place::Stored(id)), Some(connection)) => with_record(connection, id, |record| Nearest {
            created: record.facts.created,
            comparison: compare(wanted, (record.key, record.previews)),
        })?,
        _ => None,
    };
    Ok(Explanation {
        outcome: Outcome::Miss,
        created: None,
        expired: None,
        nearest,
        entries,
    })
}

fn search(
    connection: Option<&Connection>,
    request: &Request<'_>,
    waiting: &Waiting,
    entries: &mut u64,
) -> Result<Option<Place>, Trouble> {
    let wanted = Wanted::new(request.address.key(), request.previews);
    let live = waiting
        .entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| !entry.1.facts.deadline.has_passed(request.now));
    let waiting_fields = live.map(|(index, entry)| {
        let fields = fields_of(entry.0.key(), &text_bytes(&entry.1.previews));
        (fields, waiting.used.0, Place::Waiting(index))
    });
    let mut failure = None;
    let mut statement = connection
        .map(|connection| {
            connection.prepare_cached(
                "SELECT id, used, fields FROM entry
                WHERE +namespace = (SELECT id FROM namespace WHERE name = ?1) AND (deadline IS NULL OR deadline > ?2)",
            )
        })
        .transpose()?;
    let mut rows = match &mut statement {
        Some(statement) => Some(statement.query(rusqlite::params![&**request.namespace.name(), request.now.0])?),
        None => None,
    };
    let stored_fields = std::iter::from_fn(|| {
        loop {
            match next_row(rows.as_mut()?) {
                Ok(Some((id, ..))) if waiting.overlaid.covers(id) => {}
                Ok(Some((id, used, fields))) => return Some((fields, used as f64, Place::Stored(id))),
                Ok(None) => return None,
                Err(error) => {
                    failure = Some(error);
                    return None;
                }
            }
        }
    });
    let place = nearest(&wanted, waiting_fields.chain(stored_fields).inspect(|_| *entries += 1));
    failure.map_or(Ok(place), |error| Err(error.into()))
}

fn next_row(rows: &mut rusqlite::Rows<'_>) -> rusqlite::Result<Option<(i64, i64, Vec<u8>)>> {
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some((row.get(0)?, row.get(1)?, row.get(2)?)))
}
