//! Leases: the right to make the value of a key, which one at a time has among all threads and processes.
//!
//! A lease is a row that says who holds it, with a heartbeat that the holder's writer thread renews, however busy the
//! holder is. A row whose time is over, by the wall clock or because the heartbeat has stood still for that long by the
//! clock of somebody who watched it, is free: so neither a process that died nor a clock that jumped keeps anybody
//! waiting. What is decided here counts once its transaction is committed. Losing a lease costs a second call of the
//! function that makes the value, never a wrong one.

use rusqlite::{Connection, OptionalExtension, params, types::ValueRef};
use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{command::Answer, entry::Address, record::Record, trouble::Trouble};
use crate::clock::UnixMillis;

/// A lease is free this long after its last heartbeat.
pub(super) const LIFE: Duration = Duration::from_secs(5);

/// Between two heartbeats.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(1);

/// A row that nobody took over is removed this long after it became free.
const FORGOTTEN: Duration = Duration::from_mins(1);

/// Seeds the second hash of a key, which tells two keys of one number apart.
const CHECK_SEED: u64 = 1;

/// How it ended that somebody asked for a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaseOutcome {
    /// The caller holds it and has to give it back.
    Granted,
    /// The value is stored meanwhile.
    Stored,
    /// There is no lease to be had: the store cannot be written, or the wait was too long. Make the value without one.
    GoWithout,
    /// Somebody else in this process tried to make the value and failed like this.
    Failed(Arc<[u8]>),
    /// Somebody else holds it, and the caller did not want to wait.
    Held,
}

/// Who a lease belongs to: a core by its random number, and one of its acquisitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) owner: i64,
    pub(super) ticket: i64,
}

/// A row as somebody saw it; any heartbeat makes another of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    check: i64,
    holder: Holder,
    heartbeat: f64,
    expires: f64,
}

impl Row {
    /// Whether it is free by the wall clock.
    pub(super) fn is_over(&self, wall: UnixMillis) -> bool {
        self.expires <= wall.0
    }
}

/// Somebody who asks for the lease of a key.
pub(super) struct Bid {
    pub(super) address: Address,
    /// The handle that asks.
    pub(super) handle: u64,
    /// Whether it is still open.
    pub(super) is_here: Arc<AtomicBool>,
    pub(super) ticket: i64,
    /// By the monotonic clock.
    pub(super) asked: Duration,
    /// How long to wait for another holder; zero to be told [`LeaseOutcome::Held`] instead.
    pub(super) max_wait: Duration,
    /// A row that has stood still for so long that nobody can be behind it.
    pub(super) abandoned: Option<Row>,
    pub(super) answer: Answer<LeaseOutcome>,
}

/// What a transaction says to a bid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Decision {
    Granted,
    Stored,
    Held,
    GoWithout,
}

/// How a key stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Standing {
    Stored,
    Free,
    Held(Row),
}

/// The leases that a core holds, as its handles and its writer know them.
pub(super) struct Leases {
    owner: i64,
    tickets: AtomicI64,
    held: Mutex<HashMap<i64, Held>>,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    handle: u64,
    ticket: i64,
}

impl Leases {
    pub(super) fn new(now: UnixMillis) -> Self {
        // The hasher's keys are random.
        let owner = RandomState::new()
            .hash_one((std::process::id(), now.0.to_bits()))
            .cast_signed();
        Self {
            owner,
            tickets: AtomicI64::new(0),
            held: Mutex::default(),
        }
    }

