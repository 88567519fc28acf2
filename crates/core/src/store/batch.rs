//! Commands as one transaction.
//!
//! Whatever is queued behind each other in one batch is committed at once or not at all. Applying a batch again to
//! another file is right: it says what is to be, not what is to change, except for counters, which begin anew there.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params, types::ValueRef};
use std::{collections::HashMap, sync::Arc};

use super::{
    bounds::{Bounds, make_room, remove_expired, shrink},
    command::{Command, Task},
    core::Core,
    counters::Counters,
    entry::{Address, Entry},
    lease::{self, Bid, Decision},
    record::{Record, RecordError},
    trouble::Trouble,
};

/// What a batch met that somebody should know.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) damaged_records: u64,
    pub(super) too_large: u64,
    /// Entries that had expired, if they were looked for.
    pub(super) expired: usize,
    /// The file has more pages than it should have, and no more could be given back at once.
    pub(super) has_slack: bool,
    /// By ticket.
    pub(super) decisions: HashMap<i64, Decision>,
    /// By entry and ticket.
    pub(super) lost_leases: Vec<(i64, i64)>,
}

/// Writes commands; `durable`: the commit is on disk when this returns.
pub(super) fn write(
    connection: &Connection,
    core: &Core,
    commands: &[Command],
    durable: bool,
    purge: bool,
) -> Result<Findings, Trouble> {
    connection.pragma_update(None, "synchronous", if durable { "FULL" } else { "NORMAL" })?;
    #[cfg(test)]
    limit_pages(connection, core)?;
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let bounds = core.bounds();
    let mut batch = Batch {
        connection: &transaction,
        core,
        bounds,
        namespaces: HashMap::new(),
        totals: Totals::default(),
        findings: Findings::default(),
    };
    let incoming = commands.iter().map(|command| command.bytes as u64).sum();
    if purge {
        batch.findings.expired = remove_expired(&transaction, &mut batch.totals, core.expired_before())?;
    }
    make_room(&transaction, &mut batch.totals, bounds, incoming, core.expired_before())?;
    for command in commands {
        batch.apply(&command.task)?;
    }
    let Batch {
        totals, mut findings, ..
    } = batch;
    totals.write(&transaction)?;
    if durable {
        // A transaction without a change would not reach the disk, and neither would those before it.
        transaction
            .prepare_cached("INSERT INTO meta VALUES ('flushes', 1) ON CONFLICT DO UPDATE SET value = value + 1")?
            .execute([])?;
    }
    findings.has_slack = shrink(&transaction, bounds)?;
    transaction.commit()?;
    Ok(findings)
}

/// A disk that is full, for tests.
#[cfg(test)]
fn limit_pages(connection: &Connection, core: &Core) -> Result<(), Trouble> {
    let pages = core.max_pages.load(std::sync::atomic::Ordering::Relaxed).cast_signed();
    let pages = if pages == 0 { i64::from(u32::MAX) } else { pages };
    connection.pragma(None, "max_page_count", pages, |_| Ok(()))?;
    Ok(())
}

struct Batch<'a> {
    connection: &'a Connection,
    core: &'a Core,
    bounds: Bounds,
    namespaces: HashMap<Arc<str>, i64>,
    totals: Totals,
    findings: Findings,
}

