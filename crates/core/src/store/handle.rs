//! One thread's handle of a store.
//!
//! Nothing here fails: what cannot be read is a miss, what cannot be written is counted and reported. A call waits for
//! the disk only to read; what it writes is queued.

use rusqlite::Connection;
use std::{
    cell::{Cell, OnceCell, RefCell},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    command::{Answer, Flush, Task},
    core::Core,
    counters::Counters,
    entry::{Entry, Namespace},
    events::{Degraded, Listener, Reason},
    hit::{Hit, hit_of, read_stored},
    labels::{self, Labels},
    queue::Pending,
    reader::Reader,
    registry,
    tools::StoreTools,
    trouble::Trouble,
};
use crate::clock::{Clock, UnixMillis};

/// How long the last handle waits for what is queued.
const LAST_WAIT: Duration = Duration::from_secs(5);

static HANDLES: AtomicU64 = AtomicU64::new(0);

/// A store that is open in this process.
pub struct Store {
    pub(super) core: Arc<Core>,
    reader: RefCell<Reader>,
    /// Names the handle among the listeners and the holders of leases.
    pub(super) number: u64,
    told: Cell<u64>,
    flushed: Cell<u64>,
    open: Cell<bool>,
    /// Set when a lease is asked for first: whether the handle is still open, for the writer to see.
    pub(super) is_bidding: OnceCell<Arc<AtomicBool>>,
}

/// What a store holds and what it has lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Entries in the file.
    pub entries: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// The bound on them.
    pub max_bytes: u64,
    /// Commands that wait to be written.
    pub pending: u64,
    /// Writes that were dropped: no room to wait, too large, or nothing can be written.
    pub dropped_writes: u64,
    /// Writes that failed.
    pub failed_writes: u64,
    /// Records that did not agree with their checksum.
    pub damaged_records: u64,
    /// Events so far.
    pub degradations: u64,
}

impl Store {
    /// Opens the store in a folder, which is made if need be.
    #[must_use]
    pub fn open(folder: &Path, max_bytes: u64, clock: Arc<dyn Clock>) -> Self {
        Self::with_core(registry::open(folder, max_bytes, clock))
    }

    /// The store in a folder, only to be looked at: nothing is written, not even what is found damaged set aside. For a
    /// process that opens it in no other way.
    #[must_use]
    pub fn look(folder: &Path, clock: Arc<dyn Clock>) -> Self {
        Self::with_core(registry::look(folder, clock))
    }

    /// As another process would open it.
    #[cfg(test)]
    pub(super) fn open_alone(folder: &Path, max_bytes: u64, clock: Arc<dyn Clock>) -> Self {
        Self::with_core(registry::open_alone(folder, max_bytes, clock))
    }

    #[cfg(test)]
    pub(super) fn core(&self) -> &Core {
        &self.core
    }

    pub(super) fn with_core(core: Arc<Core>) -> Self {
        let flushed = core.queue.sequence();
        Self {
            core,
            reader: RefCell::default(),
            number: HANDLES.fetch_add(1, Ordering::Relaxed),
            told: Cell::new(0),
            flushed: Cell::new(flushed),
            open: Cell::new(true),
            is_bidding: OnceCell::new(),
        }
    }