    pub(super) fn next_ticket(&self) -> i64 {
        self.tickets.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn holder(&self, ticket: i64) -> Holder {
        Holder {
            owner: self.owner,
            ticket,
        }
    }

    /// Takes note of a lease that was granted.
    pub(super) fn hold(&self, bid: &Bid) {
        self.held().insert(
            bid.address.id,
            Held {
                handle: bid.handle,
                ticket: bid.ticket,
            },
        );
    }

    /// Takes note that a lease is given back or lost.
    pub(super) fn drop_lease(&self, id: i64, ticket: i64) {
        let mut held = self.held();
        if held.get(&id).is_some_and(|lease| lease.ticket == ticket) {
            held.remove(&id);
        }
    }

    /// The ticket with which a handle holds the lease of an entry.
    pub(super) fn ticket_of(&self, id: i64, handle: u64) -> Option<i64> {
        self.held()
            .get(&id)
            .filter(|lease| lease.handle == handle)
            .map(|lease| lease.ticket)
    }

    /// Every lease of a handle, by entry and ticket.
    pub(super) fn of_handle(&self, handle: u64) -> Vec<(i64, i64)> {
        let held = self.held();
        held.iter()
            .filter(|(_, lease)| lease.handle == handle)
            .map(|(id, lease)| (*id, lease.ticket))
            .collect()
    }

    pub(super) fn all(&self) -> Vec<(i64, i64)> {
        self.held().iter().map(|(id, lease)| (*id, lease.ticket)).collect()
    }

    pub(super) fn is_none(&self) -> bool {
        self.held().is_empty()
    }

    fn held(&self) -> MutexGuard<'_, HashMap<i64, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks whether the entry of a key is stored and live, and otherwise who holds its lease.
pub(super) fn standing(
    connection: &Connection,
    address: &Address,
    now: UnixMillis,
    wall: UnixMillis,
) -> Result<Standing, Trouble> {
    if is_stored(connection, address, now)? {
        return Ok(Standing::Stored);
    }
    let row = connection
        .prepare_cached("SELECT key_check, owner, ticket, heartbeat, expires FROM lease WHERE id = ?")?
        .query_row([address.id], |row| {
            let holder = Holder {
                owner: row.get(1)?,
                ticket: row.get(2)?,
            };
            Ok(Row {
                check: row.get(0)?,
                holder,
                heartbeat: row.get(3)?,
                expires: row.get(4)?,
            })
        })
        .optional()?;
    Ok(row
        .filter(|row| !row.is_over(wall))
        .map_or(Standing::Free, Standing::Held))
}

/// Grants the lease, in the transaction that is open, if it is free or was given up.
pub(super) fn decide(
    connection: &Connection,
    bid: &Bid,
    holder: Holder,
    now: UnixMillis,
    wall: UnixMillis,
) -> Result<Decision, Trouble> {
    let check = check_of(&bid.address);
    match standing(connection, &bid.address, now, wall)? {
        Standing::Stored => return Ok(Decision::Stored),
        // The transaction was written before, and nobody has learnt of it.
        Standing::Held(row) if row.holder == holder => return Ok(Decision::Granted),
        Standing::Held(row) if row.check != check => return Ok(Decision::GoWithout),
        Standing::Held(row) if bid.abandoned != Some(row) => return Ok(Decision::Held),
        Standing::Held(_) | Standing::Free => {}
    }
    connection
        .prepare_cached("INSERT OR REPLACE INTO lease VALUES (?, ?, ?, ?, ?, ?)")?
        .execute(params![
            bid.address.id,
            check,
            holder.owner,
            holder.ticket,
            wall.0,
            expiry(wall)
        ])?;
    Ok(Decision::Granted)
}

/// Gives a lease back, unless somebody else has it by now.
pub(super) fn free(connection: &Connection, id: i64, holder: Holder) -> Result<(), Trouble> {
    connection
        .prepare_cached("DELETE FROM lease WHERE id = ? AND owner = ? AND ticket = ?")?
        .execute([id, holder.owner, holder.ticket])?;
    Ok(())
}

/// Renews a lease; false if somebody else has it by now.
pub(super) fn renew(connection: &Connection, id: i64, holder: Holder, wall: UnixMillis) -> Result<bool, Trouble> {
    let renewed = connection
        .prepare_cached("UPDATE lease SET heartbeat = ?, expires = ? WHERE id = ? AND owner = ? AND ticket = ?")?
        .execute(params![wall.0, expiry(wall), id, holder.owner, holder.ticket])?;
    Ok(renewed > 0)
}

/// Removes the rows of those who died some time ago: nobody may ever ask for their keys again.
pub(super) fn sweep(connection: &Connection, wall: UnixMillis) -> Result<(), Trouble> {
    let forgotten = wall.0 - FORGOTTEN.as_secs_f64() * 1e3;
    connection
        .prepare_cached("DELETE FROM lease WHERE expires <= ?")?
        .execute([forgotten])?;
    Ok(())
}

fn is_stored(connection: &Connection, address: &Address, now: UnixMillis) -> Result<bool, Trouble> {
    let is_stored = connection
        .prepare_cached("SELECT record FROM entry WHERE id = ?")?
        .query_row([address.id], |row| match row.get_ref(0)? {
            ValueRef::Blob(bytes) => Ok(Record::decode(bytes)
                .is_ok_and(|record| address.is_of(&record) && !record.facts.deadline.has_passed(now))),
            _ => Ok(false),
        })
        .optional()?;
    Ok(is_stored == Some(true))
}

fn expiry(wall: UnixMillis) -> f64 {
    wall.0 + LIFE.as_secs_f64() * 1e3
}

fn check_of(address: &Address) -> i64 {
    xxh3_64_with_seed(address.key(), CHECK_SEED).cast_signed()
}