impl Batch<'_> {
    fn apply(&mut self, task: &Task) -> Result<(), Trouble> {
        match task {
            Task::Put(entry) => self.put(&entry.0, &entry.1),
            Task::Remove(id) => remove(self.connection, &mut self.totals, *id),
            Task::Clear(namespace) => self.clear(namespace),
            Task::Count(namespace, counters) => self.count(namespace, *counters),
            Task::Touch(id) => self.touch(*id),
            Task::Inspect(id) => self.inspect(*id),
            #[cfg(test)]
            Task::Panic => panic!("as the test asked"),
            Task::Acquire(bid) => self.acquire(bid),
            Task::Release { id, ticket, .. } => lease::free(self.connection, *id, self.core.leases.holder(*ticket)),
            Task::Renew => self.renew(),
            Task::SetAside(..) | Task::Flush(_) | Task::Leave(_) => Ok(()),
        }
    }

    fn put(&mut self, address: &Address, entry: &Entry) -> Result<(), Trouble> {
        let fields = entry.fields(address);
        remove(self.connection, &mut self.totals, address.id)?;
        let record = entry.record(address);
        let Some(record) = record.filter(|record| (record.len() + fields.len()) as u64 <= self.bounds.entry) else {
            self.findings.too_large += 1;
            return Ok(());
        };
        let name = String::from_utf8_lossy(address.namespace());
        let namespace = self.namespace(&name)?;
        let size = ((record.len() + fields.len()) as u64).cast_signed();
        let deadline = entry.facts.deadline.0;
        self.connection
            .prepare_cached("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![
                address.id,
                self.core.clock.wall().0 as i64,
                size,
                deadline.is_finite().then_some(deadline),
                namespace,
                fields,
                record
            ])?;
        self.totals.add(namespace, 1, size);
        Ok(())
    }

    fn namespace(&mut self, name: &str) -> Result<i64, Trouble> {
        if let Some(id) = self.namespaces.get(name) {
            return Ok(*id);
        }
        self.connection
            .prepare_cached("INSERT INTO namespace (name) VALUES (?) ON CONFLICT DO NOTHING")?
            .execute([name])?;
        let id = self
            .connection
            .prepare_cached("SELECT id FROM namespace WHERE name = ?")?
            .query_row([name], |row| row.get(0))?;
        self.namespaces.insert(name.into(), id);
        Ok(id)
    }

    fn clear(&mut self, name: &str) -> Result<(), Trouble> {
        let namespace = self.namespace(name)?;
        self.connection
            .prepare_cached("DELETE FROM entry WHERE namespace = ?")?
            .execute([namespace])?;
        self.totals.0.remove(&namespace);
        self.connection
            .prepare_cached("UPDATE namespace SET entries = 0, bytes = 0 WHERE id = ?")?
            .execute([namespace])?;
        Ok(())
    }

    fn count(&mut self, name: &str, counters: Counters) -> Result<(), Trouble> {
        let namespace = self.namespace(name)?;
        let [hits, coalesced, milliseconds, tokens, cost, not_storable] = counters.to_array();
        self.connection
            .prepare_cached(
                "INSERT INTO counter VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET
                hits = hits + ?2, coalesced = coalesced + ?3, milliseconds = milliseconds + ?4,
                tokens = tokens + ?5, cost = cost + ?6, not_storable = not_storable + ?7",
            )?
            .execute(params![
                namespace,
                hits,
                coalesced,
                milliseconds,
                tokens,
                cost,
                not_storable
            ])?;
        Ok(())
    }

    fn touch(&self, id: i64) -> Result<(), Trouble> {
        self.connection
            .prepare_cached("UPDATE entry SET used = ? WHERE id = ?")?
            .execute([self.core.clock.wall().0 as i64, id])?;
        Ok(())
    }

    fn acquire(&mut self, bid: &Bid) -> Result<(), Trouble> {
        let holder = self.core.leases.holder(bid.ticket);
        let decision = lease::decide(self.connection, bid, holder, self.core.seen(), self.core.clock.wall())?;
        self.findings.decisions.insert(bid.ticket, decision);
        Ok(())
    }

    fn renew(&mut self) -> Result<(), Trouble> {
        let wall = self.core.clock.wall();
        for (id, ticket) in self.core.leases.all() {
            if !lease::renew(self.connection, id, self.core.leases.holder(ticket), wall)? {
                self.findings.lost_leases.push((id, ticket));
            }
        }
        lease::sweep(self.connection, wall)
    }

    /// Removes a record that is damaged, which it may no longer be.
    fn inspect(&mut self, id: i64) -> Result<(), Trouble> {
        let damaged = self
            .connection
            .prepare_cached("SELECT record FROM entry WHERE id = ?")?
            .query_row([id], |row| Ok(is_damaged(row.get_ref(0)?)))
            .optional()?;
        if damaged == Some(true) {
            remove(self.connection, &mut self.totals, id)?;
            self.findings.damaged_records += 1;
        }
        Ok(())
    }
}

/// Whether a value of the column `record` is none that any version has written.
pub(super) fn is_damaged(record: ValueRef<'_>) -> bool {
    match record {
        ValueRef::Blob(bytes) => !matches!(Record::decode(bytes), Ok(_) | Err(RecordError::Version(_))),
        _ => true,
    }
}

/// Removes an entry, if there is one.
pub(super) fn remove(connection: &Connection, totals: &mut Totals, id: i64) -> Result<(), Trouble> {
    let removed = connection
        .prepare_cached("DELETE FROM entry WHERE id = ? RETURNING namespace, size")?
        .query_row([id], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    if let Some((namespace, size)) = removed {
        totals.add(namespace, -1, -size);
    }
    Ok(())
}

/// What a batch adds to the entries and bytes of each namespace.
#[derive(Debug, Default)]
pub(super) struct Totals(HashMap<i64, (i64, i64)>);

impl Totals {
    fn add(&mut self, namespace: i64, entries: i64, bytes: i64) {
        let total = self.0.entry(namespace).or_default();
        *total = (total.0.saturating_add(entries), total.1.saturating_add(bytes));
    }

    fn write(self, connection: &Connection) -> Result<(), Trouble> {
        let mut update = connection.prepare_cached(
            "UPDATE namespace SET entries = max(0, entries + ?2), bytes = max(0, bytes + ?3) WHERE id = ?1",
        )?;
        for (namespace, (entries, bytes)) in self.0 {
            update.execute([namespace, entries, bytes])?;
        }
        Ok(())
    }
}