    /// The live entry of a key, given to `take`.
    pub fn read<R>(
        &self,
        namespace: &Namespace,
        key: &[u16],
        now: UnixMillis,
        take: impl FnOnce(&Hit<'_>) -> R,
    ) -> Option<R> {
        if !self.open.get() {
            return None;
        }
        self.core.see(now);
        let address = namespace.address(key);
        match self.core.queue.look_up(namespace.name(), &address) {
            Pending::Absent => None,
            Pending::Entry(waiting) => hit_of(&waiting.1, now).map(|hit| take(&hit)),
            Pending::Unknown => self.reader.borrow_mut().ask(&self.core, |connection| {
                read_stored(&self.core, connection, &address, now, take)
            }),
        }
    }

    /// Whether a key has a live entry.
    #[must_use]
    pub fn contains(&self, namespace: &Namespace, key: &[u16], now: UnixMillis) -> bool {
        self.read(namespace, key, now, |_| ()).is_some()
    }

    /// Stores an entry; false if it is dropped, and what it was to replace with it.
    pub fn put(&self, namespace: &Namespace, key: &[u16], entry: Entry) -> bool {
        if !self.open.get() {
            return false;
        }
        self.core.see(entry.facts.created);
        let address = namespace.address(key);
        let id = address.id;
        let is_off = self.core.is_off();
        let is_taken = !is_off && self.core.queue.put(namespace.name(), address, entry);
        if !is_taken {
            if !is_off {
                // What stood there before is not the answer any more.
                self.core.queue.remove_once(namespace.name(), id);
            }
            self.drop_write();
        }
        is_taken
    }

    /// Removes the entry of a key.
    pub fn remove(&self, namespace: &Namespace, key: &[u16]) {
        self.remove_ids(namespace, &[namespace.address(key).id]);
    }

    /// Removes entries by their numbers.
    pub fn remove_ids(&self, namespace: &Namespace, ids: &[i64]) {
        if self.open.get() {
            for id in ids {
                self.core.queue.remove(namespace.name(), *id);
            }
        }
    }

    /// Removes all entries of a namespace.
    pub fn clear(&self, namespace: &Namespace) {
        if self.open.get() {
            self.core.queue.clear(namespace.name());
        }
    }

    /// A page of the labels of a namespace, in no order that means anything; `cursor` is that of the page before, 0 at
    /// the beginning. An entry that is written meanwhile may be given twice.
    #[must_use]
    pub fn labels(&self, namespace: &Namespace, cursor: u64, limit: usize) -> Labels {
        let (waiting, overlaid) = self.core.queue.entries_of(namespace.name());
        let stored = self.ask(|connection| labels::stored(connection, namespace, cursor, limit, &overlaid).map(Some));
        let mut labels = stored.unwrap_or_default();
        if cursor == 0 {
            labels.add_waiting(&waiting);
        }
        labels
    }

    /// Adds to what a namespace has saved.
    pub fn count(&self, namespace: &Namespace, counters: Counters) {
        if self.open.get() {
            self.core.queue.count(namespace.name(), counters);
        }
    }

    /// What a namespace has saved over the life of its store, its entries, and their bytes.
    #[must_use]
    pub fn lifetime(&self, namespace: &Namespace) -> (Counters, u64, u64) {
        let stored = self.ask(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT hits, coalesced, milliseconds, tokens, cost, not_storable, entries, bytes FROM namespace
                LEFT JOIN counter ON counter.namespace = namespace.id WHERE name = ?",
            )?;
            let mut rows = statement.query([&**namespace.name()])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let mut counts = [0.0; 6];
            for (index, count) in counts.iter_mut().enumerate() {
                *count = row.get::<_, Option<f64>>(index)?.unwrap_or_default();
            }
            Ok(Some((
                Counters::from_array(counts),
                count(row.get(6)?),
                count(row.get(7)?),
            )))
        });
        let (mut counters, entries, bytes) = stored.unwrap_or_default();
        counters += self.core.queue.counts_of(namespace.name());
        (counters, entries, bytes)
    }

    /// What the store holds and what it has lost.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        let entries = self.ask(|connection| {
            let mut statement = connection.prepare_cached("SELECT total(entries) FROM namespace")?;
            Ok(Some(statement.query_row([], |row| row.get::<_, f64>(0))?))
        });
        let tally = &self.core.tally;
        let [dropped_writes, failed_writes, damaged_records] =
            [&tally.dropped_writes, &tally.failed_writes, &tally.damaged_records]
                .map(|count| count.load(Ordering::Relaxed));
        StoreStats {
            entries: entries.unwrap_or_default() as u64,
            bytes: self.core.folder.bytes(),
            max_bytes: self.core.max_bytes(),
            pending: self.core.queue.pending() as u64,
            dropped_writes,
            failed_writes,
            damaged_records,
            degradations: self.core.events.reported(),
        }
    }

    /// What is done with the store as a whole, on any thread.
    #[must_use]
    pub fn tools(&self) -> StoreTools {
        StoreTools::new(self.core.clone())
    }

    /// Answers when what was queued before is on disk: nothing, or what went wrong with anything since the last flush.
    pub fn flush(&self, answer: Answer<Option<String>>) {
        if !self.open.get() || self.core.has_ended() {
            return answer(self.core.failure_since(self.flushed.get()));
        }
        self.order_flush(answer);
    }

    fn order_flush(&self, answer: Answer<Option<String>>) {
        self.flushed
            .set(self.core.queue.order(Task::Flush(self.flush_with(answer))));
    }

    fn flush_with(&self, answer: Answer<Option<String>>) -> Flush {
        Flush {
            since: self.flushed.get(),
            asked: self.core.clock.monotonic(),
            answer,
        }
    }

    /// Waits until what was queued before is on disk; false if it is not, or not in time.
    #[must_use]
    pub fn flush_within(&self, patience: Duration) -> bool {
        if self.core.queue.pending() == 0 {
            return true;
        }
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        self.flush(Box::new(move |failure| {
            let _ = sender.send(failure);
        }));
        receiver.recv_timeout(patience) == Ok(None)
    }

    /// Tells a listener of everything that goes wrong, and of what has gone wrong and is still kept.
    pub fn listen(&self, listener: &Listener) {
        self.core.events.listen(self.number, self.told.get(), listener);
    }

    /// Ends that.
    pub fn stop_listening(&self) {
        if let Some(told) = self.core.events.stop_listening(self.number) {
            self.told.set(told);
        }
    }

    /// What has gone wrong and is still kept.
    #[must_use]
    pub fn degradations(&self) -> Vec<Degraded> {
        self.core.events.kept()
    }

    /// Gives the store back, which is then empty to this handle. Answers when what was queued has been handed over, and
    /// the files are closed if this was the last handle.
    pub fn close(&self, answer: Answer<()>) {
        if !self.open.get() {
            return answer(());
        }
        self.leave();
        let mut answer = Some(answer);
        let is_last = self.core.queue.release_or_order(|| {
            let answer = answer.take();
            Task::Flush(self.flush_with(Box::new(|_| {
                if let Some(answer) = answer {
                    answer(());
                }
            })))
        });
        if is_last && let Some(answer) = answer {
            self.core.when_ended(answer);
        }
    }

    /// Has nothing to do with the store any more, except that it still holds it.
    fn leave(&self) {
        self.stop_listening();
        self.leave_leases();
        self.open.set(false);
        self.reader.borrow_mut().close();
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.get()
    }

    pub(super) fn ask<T>(&self, question: impl FnOnce(&Connection) -> Result<Option<T>, Trouble>) -> Option<T> {
        if !self.open.get() {
            return None;
        }
        self.reader.borrow_mut().ask(&self.core, question)
    }

    fn drop_write(&self) {
        let dropped = self.core.tally.dropped_writes.fetch_add(1, Ordering::Relaxed);
        let message = if self.core.is_off() {
            &Trouble::Off.to_string()
        } else {
            "no room for what waits to be written"
        };
        self.core.fail(self.core.queue.sequence() + 1, message);
        if dropped == 0 && !self.core.is_off() {
            self.core.report(Reason::QueueFull, message);
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if !self.open.get() {
            return;
        }
        self.leave();
        if self.core.queue.release() && self.core.queue.pending() > 0 {
            self.core.wait_for_end(LAST_WAIT);
        }
    }
}

fn count(number: i64) -> u64 {
    number.max(0).cast_unsigned()
}
