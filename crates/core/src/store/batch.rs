//! Commands as one transaction.
//!
//! Whatever is queued behind each other in one batch is committed at once or not at all. Applying a batch again to
//! another file is right: it says what is to be, not what is to change, except for counters, which begin anew there.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::{collections::HashMap, sync::Arc};

use super::{
    bounds::{ANY, Bounds, make_room, remove_expired, shrink},
    command::{Command, Task},
    core::Core,
    counters::Counters,
    entry::{Address, Entry, Namespace},
    lease::{self, Bid, Decision},
    record::Record,
    tools::{Content, Merge, Merged, content},
    trouble::Trouble,
};
use crate::{clock::UnixMillis, explain::fields_of};

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
    let incoming = commands.iter().map(|command| incoming_bytes(command, bounds)).sum();
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
    note(&transaction, &findings, core.max_bytes())?;
    if durable {
        // A transaction without a change would not reach the disk, and neither would those before it.
        transaction
            .prepare_cached("INSERT INTO meta VALUES ('flushes', 1) ON CONFLICT DO UPDATE SET value = value + 1")?
            .execute([])?;
    }
    findings.has_slack = shrink(&transaction, bounds, core.is_compacting())?;
    core.compact(core.is_compacting() && findings.has_slack);
    transaction.commit()?;
    Ok(findings)
}

/// The room to make for a command: none for an entry that will not be stored.
fn incoming_bytes(command: &Command, bounds: Bounds) -> u64 {
    let least = match &command.task {
        Task::Put(entry) => entry.1.least_bytes(),
        Task::Merge(merge) => merge.record.len(),
        _ => 0,
    };
    if least as u64 > bounds.entry {
        return 0;
    }
    (command.bytes as u64).min(bounds.entry)
}

/// A disk that is full, for tests.
#[cfg(test)]
fn limit_pages(connection: &Connection, core: &Core) -> Result<(), Trouble> {
    let pages = core.max_pages.load(std::sync::atomic::Ordering::Relaxed).cast_signed();
    let pages = if pages == 0 { i64::from(u32::MAX) } else { pages };
    connection.pragma(None, "max_page_count", pages, |_| Ok(()))?;
    Ok(())
}

/// Writes down what whoever looks at the store later wants to know.
fn note(connection: &Connection, findings: &Findings, max_bytes: u64) -> Result<(), Trouble> {
    if findings.damaged_records > 0 {
        connection
            .prepare_cached(
                "INSERT INTO meta VALUES ('damaged_records', ?1) ON CONFLICT DO UPDATE SET value = value + ?1",
            )?
            .execute([findings.damaged_records.cast_signed()])?;
    }
    if max_bytes != ANY {
        connection
            .prepare_cached(
                "INSERT INTO meta VALUES ('max_bytes', ?1) ON CONFLICT DO UPDATE SET value = ?1 WHERE value <> ?1",
            )?
            .execute([i64::try_from(max_bytes).unwrap_or(i64::MAX)])?;
    }
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
            Task::Merge(merge) => self.merge(merge),
            Task::Remove(id) => remove(self.connection, &mut self.totals, *id),
            Task::RemoveUnused(id, used) => self.remove_unused(*id, *used),
            Task::Compact => {
                self.core.compact(true);
                Ok(())
            }
            Task::Clear(namespace) => self.clear(namespace),
            Task::Count(namespace, counters) => self.count(namespace, *counters),
            Task::Touch(id) => self.touch(*id),
            Task::Inspect(id) | Task::RemoveDamaged(id) => self.inspect(*id),
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
        let Some(record) = record.filter(|record| self.fits(record, &fields)) else {
            self.findings.too_large += 1;
            return Ok(());
        };
        self.insert(address.id, address.namespace(), entry.facts.deadline, &fields, &record)
    }

    fn fits(&self, record: &[u8], fields: &[u8]) -> bool {
        (record.len() + fields.len()) as u64 <= self.bounds.entry
    }

    /// Adds an entry where there is none.
    fn insert(
        &mut self,
        id: i64,
        namespace: &[u8],
        deadline: UnixMillis,
        fields: &[u8],
        record: &[u8],
    ) -> Result<(), Trouble> {
        let namespace = self.namespace(&String::from_utf8_lossy(namespace))?;
        let size = ((record.len() + fields.len()) as u64).cast_signed();
        let used = self.core.clock.wall().0 as i64;
        let deadline = deadline.0.is_finite().then_some(deadline.0);
        self.connection
            .prepare_cached("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![id, used, size, deadline, namespace, fields, record])?;
        self.totals.add(namespace, 1, size);
        Ok(())
    }

    fn merge(&mut self, merge: &Merge) -> Result<(), Trouble> {
        let Ok(record) = Record::decode(&merge.record) else {
            return Ok(());
        };
        let id = Namespace::id_of(record.namespace, record.key);
        let wins = self
            .connection
            .prepare_cached("SELECT record FROM entry WHERE id = ?")?
            .query_row([id], |row| {
                Ok(match content(id, row.get_ref(0)?) {
                    Content::Whole(_, stored) => merge.wins(&record, stored),
                    Content::Unknown => false,
                    Content::Damaged => true,
                })
            })
            .optional()?;
        if wins == Some(false) {
            merge.settle(Merged::Kept);
            return Ok(());
        }
        let fields = fields_of(record.key, record.previews);
        if !self.fits(&merge.record, &fields) {
            merge.settle(Merged::TooLarge);
            return Ok(());
        }
        remove(self.connection, &mut self.totals, id)?;
        self.insert(id, record.namespace, record.facts.deadline, &fields, &merge.record)?;
        merge.settle(Merged::Imported);
        Ok(())
    }

    /// Removes an entry that was not used since.
    fn remove_unused(&mut self, id: i64, used: i64) -> Result<(), Trouble> {
        let unused = self
            .connection
            .prepare_cached("SELECT used <= ?2 FROM entry WHERE id = ?1")?
            .query_row([id, used], |row| row.get(0))
            .optional()?;
        match unused {
            Some(true) => remove(self.connection, &mut self.totals, id),
            _ => Ok(()),
        }
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
            .query_row([id], |row| Ok(matches!(content(id, row.get_ref(0)?), Content::Damaged)))
            .optional()?;
        if damaged == Some(true) {
            remove(self.connection, &mut self.totals, id)?;
            self.findings.damaged_records += 1;
        }
        Ok(())
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
